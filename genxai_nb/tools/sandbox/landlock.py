"""The sandbox of sandlock: Landlock and seccomp, for Linux 6.12 and later where namespaces may not be made."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

from .bubblewrap import ENVIRONMENT, INSIDE, python_places
from .limits import Limits

__all__ = ["command", "is_there"]

_CONFINE = Path(__file__).with_name("confine.py")
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


def is_there() -> bool:
    """Whether sandlock is installed and the kernel has Landlock."""
    if not sys.platform.startswith("linux") or find_spec("sandlock") is None:
        return False
    from sandlock import landlock_abi_version, min_landlock_abi

    return bool(landlock_abi_version() >= min_landlock_abi())


def command(limits: Limits, folder: str) -> list[str]:
    """The words that start ``inside.py`` confined.

    Args:
        limits: What it may use.
        folder: The one folder that it may write to.
    """
    places = (*_SYSTEM, *_FILES, *python_places(), str(INSIDE))
    policy = {
        "fs_readable": [place for place in places if Path(place).exists()],
        "fs_writable": [folder, "/dev/null"],
        "workdir": folder,
        "cwd": folder,
        "max_processes": limits.processes,
        "max_open_files": 64,
        "extra_deny_syscalls": [
            "memfd_create",
            "setsockopt",
            "msgget",
            "semget",
            "shmget",
        ],  # ways to memory that no limit counts
        "no_coredump": True,
        "clean_env": True,
        "env": {**ENVIRONMENT, "HOME": folder, "TMPDIR": folder},
    }
    asked = {"policy": policy, "words": [sys.executable, "-I", "-S", str(INSIDE)]}
    return [sys.executable, "-I", str(_CONFINE), json.dumps(asked)]
