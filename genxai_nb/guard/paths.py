"""Files under roots: each path is walked from its root, so that no link and no race leads out of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from genxai_nb.errors import Denied, ToolFailed

from .names import ADVICE, read_path, refuse_hidden, shown
from .walk import Walk, in_words, opened, plain_file, refuse_target

__all__ = ["Place", "Roots"]


class Place(NamedTuple):
    """A path that was found allowed: a root and the way from there."""

    root: Path
    parts: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The whole path, for telling."""
        return self.root.joinpath(*self.parts)


class Roots:
    """The folders in which files may be opened.

    A path is relative to the working folder if that leads into a root, else to the first root. Links are
    followed as long as they stay inside. Hidden files, which hold settings and secrets, are reached only
    through a root that names them; special files and files with a second name (a hard link, which may be of
    a file outside) are refused.

    Args:
        folders: The folders; a relative one belongs to the working folder.

    Example:
        >>> Roots(["."]).place("../secret.txt")
        Traceback (most recent call last):
        genxai_nb.errors.Denied: Path '../secret.txt' leads out of the allowed folders. ...
    """

    def __init__(self, folders: Iterable[str | os.PathLike[str]] = (".",)) -> None:
        spelt = [Path(folder).expanduser().absolute() for folder in folders]
        self.folders = tuple(Path(os.path.realpath(folder)) for folder in spelt)
        self._spelt = (*zip(self.folders, self.folders, strict=True), *zip(spelt, self.folders, strict=True))

    def within(self, others: Roots) -> Roots:
        """The folders that both have."""
        pairs = [(self.folders, others.folders), (others.folders, self.folders)]
        shared = [one for ours, theirs in pairs for one in ours if any(map(one.is_relative_to, theirs))]
        return Roots(dict.fromkeys(shared))

    def place(self, path: str) -> Place:
        """Decide on a path by its text alone.

        Raises:
            Denied: It leads out of all roots, or is written in a way that hides where it leads.
        """
        pieces = read_path(path)
        if not self.folders:
            raise Denied(f"Path {shown(path)} is refused: no folder is allowed.", hint=ADVICE)
        absolute = pieces if path.startswith("/") else (*Path.cwd().parts[1:], *pieces)
        place = self._under(absolute)
        if place is None and not path.startswith("/"):
            place = Place(self.folders[0], pieces)
        if place is None or _rises(place.parts):
            listed = ", ".join(repr(str(folder)) for folder in self.folders)
            raise Denied(
                f"Path {shown(path)} leads out of the allowed folders.", hint=f"Allowed: {listed}. {ADVICE}"
            )
        refuse_hidden(place.parts, path)
        return place

    def _under(self, parts: tuple[str, ...]) -> Place | None:
        for spelt, folder in self._spelt:
            own = spelt.parts[1:]
            if parts[: len(own)] == own:
                return Place(folder, parts[len(own) :])
        return None

    def open(self, path: str) -> BinaryIO:
        """Open a file to be read.

        Raises:
            Denied: It is not under a root, or is no plain file.
            ToolFailed: There is none, or it cannot be read.
        """
        with self._parent(path) as (folder, name):
            return opened(folder, name, path)

    @contextmanager
    def replace(self, path: str, *, parents: bool = True) -> Iterator[BinaryIO]:
        """Write a file whole: it is put in its place when the block ends well, and not at all when it raises.

        Args:
            path: The file.
            parents: Make the folders above it as well.

        Raises:
            Denied: It is not under a root, or something else than a plain file has its name.
            ToolFailed: It cannot be written.
        """
        with self._parent(path, parents=parents) as (folder, name):
            mode = refuse_target(folder, name, path)
            part = f".{name[:100]}.{secrets.token_hex(4)}.part"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with in_words(path):
                descriptor = os.open(part, flags, mode or 0o644, dir_fd=folder)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    yield file
                with in_words(path):
                    os.replace(part, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:  # undone whatever it was, also an interrupt, and raised on
                os.unlink(part, dir_fd=folder)
                raise

    def append(self, path: str, *, parents: bool = True) -> BinaryIO:
        """Open a file to write at its end, made if it is not there.

        Raises:
            Denied: It is not under a root, or is no plain file.
            ToolFailed: It cannot be written.
        """
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with self._parent(path, parents=parents) as (folder, name):
            refuse_target(folder, name, path)
            with in_words(path):
                descriptor = os.open(name, flags, 0o644, dir_fd=folder)
            return os.fdopen(plain_file(descriptor, path), "ab")

    def size(self, path: str) -> int | None:
        """The bytes of a file; None if there is none.

        Raises:
            Denied: It is not under a root, or is no plain file.
        """
        try:
            with self.open(path) as file:
                return os.fstat(file.fileno()).st_size
        except Denied:
            raise
        except ToolFailed:
            return None

    @contextmanager
    def folder(self, path: str) -> Iterator[int]:
        """Open a folder; yields its descriptor, for calls that take ``dir_fd``.

        Raises:
            Denied: It is not under a root.
            ToolFailed: There is none.
        """
        place = self.place(path)
        walk = Walk(place.root, path)
        try:
            walk.go(place.parts)
            yield walk.here
        finally:
            walk.close()

    @contextmanager
    def _parent(self, path: str, *, parents: bool = False) -> Iterator[tuple[int, str]]:
        """The folder of a file, and the file's own name after all links."""
        place = self.place(path)
        if not place.parts:
            raise ToolFailed(f"Path {shown(path)} is a folder.", hint="Give the path of a file in it.")
        walk = Walk(place.root, path, make=parents)
        try:
            yield walk.here_of(place.parts), walk.name
        finally:
            walk.close()


def _rises(parts: Iterable[str]) -> bool:
    depth = 0
    for part in parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return False
