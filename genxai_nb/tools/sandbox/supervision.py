"""Watching over a process in a sandbox: its time, its memory, what it prints; and its end, whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from msgspec import Struct

from .confine import descendants, end_descendants
from .limits import Limits
from .weighing import resident, sockets, too_many_files

__all__ = ["Ended", "supervise"]

TICK = 0.05  # seconds between two looks at the memory
CLEANUP = 0.5  # seconds for what an ended process has left in its pipes
MOST_REPLY = 4_000_000  # bytes


class Ended(Struct, frozen=True, kw_only=True):
    """How a process in a sandbox ended.

    Attributes:
        status: Its exit code.
        reply: What it replied; empty if it came to no reply.
        printed: What it wrote to its standard output and error.
        seconds: How long it took.
        over: Which limit ended it: ``time``, ``memory``, ``disk`` or ``output``; empty if none did.
    """

    status: int
    reply: bytes
    printed: str
    seconds: float
    over: str = ""


async def supervise(
    words: Sequence[str],
    request: dict[str, Any],
    limits: Limits,
    *,
    descriptors: Sequence[int] = (),
    folder: str = "",
) -> Ended:
    """Start a sandbox, give it a request, and wait for its end, at most as long as it may take.

    It ends when its time, memory or output is used up, and when the caller is cancelled.

    Args:
        words: What starts it.
        request: What it is given.
        limits: What it may use.
        descriptors: Open files that it inherits.
        folder: Where on the host it may write; empty if it has a place of its own for that.

    Raises:
        OSError: It cannot be started.
    """
    began = perf_counter()
    ours, theirs = socket.socketpair()
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=theirs.fileno(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            pass_fds=descriptors,
        )
    except BaseException:  # undone whatever it was, also an interrupt, and raised on
        ours.close()
        raise
    finally:
        theirs.close()
    watch = _Watch(process, limits, folder)
    talk, read = asyncio.create_task(_talk(ours, request)), asyncio.create_task(watch.read())
    weigh = asyncio.create_task(watch.weigh())
    try:
        _, late = await asyncio.wait((talk, read), timeout=limits.seconds)
        if late:
            watch.end("time")
    finally:
        watch.kill()
        weigh.cancel()
        _, late = await asyncio.wait((talk, read), timeout=CLEANUP)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        ours.close()
        status = await process.wait()
    return Ended(
        status=status,
        reply=b"" if talk in late or watch.over else talk.result(),
        printed=watch.printed.decode(errors="replace"),
        seconds=perf_counter() - began,
        over=watch.over,
    )


class _Watch:
    """A running sandbox and what it has used."""

    def __init__(self, process: asyncio.subprocess.Process, limits: Limits, folder: str) -> None:
        self.process = process
        self.limits = limits
        self.folder = folder
        self.printed = b""
        self.over = ""

    def end(self, why: str) -> None:
        """End it because a limit is reached."""
        self.over = self.over or why
        self.kill()

    def kill(self) -> None:
        """End all its processes; the kernel ends those inside with the first of them."""
        if self.process.returncode is None:
            end_descendants(self.process.pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    async def read(self) -> None:
        """Take in what it prints."""
        stream = self.process.stdout
        while stream is not None and (piece := await stream.read(65536)):
            self.printed += piece[: self.limits.output - len(self.printed)]
            if len(self.printed) >= self.limits.output:
                self.end("output")  # and reads on: a process only counts as ended when its pipes are empty

    async def weigh(self) -> None:
        """Look at the memory of all its processes, and at its files, now and then."""
        while not self.over:
            await asyncio.sleep(TICK)
            pids = descendants(self.process.pid)
            if (
                sum(map(resident, pids)) + sockets(pids) > self.limits.memory * 1.25
            ):  # shared pages count twice
                self.end("memory")
            elif too_many_files(pids, self.folder, self.limits):
                self.end("disk")


async def _talk(ours: socket.socket, request: dict[str, Any]) -> bytes:
    """Send a request and take in the reply to it."""
    reader, writer = await asyncio.open_connection(sock=ours)
    got = b""
    try:
        with contextlib.suppress(ConnectionError):
            writer.write(json.dumps(request).encode())
            writer.write_eof()
            while len(got) < MOST_REPLY and (piece := await reader.read(65536)):
                got += piece
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    return got
