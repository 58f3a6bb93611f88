"""Packing and unpacking archives: no name leads out, no archive grows without bound."""

from __future__ import annotations

import gzip
import os
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Literal

from msgspec import Struct

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.names import check_name, read_path, refuse_hidden, shown
from genxai_nb.guard.paths import Roots
from genxai_nb.guard.policy import roots_of
from genxai_nb.guard.visible import visible
from genxai_nb.tools.base import tool
from genxai_nb.tools.outcome import Outcome

from .members import FREE, HIGHEST_RATIO, MOST_BYTES, MOST_MEMBERS, Member, members_of, too_large

__all__ = ["Archive", "ArchiveEntry", "file_compressor"]

MOST_LISTED = 1_000
_PIECE = 64 * 1024

ArchiveFormat = Literal["zip", "tar", "tar.gz", "gzip"]
Operation = Literal["compress", "decompress", "list"]

_TAR_MODES: dict[str, Literal["w|", "w|gz"]] = {"tar": "w|", "tar.gz": "w|gz"}


class ArchiveEntry(Struct, frozen=True):
    """A member of an archive: its path and its bytes when unpacked."""

    path: str
    size: int


class Archive(Struct, Outcome, frozen=True):
    """What was packed, unpacked or listed.

    Attributes:
        path: The archive, or the folder or file that it was unpacked to.
        format: Its format.
        entries: Its members, the first thousand.
        count: How many there are.
        size: Their bytes when unpacked.
        packed: The bytes of the archive.
        skipped: What was left out: links, hidden and special files.
    """

    path: str
    format: ArchiveFormat
    entries: list[ArchiveEntry]
    count: int
    size: int
    packed: int
    skipped: list[str] = []


