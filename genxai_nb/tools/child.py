"""Asking a child process: what was made to take forever, or all memory, is stopped with it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from genxai_nb.errors import ToolFailed
from genxai_nb.loop import while_awaited

__all__ = ["ask_child"]

MOST_WORDS = 100_000  # characters; the system takes no more in one word of a command

_PROGRAM = str(Path(__file__).with_name("answering.py"))


def ask_child(
    script: str,
    asked: Mapping[str, Any],
    given: bytes | BinaryIO,
    *,
    seconds: float,
    what: str,
    done: str = "read",
    hint: str = "Ask for less of it.",
    packages: bool = True,
    disk: int | None = 0,
    into: BinaryIO | None = None,
) -> dict[str, Any]:
    """Run one of our scripts on some data and return what it says.

    Its process ends at the latest with the call, also with one that is cancelled.

    Args:
        script: The file; see `genxai_nb.tools.answering` for what it holds.
        asked: What it is told, as JSON of at most 100 KB.
        given: The data, or a file that holds it.
        seconds: How long it may take.
        what: The data's name, for the error.
        done: What is done with it, for the error: it cannot be ``read``.
        hint: What to do when it takes too long.
        packages: It needs installed packages; without them a process starts sooner.
        disk: The bytes of a file that it may write; None for any.
        into: A file that it writes to; the script is told its descriptor as ``into``.

    Raises:
        ToolFailed: It took too long or too much memory, or says what is wrong.
    """
    handed = () if into is None else (into.fileno(),)
    words = json.dumps({**asked, "seconds": seconds, "disk": disk, "into": handed[0] if handed else None})
    if len(words) > MOST_WORDS:
        raise ToolFailed(f"What is asked of {what} takes too many words.", hint="Ask for less of it.")
    command = [sys.executable, *(["-I"] if packages else ["-I", "-S"]), _PROGRAM, script, words]
    try:
        said: dict[str, Any] = json.loads(_printed(command, given, seconds, handed))
    except subprocess.TimeoutExpired as exc:
        raise ToolFailed(f"{what} took longer than {seconds:g} s.", hint=hint) from exc
    except ValueError as exc:
        raise ToolFailed(
            f"{what} cannot be {done}: it needs more time or memory than it may have.", hint=hint
        ) from exc
    if "wrong" in said:
        raise ToolFailed(f"{what} cannot be {done}: {said['wrong']}.", hint=said.get("hint", ""))
    return said


def _printed(command: list[str], given: bytes | BinaryIO, seconds: float, handed: tuple[int, ...]) -> bytes:
    source, data = (subprocess.PIPE, given) if isinstance(given, bytes) else (given, None)
    with subprocess.Popen(  # noqa: S603 - our own files, no shell
        command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, pass_fds=handed
    ) as process:
        try:
            with while_awaited(process.kill):
                return process.communicate(data, timeout=seconds)[0]
        except BaseException:  # whatever it was, also an interrupt, and raised on
            process.kill()
            raise
