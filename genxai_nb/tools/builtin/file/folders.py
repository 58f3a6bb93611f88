"""Looking into folders."""

from __future__ import annotations

import os
import stat
from collections import Counter
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Annotated, Any, Literal

from annotated_types import Interval, MaxLen
from msgspec import Struct

from genxai_nb.guard.policy import roots_of
from genxai_nb.guard.visible import visible
from genxai_nb.tools.base import tool
from genxai_nb.tools.outcome import Outcome

__all__ = ["Entry", "Listing", "directory_scanner"]

MOST_ENTRIES = 1_000
MOST_SEEN = 100_000

_KINDS = ((stat.S_ISREG, "file"), (stat.S_ISDIR, "folder"), (stat.S_ISLNK, "link"))

EntryKind = Literal["file", "folder", "link", "other"]


class Entry(Struct, frozen=True):
    """One name in a folder; ``size`` is in bytes, ``modified`` in UTC."""

    path: str
    kind: str
    size: int
    modified: str


class Listing(Struct, Outcome, frozen=True):
    """What a folder holds.

    Attributes:
        path: The folder, as it was asked for.
        entries: What was found, sorted by path.
        files: How many files there are, of those that the pattern fits.
        folders: How many folders.
        size: The bytes of the files.
        extensions: How many files of each extension.
        truncated: There is more than the entries tell; the numbers count all that was seen.
    """

    path: str
    entries: list[Entry]
    files: int
    folders: int
    size: int
    extensions: dict[str, int]
    truncated: bool


class _Scan:
    """A scan on its way: what it found so far, and what it looks for."""

    def __init__(self, pattern: str | None, *, hidden: bool) -> None:
        self.pattern = pattern
        self.hidden = hidden
        self.entries: list[Entry] = []
        self.extensions: Counter[str] = Counter()
        self.folders = self.size = self.seen = 0
        self.truncated = False

    def folder(self, descriptor: int, prefix: str, depth: int) -> None:
        for name in sorted(os.listdir(descriptor)):
            if name.startswith(".") and not self.hidden:
                continue
            self.seen += 1
            if self.seen > MOST_SEEN:
                self.truncated = True
                return
            try:
                found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            except FileNotFoundError:
                continue  # removed meanwhile
            self._take(f"{prefix}{name}", name, found)
            if stat.S_ISDIR(found.st_mode) and depth > 1:
                self._down(descriptor, name, f"{prefix}{name}/", depth - 1)

    def _down(self, descriptor: int, name: str, prefix: str, depth: int) -> None:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            inner = os.open(name, flags, dir_fd=descriptor)
        except OSError:
            return  # not readable, or replaced meanwhile; it is listed all the same
        try:
            self.folder(inner, prefix, depth)
        finally:
            os.close(inner)

    def _take(self, path: str, name: str, found: os.stat_result) -> None:
        kind = next((word for test, word in _KINDS if test(found.st_mode)), "other")
        if kind == "folder":
            self.folders += 1
        if self.pattern is not None and not fnmatchcase(name.casefold(), self.pattern.casefold()):
            return
        if kind == "file":
            self.size += found.st_size
            self.extensions[visible(PurePath(name).suffix.lower()) or "(none)"] += 1
        if len(self.entries) == MOST_ENTRIES:
            self.truncated = True
            return
        modified = datetime.fromtimestamp(found.st_mtime, UTC).isoformat(timespec="seconds")
        self.entries.append(Entry(visible(path), kind, found.st_size, modified))


@tool(
    category="file",
    tags=["list", "read"],
    read_only=True,
    idempotent=True,
    timeout=60,
    permissions=["read"],
    subjects={"path": "roots"},
)
def directory_scanner(
    path: str = ".",
    *,
    recursive: bool = True,
    include_hidden: bool = False,
    file_pattern: Annotated[str, MaxLen(200)] | None = None,
    max_depth: Annotated[int, Interval(ge=1, le=50)] = 10,
    context: Any = None,
) -> Listing:
    r"""List a folder and what lies below it.

    Links are listed and not followed.

    Args:
        path: The folder, relative to the working folder.
        recursive: Look into the folders in it, too.
        include_hidden: List names that begin with a dot; their content stays closed.
        file_pattern: List only names that fit, such as *.csv.
        max_depth: How many folders deep to look.
        context: The context of the call.

    Example:
        >>> from genxai_nb.tools.builtin.file import file_writer
        >>> _ = file_writer("data/a.csv", "x\n1\n"), file_writer("data/deep/b.txt", "b")
        >>> [entry.path for entry in directory_scanner("data", file_pattern="*.csv").entries]
        ['a.csv']
    """
    scan = _Scan(file_pattern, hidden=include_hidden)
    with roots_of(context).folder(path) as descriptor:
        scan.folder(descriptor, "", max_depth if recursive else 1)
    return Listing(
        path=path,
        entries=scan.entries,
        files=sum(scan.extensions.values()),
        folders=scan.folders,
        size=scan.size,
        extensions=dict(scan.extensions.most_common(50)),
        truncated=scan.truncated,
    )
