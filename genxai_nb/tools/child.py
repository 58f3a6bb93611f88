"""Asking a child process: what was made to take forever, or all memory, is stopped with it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO

from genxai_nb.errors import ToolFailed

__all__ = ["ask_child"]


def ask_child(
    script: str, asked: Mapping[str, Any], given: bytes | BinaryIO, *, seconds: float, what: str
) -> dict[str, Any]:
    """Run one of our scripts on some data and return what it says.

    Args:
        script: The file; it reads the data from standard input and writes JSON.
        asked: What it is told, as JSON in its first argument.
        given: The data, or a file that holds it.
        seconds: How long it may take.
        what: The data's name, for the error.

    Raises:
        ToolFailed: It took too long or too much memory, or says what is wrong.
    """
    source: dict[str, Any] = {"input": given} if isinstance(given, bytes) else {"stdin": given}
    try:
        done = subprocess.run(  # noqa: S603 - our own file, no shell
            [sys.executable, "-I", script, json.dumps({**asked, "seconds": seconds})],
            capture_output=True,
            timeout=seconds,
            env={},
            check=False,
            **source,
        )
        said: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired as exc:
        raise ToolFailed(f"{what} took more than {seconds:g} s to read.", hint="Ask for less of it.") from exc
    except ValueError as exc:
        raise ToolFailed(f"{what} cannot be read: it needs more time or memory than it may have.") from exc
    if "wrong" in said:
        raise ToolFailed(f"{what} cannot be read: {said['wrong']}.", hint=said.get("hint", ""))
    return said
