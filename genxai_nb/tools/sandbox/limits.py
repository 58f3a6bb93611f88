"""What code may use, and what came of it."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from genxai_nb.tools.outcome import Outcome

__all__ = ["Level", "Limits", "Ran"]

Level = Literal["safe", "isolated", "kernel"]


class Limits(Struct, frozen=True, kw_only=True):
    """What a piece of code may use.

    Attributes:
        seconds: How long it may take.
        memory: Bytes of memory, over all its processes.
        processes: How many processes and threads it may have at once.
        disk: Bytes that it may have in files at once.
        files: How many files and folders it may have at once.
        output: Characters that it may print.
    """

    seconds: float = 30.0
    memory: int = 512 * 1024 * 1024
    processes: int = 32
    disk: int = 64 * 1024 * 1024
    files: int = 10_000
    output: int = 100_000


class Ran(Struct, Outcome, frozen=True, kw_only=True, omit_defaults=True):
    """What came of a piece of code.

    Attributes:
        value: The value of its last expression, as plain data.
        printed: What it wrote to its standard output and error.
        seconds: How long it took.
        sandbox: Where it ran, in words.
        status: The exit code of a program that is no Python.
    """

    value: Any = None
    printed: str = ""
    seconds: float
    sandbox: str
    status: int | None = None
