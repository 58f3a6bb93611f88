"""The sandbox of bubblewrap: own namespaces for files, processes and network, without a way to the host's."""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path

from .limits import Limits

__all__ = ["ENVIRONMENT", "INSIDE", "command", "program", "python_places", "unique_user"]

INSIDE = Path(__file__).with_name("inside.py")

_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108 - the sandbox's own, which goes away with it
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",  # each thread takes memory and counts as a process
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def program() -> str | None:
    """The path of bubblewrap; None where it is not installed."""
    return shutil.which("bwrap")


def unique_user() -> int:
    """A user id that nobody has, for root to become; 0 where this is no root, who cannot."""
    return random.SystemRandom().randrange(2**29, 2**31 - 2) if os.geteuid() == 0 else 0


def command(limits: Limits, filter_: int) -> list[str]:
    """The words that start ``inside.py`` in a sandbox.

    Root's processes are not counted by the kernel, so a sandbox that root starts has no user namespace: its first
    process becomes a user of its own and loses all rights by that.

    Args:
        limits: What it may use.
        filter_: The descriptor from which the filter of system calls is read.
    """
    words = [program() or "bwrap", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    words += ["--seccomp", str(filter_)]
    if os.geteuid() == 0:
        words += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        words += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        words += ["--unshare-all"]
    words += ["--hostname", "sandbox", "--ro-bind", "/usr", "/usr"]
    # before all else, as this Python may itself lie in a folder below it
    words += ["--perms", "1777", "--size", str(limits.disk), "--tmpfs", "/tmp"]  # noqa: S108 - the sandbox's own
    for place in _parents(*_FILES, *python_places()):
        words += ["--perms", "0755", "--dir", place]
    for folder in map(Path, _SYSTEM):
        if folder.is_symlink():
            words += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            words += ["--ro-bind", str(folder), str(folder)]
    for file in _FILES:
        words += ["--ro-bind-try", file, file]
    for place in python_places():
        words += ["--ro-bind", place, place]
    words += ["--dev", "/dev", "--remount-ro", "/dev"]
    words += ["--ro-bind", str(INSIDE), "/inside.py", "--remount-ro", "/", "--chdir", "/tmp"]  # noqa: S108
    for name, value in ENVIRONMENT.items():
        words += ["--setenv", name, value]
    return [*words, "--", sys.executable, "-I", "-S", "/inside.py"]


def _parents(*places: str) -> list[str]:
    """The folders above some places, which everybody may pass through whatever they are on the host."""
    found = {str(parent) for place in places for parent in Path(place).parents if parent != Path("/")}
    return sorted(folder for folder in found if folder != "/tmp" and not folder.startswith("/usr"))  # noqa: S108


def python_places() -> list[str]:
    """What this Python needs of the file system outside of /usr: its own files and its packages, nothing else."""
    places: list[str] = []
    for prefix in dict.fromkeys((sys.base_prefix, sys.prefix)):
        names = ("bin", "lib", "lib64", "pyvenv.cfg")
        places += [str(Path(prefix, name)) for name in names if Path(prefix, name).exists()]
    return [place for place in places if not place.startswith("/usr/")]
