"""Where a journal is kept: its folder, and whether that is on a network."""

from __future__ import annotations

import re
from pathlib import Path

from genxai_nb.errors import StoreError

FOLDER = ".genxai"
FILE = "journal.db"

_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ncpfs", "lustre", "glusterfs", "ceph"}
)


def made(path: Path) -> Path:
    """Make the folder of a journal file; the default one keeps itself out of git.

    Raises:
        StoreError: The folder cannot be made.
    """
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if folder.name == FOLDER and not ignore.exists():
            ignore.write_text("*\n", encoding="ascii")
    except OSError as exc:
        raise StoreError(
            f"The folder {str(folder)!r} for the journal cannot be made: {exc.strerror}.",
            hint="Set GENXAI_STORE to a path that can be written, or to ':memory:'.",
        ) from exc
    return path


def on_network(path: Path, mounts: str | None = None) -> bool:
    """Whether a path lies on a network file system, where SQLite's write-ahead log must not be used.

    Args:
        path: An absolute path.
        mounts: The mount table in the format of ``/proc/self/mountinfo``; by default that file. Where
            there is none, the path counts as local.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return False
    found, kind = Path("/"), ""
    for line in mounts.splitlines():
        mount, _, source = line.partition(" - ")
        text = mount.split()[4]
        if "\\" in text:  # seldom: no expression is compiled for the rest
            text = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), text)
        place = Path(text)
        if path.is_relative_to(place) and place.is_relative_to(found):
            found, kind = place, source.split()[0]
    return kind in _NETWORK or kind.startswith("fuse.ssh")
