"""What archives hold, one member after the other, whatever their format."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple, Self, TypeVar, cast

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.names import shown

__all__ = ["FREE", "HIGHEST_RATIO", "MOST_BYTES", "MOST_MEMBERS", "Member", "members_of", "too_large"]

MOST_BYTES = 200 * 1024 * 1024
HIGHEST_RATIO = 100
FREE = 1024 * 1024  # so small a whole may be packed as densely as it likes

MOST_MEMBERS = 10_000
LARGEST_HEADER = 64 * 1024
LARGEST_DIRECTORY = 4 * 1024 * 1024  # of a zip file, which is read whole

Entry = TypeVar("Entry", zipfile.ZipInfo, tarfile.TarInfo)

_GZIP = b"\x1f\x8b"
_ENCRYPTED = 0x1
_KINDS = 0o170000
_PLAIN = 0o100000


class Member(NamedTuple):
    """A plain file in an archive: its path, and its bytes when unpacked as the archive says."""

    name: str
    size: int


def members_of(file: BinaryIO, kind: str, source: str) -> Iterator[tuple[Member, BinaryIO]]:
    """The plain files in an archive, each with what reads it, to be read before the next one is asked for.

    Raises:
        Denied: A member is a link, a device or encrypted.
        ToolFailed: It is no archive of that format, or damaged.
    """
    file.seek(0)
    reader = {"zip": _of_zip, "gzip": _of_gzip}.get(kind, _of_tar)
    try:
        yield from reader(file, source)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as exc:
        raise ToolFailed(
            f"{shown(source)} is no {kind} archive, or damaged: {exc}.", hint="Check format."
        ) from exc
    except RecursionError as exc:
        raise ToolFailed(f"{shown(source)} is damaged: it has headers of headers without end.") from exc
    except (ValueError, OverflowError, IndexError, KeyError) as exc:
        raise ToolFailed(f"{shown(source)} is damaged: {exc}.") from exc


def _counted(entries: Iterable[Entry], source: str) -> Iterator[Entry]:
    """All that an archive holds, folders too, up to the most."""
    for number, entry in enumerate(entries, 1):
        if number > MOST_MEMBERS:
            raise Denied(f"{shown(source)} has more than {MOST_MEMBERS} members.")
        yield entry


class _Zip:
    """What reads a zip file, but not all of a large directory at once."""

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size > LARGEST_DIRECTORY:
            raise Denied(
                f"The archive has a directory of {size} bytes; {LARGEST_DIRECTORY} is the most.",
                hint="Such archives are not unpacked.",
            )
        return self._file.read(size)


def _of_zip(file: BinaryIO, source: str) -> Iterator[tuple[Member, BinaryIO]]:
    with zipfile.ZipFile(cast("BinaryIO", _Zip(file))) as packed:
        for entry in _counted(packed.infolist(), source):
            kind = entry.external_attr >> 16 & _KINDS
            if entry.is_dir():
                continue
            if kind not in {0, _PLAIN}:
                raise Denied(f"{shown(source)} holds {shown(entry.filename)}, which is no plain file.")
            if entry.flag_bits & _ENCRYPTED:
                raise ToolFailed(f"{shown(source)} is protected by a password.", hint="Ask for another copy.")
            with packed.open(entry) as read:
                yield Member(entry.filename, entry.file_size), cast("BinaryIO", read)


class _Header(tarfile.TarInfo):
    """A header of a tar archive; those that go before another one are read whole, so they have to be small."""

    _READ_WHOLE = frozenset({tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE,
                             tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK})  # fmt: skip

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        if header.type in cls._READ_WHOLE and header.size > LARGEST_HEADER:
            raise Denied(
                f"The archive has a header of {header.size} bytes; {LARGEST_HEADER} is the most.",
                hint="Such archives are not unpacked.",
            )
        return header


def _of_tar(file: BinaryIO, source: str) -> Iterator[tuple[Member, BinaryIO]]:
    packed_bytes = file.seek(0, 2)
    file.seek(0)
    start = file.read(2)
    file.seek(0)
    inner = gzip.GzipFile(fileobj=file, mode="rb") if start == _GZIP else file
    bounded = _Bounded(cast("BinaryIO", inner), max(4 * FREE, packed_bytes * (HIGHEST_RATIO + 1)), source)
    # as a stream: headers may not make it read back, or all at once
    with tarfile.open(fileobj=cast("BinaryIO", bounded), mode="r|", tarinfo=_Header) as packed:
        for entry in _counted(packed, source):
            if entry.isdir():
                continue
            if not entry.isreg():
                raise Denied(f"{shown(source)} holds {shown(entry.name)}, which is a link or a device.")
            read = packed.extractfile(entry)
            if read is not None:
                yield Member(entry.name, entry.size), cast("BinaryIO", read)


class _Bounded:
    """What reads a file up to a limit, whatever an archive's headers ask for."""

    def __init__(self, file: BinaryIO, most: int, source: str) -> None:
        self._file = file
        self._left = most
        self._source = source

    def read(self, size: int) -> bytes:
        made = self._file.read(size)
        self._left -= len(made)
        if self._left < 0:
            raise too_large(self._source)
        return made


def too_large(source: str) -> Denied:
    """What is said of an archive that becomes too large."""
    what = f"{shown(source)} becomes more than {MOST_BYTES} bytes, or {HIGHEST_RATIO} times its size."
    return Denied(what, hint="Such archives are not unpacked.")


def _of_gzip(file: BinaryIO, _source: str) -> Iterator[tuple[Member, BinaryIO]]:
    with gzip.GzipFile(fileobj=file, mode="rb") as read:
        yield Member("content", 0), cast("BinaryIO", read)
