"""Opening files one step at a time: no link and no race leads out of the root."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from genxai_nb.errors import Denied, ToolFailed

from .names import ADVICE, refuse_hidden, shown
from .visible import visible

__all__ = ["Walk", "in_words", "opened", "plain_file", "refuse_target"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_MOST_LINKS = 40
_OF_THE_SYSTEM = ("/proc", "/sys", "/dev")


class Walk:
    """A walk down from a root, one open folder a step; ``..`` goes back up and never past the root."""

    def __init__(self, root: Path, path: str, *, make: bool = False) -> None:
        self.path = path
        self.make = make
        self.root = root
        self.name = ""
        self.links = 0
        with in_words(path):
            if make:
                root.mkdir(parents=True, exist_ok=True)
            self.stack = [os.open(root, _FOLDER)]
        self.names: list[str] = []

    @property
    def here(self) -> int:
        """The descriptor of the folder that the walk has come to."""
        return self.stack[-1]

    def close(self) -> None:
        """Close all folders that are open."""
        for descriptor in self.stack:
            os.close(descriptor)

    def here_of(self, parts: tuple[str, ...]) -> int:
        """Walk to the folder of a file, following the file's own name as long as it is a link."""
        self.go(parts[:-1])
        self.name = parts[-1]
        while (target := self._link(self.name)) is not None:
            pieces = self._target(target)
            self.go(pieces[:-1])
            self.name = pieces[-1] if pieces else "."
        if self.name in {".", ".."}:
            raise ToolFailed(f"Path {shown(self.path)} is a folder.", hint="Give the path of a file.")
        self._refuse_system(self.name)
        return self.here

    def go(self, parts: Iterable[str]) -> None:
        """Walk on, through links that stay inside.

        Raises:
            Denied: A part leads out of the root.
            ToolFailed: There is no such folder.
        """
        ahead = list(reversed(tuple(parts)))
        while ahead:
            name = ahead.pop()
            if name in {"", "."}:
                continue
            if name == "..":
                self._up()
                continue
            target = self._link(name)
            if target is None:
                self._down(name)
            else:
                ahead.extend(reversed(self._target(target)))

    def _down(self, name: str) -> None:
        self._refuse_system(name)
        if self.make:
            with in_words(self.path), suppress(FileExistsError):
                os.mkdir(name, 0o755, dir_fd=self.here)
        with in_words(self.path):
            self.stack.append(os.open(name, _FOLDER, dir_fd=self.here))
        self.names.append(name)

    def _up(self) -> None:
        if not self.names:
            raise Denied(f"Path {shown(self.path)} leads out of its allowed folder.", hint=ADVICE)
        self.names.pop()
        os.close(self.stack.pop())

    def _link(self, name: str) -> str | None:
        try:
            return os.readlink(name, dir_fd=self.here)
        except OSError:
            return None

    def _target(self, target: str) -> tuple[str, ...]:
        """The steps that a link stands for; an absolute one starts again at the root."""
        self.links += 1
        if self.links > _MOST_LINKS:
            raise Denied(f"Path {shown(self.path)} goes round through links.", hint="Give the real path.")
        parts = PurePosixPath(target).parts
        if target.startswith("/"):
            own, parts = self.root.parts[1:], parts[1:]
            if parts[: len(own)] != own:
                raise Denied(
                    f"Path {shown(self.path)} is a link out of its allowed folder.",
                    hint=f"It leads to '{visible(target, 200)}'. {ADVICE}",
                )
            while self.names:
                self._up()
            parts = parts[len(own) :]
        refuse_hidden(parts, self.path)
        return parts

    def _refuse_system(self, name: str) -> None:
        whole = str(self.root.joinpath(*self.names, name))
        if any(whole == folder or whole.startswith(f"{folder}/") for folder in _OF_THE_SYSTEM):
            raise Denied(f"Path {shown(self.path)} belongs to the system.", hint="No tool opens it.")


def opened(folder: int, name: str, path: str) -> BinaryIO:
    """Open a plain file in a folder to be read; a device is not even touched.

    Raises:
        Denied: It is no plain file, or has a second name.
        ToolFailed: There is none.
    """
    with in_words(path):
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        _refuse_kind(found, path)
        descriptor = os.open(name, _READ, dir_fd=folder)
    return os.fdopen(plain_file(descriptor, path), "rb")


def plain_file(descriptor: int, path: str) -> int:
    """A descriptor of a plain file; of anything else it is closed again."""
    try:
        _refuse_kind(os.fstat(descriptor), path)
    except Denied:
        os.close(descriptor)
        raise
    os.set_blocking(descriptor, True)
    return descriptor


def _refuse_kind(found: os.stat_result, path: str) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise ToolFailed(f"Path {shown(path)} is a folder.", hint="Give the path of a file in it.")
    if not stat.S_ISREG(found.st_mode):
        raise Denied(f"Path {shown(path)} is no plain file.", hint="Devices, pipes and sockets are refused.")
    if found.st_nlink > 1:
        raise Denied(
            f"Path {shown(path)} has {found.st_nlink} names (hard links), one of which may be elsewhere.",
            hint="Copy the file and use the copy.",
        )


def refuse_target(folder: int, name: str, path: str) -> int | None:
    """Refuse to write over what is no plain file, or beside a name that differs by case alone.

    Returns:
        The mode of the file that is there; None if there is none.
    """
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        folded = _folded(name)
        clash = next((other for other in os.listdir(folder) if _folded(other) == folded), None)
        if clash is None:
            return None
        raise Denied(
            f"Path {shown(path)} differs only by case from '{visible(clash)}', which is there.",
            hint="On some systems they are one file: use that name, or another one.",
        ) from None
    _refuse_kind(found, path)
    return stat.S_IMODE(found.st_mode) & 0o777


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


@contextmanager
def in_words(path: str) -> Iterator[None]:
    """Say what the system says of a path."""
    try:
        yield
    except FileNotFoundError as exc:
        raise ToolFailed(f"There is no {shown(path)}.", hint="List the folder first.") from exc
    except NotADirectoryError as exc:
        raise ToolFailed(f"A part of {shown(path)} is no folder.", hint="List the folder first.") from exc
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise Denied(f"Path {shown(path)} became a link meanwhile.", hint="Try again.") from exc
        why = os.strerror(exc.errno) if exc.errno else str(exc)
        raise ToolFailed(f"Path {shown(path)} cannot be opened: {why}.", hint="Choose another one.") from exc
