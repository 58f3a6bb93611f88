"""Starts ``inside.py`` confined by sandlock, in a process of its own, and ends all that descends from it.

It is run as a file, so it imports nothing of this package.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
from pathlib import Path

SUBREAPER = 36
ROUNDS = 20


def descendants(pid: int) -> list[int]:
    """The processes that descend from one, parents before children."""
    found: list[int] = []
    left = [pid]
    while left:
        with contextlib.suppress(OSError):  # it may be gone meanwhile
            for children in Path("/proc", str(left.pop())).glob("task/*/children"):
                born = [int(word) for word in children.read_text("ascii").split()]
                left += born
                found += born
    return found


def end_descendants(pid: int) -> None:
    """End all processes that descend from one; those that fork meanwhile too."""
    for _ in range(ROUNDS):
        left = descendants(pid)
        if not left:
            return
        for way in (signal.SIGSTOP, signal.SIGKILL):
            for one in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(one, way)
        with contextlib.suppress(ChildProcessError):  # those that are our own count until they are asked for
            while os.getpid() == pid and os.waitpid(-1, os.WNOHANG)[0]:
                pass


def main() -> None:
    """Confine what the first argument describes, and end as it ends."""
    from sandlock import Sandbox

    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)  # what its parent leaves behind becomes ours
    asked = json.loads(sys.argv[1])
    with Sandbox(**asked["policy"]).popen(asked["words"]) as process:
        result = process.wait()
    end_descendants(os.getpid())
    sys.exit(result.exit_code if result.exit_code >= 0 else 1)


if __name__ == "__main__":
    main()
