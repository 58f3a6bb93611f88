"""The level ``isolated``: full CPython, bash and node in a sandbox of the operating system, tested before it is used.

Two sandboxes are known, bubblewrap and sandlock. The first one that is there and passes the self-test of this
machine is taken; where none does, code is refused with what was missing.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from msgspec import DecodeError, Struct, json, to_builtins

from genxai_nb.errors import ToolFailed

from . import bubblewrap, landlock, seccomp
from .limits import Limits, Ran
from .supervision import Ended, supervise
from .words import failed, text_of_value

__all__ = ["SANDBOXES", "Report", "examine", "find_sandbox", "run_isolated"]

Language = Literal["python", "bash", "javascript"]
Sandbox = Literal["bubblewrap", "sandlock"]
SANDBOXES: tuple[Sandbox, ...] = ("bubblewrap", "sandlock")

_ADVICE = (
    "Take level safe, or let a person install a sandbox on this Linux: apt-get install bubblewrap, "
    'or pip install "genxai-nb[sandbox]" on a kernel with Landlock.'
)
_PROBE = """
import os, socket, sys

def holds(function, *errors):
    try:
        function()
    except errors or (OSError, ValueError):
        return True
    return False

def connect():
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        pass

def fork_on():
    for _ in range(processes + 1):
        if os.fork() == 0:
            import time
            time.sleep(0.5)
            os._exit(0)

{
    "computes": sum(range(10)) == 45,
    "no files of the host": holds(lambda: open(canary).read()) and holds(lambda: os.listdir(os.path.dirname(canary))),
    "no files of the system": holds(lambda: open("/etc/passwd").read()) and holds(lambda: os.listdir("/proc")),
    "no writing outside": holds(lambda: open("/usr/made", "w")) and holds(lambda: open("/made", "w")),
    "no network": holds(connect),
    "no variables of the host": not any(word in os.environ for word in ("GENXAI_CANARY", "USER", "PYTHONPATH")),
    "no other processes": holds(lambda: os.kill(parent, 0)),
    "memory is limited": holds(lambda: bytearray(2 * memory), MemoryError),
    "processes are limited": holds(fork_on),
}
"""


class Report(Struct, frozen=True):
    """What a sandbox's self-test found.

    Attributes:
        sandbox: The sandbox.
        checks: Whether each promise holds; empty if the sandbox could not be started.
        why: Why it cannot be used; empty if it can.
    """

    sandbox: Sandbox
    checks: dict[str, bool]
    why: str = ""

    @property
    def passed(self) -> bool:
        """Whether it can be used."""
        return not self.why

    def __str__(self) -> str:
        if not self.passed:
            return f"{self.sandbox} cannot be used here: {self.why}"
        return f"{self.sandbox}; its self-test held: {', '.join(self.checks)}"


_reports: dict[Sandbox, Report] = {}


async def run_isolated(
    code: str, inputs: dict[str, Any], limits: Limits, language: Language = "python"
) -> Ran:
    """Run code in the first sandbox of this machine that passes its self-test.

    Args:
        code: The code; of Python, the value of its last expression is the result.
        inputs: Values of variables, as plain data; for Python only.
        limits: What it may use.
        language: What it is written in.

    Raises:
        ToolFailed: It raised, or used more than it may; or there is no sandbox.
    """
    report = await find_sandbox()
    ended = await _run(report.sandbox, code, inputs, limits, language)
    if ended.over:
        raise failed(_OVER[ended.over].format(limits), ended.printed, limits)
    where = f"isolated: {report}"
    if language != "python":
        return Ran(printed=ended.printed, seconds=ended.seconds, sandbox=where, status=ended.status)
    try:
        reply = json.decode(ended.reply, type=dict[str, Any])
    except (DecodeError, RecursionError) as exc:
        what = "it ended without a result, as if it was killed or used more memory than it may"
        raise failed(what, ended.printed, limits) from exc
    if "error" in reply:
        raise failed(str(reply["error"]), ended.printed, limits)
    value = text_of_value(reply.get("value"))
    return Ran(value=value, printed=ended.printed, seconds=ended.seconds, sandbox=where)


_OVER = {
    "time": "it took longer than {0.seconds:g} s",
    "memory": "it used more memory than it may",
    "disk": "it made more than {0.files} files, or files of more bytes than it may",
    "output": "it printed more than {0.output} characters",
}


async def find_sandbox() -> Report:
    """The first sandbox that can be used here, by a self-test that is made once.

    Raises:
        ToolFailed: There is none; each one's reason is told.
    """
    for name in SANDBOXES:
        if name not in _reports:
            _reports[name] = await examine(name)
        if _reports[name].passed:
            return _reports[name]
    reasons = ". ".join(str(report) for report in _reports.values())
    raise ToolFailed(f"There is no sandbox for level isolated. {reasons}.", hint=_ADVICE)


async def examine(name: Sandbox) -> Report:
    """Test a sandbox on this machine: what it must not reach, and what it must be limited in."""
    if not sys.platform.startswith("linux"):
        return Report(name, {}, "it needs Linux")
    there = landlock.is_there()
    if name == "bubblewrap":
        there = bubblewrap.program() is not None and seccomp.program() != b""
    if not there:
        return Report(name, {}, "it is not installed, or the kernel lacks what it needs")
    limits = Limits(seconds=20, memory=256 * 1024 * 1024, processes=8)
    with _trap() as (canary, port):
        inputs = {
            "canary": canary, "port": port, "parent": os.getpid(), "memory": limits.memory,
            "processes": limits.processes,
        }  # fmt: skip
        try:
            ended = await _run(name, _PROBE, inputs, limits, "python")
            checks = json.decode(ended.reply, type=dict[str, dict[str, bool]])["value"]
        except (OSError, DecodeError, KeyError) as exc:
            said = ended.printed.strip().splitlines()[-1:] if "ended" in locals() else [str(exc)]
            return Report(name, {}, f"it does not start ({' '.join(said) or 'no reply'})")
    broken = [promise for promise, held in checks.items() if not held]
    return Report(name, checks, f"its self-test failed: {', '.join(broken)}" if broken else "")


@contextlib.contextmanager
def _trap() -> Iterator[tuple[str, int]]:
    """A file and a port of the host that nothing inside may reach, and a variable that it may not read."""
    with tempfile.TemporaryDirectory(prefix="genxai-canary-") as folder:
        file = Path(folder, "canary")
        file.write_text(secrets.token_hex(), "ascii")
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield str(file), server.getsockname()[1]


@contextlib.contextmanager
def _filter() -> Iterator[int]:
    """The filter of system calls, to be read from a descriptor."""
    reading, writing = os.pipe()
    try:
        os.write(writing, seccomp.program())  # less than a pipe holds
        os.close(writing)
        yield reading
    finally:
        os.close(reading)


async def _run(name: Sandbox, code: str, inputs: dict[str, Any], limits: Limits, language: Language) -> Ended:
    request = {
        "code": code,
        "inputs": inputs,
        "language": language,
        "limits": to_builtins(limits),
        "user": 0,
        "packages": [place for place in sys.path if place.endswith(("site-packages", "dist-packages"))],
    }
    if name == "bubblewrap":
        request["user"] = bubblewrap.unique_user()
        with _filter() as descriptor:
            return await supervise(
                bubblewrap.command(limits, descriptor), request, limits, descriptors=(descriptor,)
            )
    with tempfile.TemporaryDirectory(prefix="genxai-sandbox-", ignore_cleanup_errors=True) as folder:
        return await supervise(landlock.command(limits, folder), request, limits, folder=folder)
