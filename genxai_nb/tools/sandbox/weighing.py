"""What the processes of a sandbox use, also where no limit of a process counts it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from .limits import Limits

__all__ = ["resident", "sockets", "too_many_files"]

BUFFER = (
    212_992  # bytes that the kernel keeps for a socket at most, as its size cannot be changed in a sandbox
)
PLACE = "tmp"
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def resident(pid: int) -> int:
    """Bytes of memory of a process."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc", str(pid), "statm").read_text("ascii").split()[1]) * _PAGE
    return 0


def sockets(pids: Sequence[int]) -> int:
    """Bytes that the kernel may keep for the sockets of a sandbox that has a network of its own."""
    with contextlib.suppress(OSError, IndexError):
        namespace = Path("/proc", str(pids[-1]), "ns/net").readlink()
        if namespace != Path("/proc/self/ns/net").readlink():
            listed = Path("/proc", str(pids[-1]), "net/unix").read_bytes()
            return (listed.count(b"\n") - 1) * BUFFER
    return 0


def too_many_files(pids: Sequence[int], folder: str, limits: Limits) -> bool:
    """Whether a sandbox has more files than it may, or has more in them.

    Args:
        pids: Its processes.
        folder: Where on the host it may write; empty if it has a place of its own, whose size the kernel limits.
        limits: What it may use.
    """
    if folder:
        return _larger(folder, limits)
    with contextlib.suppress(OSError, IndexError):
        place = Path("/proc", str(pids[-1]), "root", PLACE)
        if place.stat().st_dev != Path("/", PLACE).stat().st_dev:
            found = os.statvfs(place)
            return found.f_files - found.f_ffree > limits.files
    return False


def _larger(folder: str, limits: Limits) -> bool:
    count = size = 0
    for entry in _entries(folder):
        with contextlib.suppress(OSError):  # it may be gone meanwhile
            count, size = count + 1, size + entry.stat(follow_symlinks=False).st_blocks * 512
        if count > limits.files or size > limits.disk:
            return True
    return False


def _entries(folder: str) -> Iterable[os.DirEntry[str]]:
    left = [folder]
    while left:
        with contextlib.suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in entries:
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
