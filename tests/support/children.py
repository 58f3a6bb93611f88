"""Child processes of this one: the one that has begun, and its end."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

TO_BEGIN = 30  # seconds
TO_END = 8  # less than what any of our children may take of its own


def running_child(script: str) -> int:
    """Wait for a child of this process that runs a script of this name; its process id."""
    end = time.monotonic() + TO_BEGIN
    while time.monotonic() < end:
        for child in psutil.Process().children():
            try:
                if any(word.endswith(script) for word in child.cmdline()):
                    return child.pid
            except psutil.Error:  # it has just ended
                continue
        time.sleep(0.01)
    raise TimeoutError(f"no child runs {script}")


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + TO_END
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)


def wait_for_end(pid: int) -> None:
    """Wait until there is no such process, not even one that has ended and that nobody has waited for."""
    wait_until(lambda: not psutil.pid_exists(pid), f"process {pid} lives on")
