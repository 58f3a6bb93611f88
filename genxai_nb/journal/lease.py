"""The right to drive a run: a file lock that the kernel releases, however its process ends."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from genxai_nb.errors import RunBusy, StoreError

LOOKED = 1.0  # seconds in which those who only look at a lock have to leave it once

_open: set[int] = set()


@contextmanager
def hold(folder: Path, run: str) -> Iterator[None]:
    """Hold a run's lock while the block runs.

    Args:
        folder: Where the lock files of a store are; made on demand.
        run: The run's id.

    Raises:
        RunBusy: Somebody holds it, in this process or another one.
        StoreError: The lock file cannot be made.
    """
    path = folder / f"{run}.lock"
    descriptor = _locked(path)
    if descriptor is None:
        raise RunBusy(
            f"Run {run!r} is being driven already, {_holder(path)}.",
            hint="Wait for it, or stop it there; then resume it.",
            run_id=run,
        )
    _open.add(descriptor)
    try:
        with suppress(OSError):  # on a full disk nobody is told who holds it
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()} {socket.gethostname()}".encode(), 0)
        yield
    finally:
        if descriptor in _open:
            _open.discard(descriptor)
            path.unlink(missing_ok=True)
            os.close(descriptor)


def held(folder: Path, run: str) -> bool:
    """Whether anybody is driving the run."""
    try:
        descriptor = os.open(folder / f"{run}.lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _has(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int | None:
    """Open and lock the file; None if another one has it.

    The holder before removes the file when it lets go, so that the file locked here may be one that
    nobody else can find any more; then the lock is worth nothing and a new file is made.
    """
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as exc:
            raise StoreError(f"The lock file {str(path)!r} cannot be made: {exc.strerror}.") from exc
        if not _taken(descriptor):
            os.close(descriptor)
            return None
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    """Take a lock. Who only looks whether it is held, as `held` does, shares it for a moment and is waited for."""
    until = time.monotonic() + LOOKED
    while not _has(descriptor, fcntl.LOCK_EX):
        if not _has(descriptor, fcntl.LOCK_SH) or time.monotonic() > until:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        time.sleep(random.uniform(0.0001, 0.001))  # noqa: S311 - so that two who wait do not meet again
    return True


def _has(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _holder(path: Path) -> str:
    try:
        process, host = path.read_text("ascii").split()
    except (OSError, ValueError):
        return "in another process"
    if host != socket.gethostname():
        return f"by process {process} on {host}"
    return "in this process" if process == str(os.getpid()) else f"by process {process}"


def _let_go_in_child() -> None:
    """A forked child does not keep its parent's runs locked when the parent dies."""
    for descriptor in _open:
        os.close(descriptor)
    _open.clear()


os.register_at_fork(after_in_child=_let_go_in_child)
