"""Makes many calls of a model one after the other, and prints what they left behind.

    python calling_often.py MODEL WARMING CALLS

Prints how many bytes the process has grown by in CALLS calls after the first WARMING ones, how many sockets were open
at most, and how many are once the loop is closed.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
from pathlib import Path

from genxai_nb.messages import ModelReply, ModelRequest, user
from genxai_nb.providers.registry import find_provider


def sockets() -> int:
    """How many sockets this process holds open beside those of its loop."""
    links = Path("/proc/self/fd").iterdir()
    return sum(link.is_symlink() and str(link.readlink()).startswith("socket:") for link in links)


def size() -> int:
    """The bytes in memory, after what nobody holds has been let go."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


async def call(model: str, times: int) -> int:
    """Make calls, and give the most sockets that were open behind one."""
    most = 0
    for number in range(times):
        request = ModelRequest(model=model, messages=(user(f"Question {number}?"),))
        async for item in find_provider(model).stream(request):
            last = item
        if not isinstance(last, ModelReply):
            raise TypeError(type(last).__name__)
        most = max(most, sockets())
    return most


async def main(model: str, warming: int, times: int) -> tuple[int, int]:
    """Warm up, then make the calls."""
    await call(model, warming)
    before = size()
    most = await call(model, times)
    return size() - before, most


if __name__ == "__main__":
    grown, open_at_most = asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    print(grown, open_at_most, sockets())