def _needs(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    return ("read",) if arguments.get("operation") == "list" else ("read", "write")


@tool(
    category="file",
    tags=["archive"],
    timeout=120,
    permissions=["read", "write"],
    needs=_needs,
    subjects={"source_path": "roots", "output_path": "roots"},
)
def file_compressor(
    operation: Operation,
    source_path: str,
    output_path: str | None = None,
    format: ArchiveFormat = "zip",  # noqa: A002 - the name that users of such tools know
    context: Any = None,
) -> Archive:
    """Pack a file or a folder into an archive, unpack one, or list what one holds.

    Args:
        operation: compress packs, decompress unpacks, list only looks.
        source_path: What to pack, or the archive.
        output_path: The archive to make, or the folder to unpack into; for gzip the file.
        format: The kind of archive; gzip packs one file.
        context: The context of the call.

    Example:
        >>> from genxai_nb.tools.builtin.file import file_reader, file_writer
        >>> _ = file_writer("data/a.txt", "hello")
        >>> file_compressor("compress", "data", "data.zip").count
        1
        >>> _ = file_compressor("decompress", "data.zip", "copy")
        >>> file_reader("copy/data/a.txt").text
        'hello'
    """
    roots = roots_of(context)
    if operation == "list":
        with roots.open(source_path) as file:
            members = list(_checked(file, source_path, format))
            return _told(source_path, format, members, file.seek(0, 2))
    if output_path is None:
        raise ToolFailed(f"Operation {operation} needs an output_path.")
    pack = _pack if operation == "compress" else _unpack
    return pack(roots, source_path, output_path, format)


def _told(
    path: str, kind: ArchiveFormat, members: list[Member], packed: int, skipped: list[str] | None = None
) -> Archive:
    entries = [ArchiveEntry(visible(member.name), member.size) for member in members[:MOST_LISTED]]
    size = sum(member.size for member in members)
    return Archive(path, kind, entries, len(members), size, packed, (skipped or [])[:MOST_LISTED])


# ── unpacking ────────────────────────────────────────────────────────────────────────────────────


def _unpack(roots: Roots, source: str, target: str, kind: ArchiveFormat) -> Archive:
    with roots.open(source) as file:
        packed = file.seek(0, 2)
        members = [_placed(member, target, kind) for member in _checked(file, source, kind)]
        for member in members:  # nothing is written before all names are known to be good
            roots.place(member.name)
        allowance = _Allowance(packed, source)
        written = []
        for member, read in members_of(file, kind, source):
            placed = _placed(member, target, kind)
            with roots.replace(placed.name) as output:
                written.append(placed._replace(size=_copied(read, output, allowance)))
    return _told(target, kind, written, packed)


def _placed(member: Member, target: str, kind: ArchiveFormat) -> Member:
    return member._replace(name=target if kind == "gzip" else f"{target.rstrip('/')}/{member.name}")


def _checked(file: BinaryIO, source: str, kind: ArchiveFormat) -> Iterator[Member]:
    """The members, each with a name that stays inside and is like no other one's.

    Raises:
        Denied: A name leads out, a member is a link or a device, or there is too much of it.
    """
    allowance = _Allowance(file.seek(0, 2), source)
    names: set[str] = set()
    for member, read in members_of(file, kind, source):
        if member.name.startswith("/") or ".." in member.name.split("/"):
            raise Denied(f"{shown(source)} holds {shown(member.name)}, which leads out of its folder.")
        parts = read_path(member.name)
        refuse_hidden(parts, member.name)
        for part in parts:
            check_name(part, member.name)
        folded = unicodedata.normalize("NFC", "/".join(parts)).casefold()
        if folded in names:
            raise Denied(f"{shown(source)} holds {shown(member.name)} twice, or with other case.")
        names.add(folded)
        if kind == "gzip":
            member = member._replace(size=_copied(read, None, allowance))
        else:
            allowance.take(member.size)
        yield member


class _Allowance:
    """How many bytes an archive may still become."""

    def __init__(self, packed: int, source: str) -> None:
        self.left = min(MOST_BYTES, max(FREE, packed * HIGHEST_RATIO))
        self.source = source

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise too_large(self.source)


def _copied(read: BinaryIO, output: BinaryIO | None, allowance: _Allowance) -> int:
    """Read a member bit by bit, whatever size it said it has, and write it out if that is wanted."""
    size = 0
    try:
        while piece := read.read(_PIECE):
            allowance.take(len(piece))
            if output is not None:
                output.write(piece)
            size += len(piece)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as exc:
        raise ToolFailed(f"{shown(allowance.source)} is damaged: {exc}.") from exc
    return size


# ── packing ──────────────────────────────────────────────────────────────────────────────────────


def _pack(roots: Roots, source: str, target: str, kind: ArchiveFormat) -> Archive:
    skipped: list[str] = []
    members: list[Member] = []
    left = MOST_BYTES
    found = [(path, name) for path, name in _below(roots, source, skipped) if path != target]
    if kind == "gzip" and [path for path, _ in found] != [source]:
        raise ToolFailed("gzip packs one file.", hint="Use tar.gz or zip for a folder.")
    with roots.replace(target) as output, _writer(output, kind) as add:
        for path, name in found:
            with roots.open(path) as file:
                size = os.fstat(file.fileno()).st_size
                left -= size
                if left < 0 or len(members) == MOST_MEMBERS:
                    raise ToolFailed(f"{source!r} has more than {MOST_BYTES} bytes or {MOST_MEMBERS} files.")
                add(name, file, size)
            members.append(Member(name, size))
    return _told(target, kind, members, roots.size(target) or 0, skipped)


def _below(roots: Roots, source: str, skipped: list[str]) -> Iterator[tuple[str, str]]:
    """The plain files of a folder and below it, or the one file itself, with their names in the archive."""
    base = [part for part in source.split("/") if part not in {"", ".", ".."}][-1:]
    if roots.size(source) is not None:
        yield source, base[0]
        return
    with roots.folder(source) as folder:
        for above, folders, files, _ in os.fwalk(".", dir_fd=folder):
            inside = [part for part in above.split("/") if part != "."]
            hidden = [name for name in (*folders, *files) if name.startswith(".")]
            skipped.extend(visible("/".join([*inside, name])) for name in sorted(hidden))
            folders[:] = sorted(set(folders).difference(hidden))
            for name in sorted(set(files).difference(hidden)):
                path = "/".join([source.rstrip("/") or "/", *inside, name])
                if _is_plain(roots, path):
                    yield path, "/".join([*base, *inside, name])
                else:
                    skipped.append(visible("/".join([*inside, name])))


def _is_plain(roots: Roots, path: str) -> bool:
    try:
        return roots.size(path) is not None
    except Denied:
        return False


@contextmanager
def _writer(output: BinaryIO, kind: ArchiveFormat) -> Iterator[Any]:
    """A function that adds a file to the archive; the names of its owner do not go along."""
    if kind == "zip":
        with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as packed:

            def add_zip(name: str, file: BinaryIO, size: int) -> None:
                entry = zipfile.ZipInfo(name)
                entry.compress_type = zipfile.ZIP_DEFLATED
                with packed.open(entry, "w") as written:
                    _copy(file, written, size)

            yield add_zip
        return
    if kind == "gzip":
        with gzip.GzipFile(filename="", mode="wb", fileobj=output, mtime=0) as zipped:
            yield lambda _name, file, size: _copy(file, zipped, size)
        return
    with tarfile.open(fileobj=output, mode=_TAR_MODES[kind]) as tar:

        def add_tar(name: str, file: BinaryIO, size: int) -> None:
            entry = tarfile.TarInfo(name)
            entry.size = size
            tar.addfile(entry, file)

        yield add_tar


def _copy(source: BinaryIO, target: Any, size: int) -> None:
    """Copy as many bytes as a file had; it may grow meanwhile."""
    while size > 0 and (piece := source.read(min(_PIECE, size))):
        target.write(piece)
        size -= len(piece)
