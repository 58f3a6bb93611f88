"""The child's program, ``python answering.py SCRIPT ASKED``: limit this process, and let a script answer.

The data stand on standard input, and the answer goes out as JSON. A script has a function ``answer(data, asked)``;
what it refuses it tells by ``raise SystemExit({"wrong": ..., "hint": ...})``. Both are run as files, so they import
nothing of this package, whose import takes longer than most answers.
"""

from __future__ import annotations

import json
import sys
from runpy import run_path

TYPE_CHECKING = False  # as in typing, whose import takes longer than most answers
if TYPE_CHECKING:
    from typing import Any

MEMORY = 1024 * 1024 * 1024
MOST_TOLD = 20_000_000  # characters


def limit(seconds: float, disk: int | None) -> None:
    """Take away what an answer has no use for; ``disk`` for the bytes of a file that it may write, None for any."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_AS, (2 * MEMORY, 2 * MEMORY))  # also counts what is only reserved
        cpu = 2 * int(seconds) + 1  # of two threads
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if disk is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (disk, disk))
    except (ImportError, ValueError, OSError):
        pass  # no such limits on this system; the time is limited all the same


def answered(script: str, asked: dict[str, Any]) -> str:
    """What the script answers, or what is wrong, as JSON."""
    answer = run_path(script)["answer"]
    try:
        told = json.dumps(answer(sys.stdin.buffer.read(), asked))
    except SystemExit as exc:
        return json.dumps(exc.code)
    except (MemoryError, RecursionError):
        return json.dumps({"wrong": "it needs more memory than it may have"})
    if len(told) > MOST_TOLD:
        return json.dumps({"wrong": f"the answer would have {len(told)} characters, {MOST_TOLD} is the most"})
    return told


if __name__ == "__main__":
    request = json.loads(sys.argv[2])
    limit(request["seconds"], request["disk"])
    sys.stdout.write(answered(sys.argv[1], request))
