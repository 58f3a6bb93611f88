"""Sweep a fault of the disk over every write of a run; run with faulty_disk.so loaded before the C library.

    python starving.py FOLDER HOW [lasting]

HOW is the name of an errno, ``exit`` or ``torn``. For each write a process of its own runs into the fault,
and another one goes on. One line of JSON for each: the write's number, how the process ended, the error
that a user saw, and how many events the journal held.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import json
import os
import sqlite3
import sys
import traceback
from pathlib import Path

from aftermath import check_aftermath

from genxai_nb import Graph, Run, tool
from genxai_nb.errors import GenXAIError, NodeFailed
from genxai_nb.journal.codec import encode_event

LARGE = 12_000  # characters that each step adds, so that the log is also written back into the file
ENDS = {"exit": 0, "torn": -1}


def workflow(mark):
    """A chain, a fork and an effect, with values that fill pages."""

    @tool
    async def send(to: str) -> str:
        """Send a letter."""
        mark(f"effect {to}")
        return f"sent to {to}"

    def body(name, more):
        async def run(state, context):
            mark(f"body {name} {context.visit}")
            return {"log": [name + more]}

        return run

    async def mail(state, context):
        mark(f"body mail {context.visit}")
        reply = await context.call("tool", "send", {"to": "ada"}, send.handler, send.traits)
        return {"log": [reply]}

    graph = Graph("starving", reducers={"log": "append"})
    for number, name in enumerate(("first", "left", "right", "merge", "last")):
        graph.node(name, body(name, chr(97 + number) * LARGE))
    return graph.node("mail", mail).parse("START -> first -> [left, right] -> merge -> mail -> last -> END")


def cause_of(error):
    while isinstance(error, NodeFailed):
        error = error.__cause__
    return error


class Attempt:
    """One run into a fault, and the files that it leaves."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.store = str(folder / "journal.db")
        self.files = {name: folder / name for name in ("marks", "later", "shown", "error", "events")}

    def note(self, name: str, line: bytes) -> None:
        with self.files[name].open("ab") as out:
            out.write(line + b"\n")

    def lines(self, name: str) -> list[bytes]:
        return self.files[name].read_bytes().splitlines() if self.files[name].exists() else []

    def run_into(self, disk: ctypes.CDLL, number: int, how: int, lasting: bool) -> int:
        disk.arm(number, how, int(lasting))
        try:
            run = workflow(lambda text: self.note("marks", text.encode())).start({}, store=self.store)
            run.subscribe(lambda event: self.note("shown", encode_event(event)))
            run.resume()
        except GenXAIError as exc:
            self.note("error", f"{type(cause_of(exc)).__name__}: {exc}".encode())
        return 0 if disk.fired() else 1

    def go_on(self) -> int:
        graph = workflow(lambda text: self.note("later", text.encode()))
        with sqlite3.connect(self.store) as looking:
            assert looking.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            begun = bool(
                looking.execute("SELECT count(*) FROM sqlite_master WHERE name = 'run'").fetchone()[0]
            )
            begun = begun and bool(looking.execute("SELECT count(*) FROM run").fetchone()[0])
        looking.close()
        if begun:
            run = Run.load("r1", graph, self.store)
            before = run.events()
        else:
            run, before = graph.start({}, store=self.store), []
        self.note("events", str(len(before)).encode())
        log = [line[:5] for line in run.resume().state["log"]]
        assert log == ["first", "lefta"[:4] + "b", "right", "merge", "sent ", "laste"[:4] + "e"], log
        marks = [line.decode() for line in self.lines("marks")]
        later = [line.decode() for line in self.lines("later")]
        check_aftermath(self.lines("shown"), before, run.events(), marks, later)
        return 0


def apart(work, *arguments) -> int:
    """Do something in a process of its own; how it ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 70
    try:
        code = work(*arguments)
    except BaseException:  # noqa: BLE001 - told, and the process ends
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def main():
    folder, named, *more = sys.argv[1:]
    disk = ctypes.CDLL(None)
    how = ENDS[named] if named in ENDS else getattr(errno, named)
    for number in itertools.count(1):
        attempt = Attempt(Path(folder) / str(number))
        code = apart(attempt.run_into, disk, number, how, bool(more))
        if code == 1:
            break
        went_on = apart(attempt.go_on)
        error = b"".join(attempt.lines("error")).decode()
        events = int((attempt.lines("events") or [b"-1"])[0])
        sys.stdout.write(json.dumps([number, code, error, went_on, events]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
