"""The archive tool: formats that go round, and archives made to harm."""

from __future__ import annotations

import gzip
import io
import secrets
import struct
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.tools.registry import find

compressor = find("file_compressor")


def zipped(path: str, *members: tuple[str, bytes], mode: int = 0) -> None:
    """A zip file with these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, content)


def tarred(path: str, *members: tarfile.TarInfo, mode: str = "w") -> None:
    """A tar file with these members; each plain file holds as many zeros as it says."""
    with tarfile.open(path, mode) as file:
        for member in members:
            file.addfile(member, io.BytesIO(bytes(member.size)) if member.isreg() else None)


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, target, size
    return made


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_a_folder_goes_round(kind: str):
    """What is packed is listed and comes out as it went in; links and hidden files stay behind."""
    Path("d/e").mkdir(parents=True)
    Path("d/a.txt").write_text("a" * 5000, encoding="utf-8")
    Path("d/e/b.bin").write_bytes(bytes(range(256)))
    Path("d/.env").write_text("KEY", encoding="utf-8")
    Path("d/link").symlink_to("a.txt")
    Path("d/out").symlink_to("/etc/passwd")
    made = compressor("compress", "d", "made", format=kind)
    assert [entry.path for entry in made.entries] == ["d/a.txt", "d/link", "d/e/b.bin"]
    assert sorted(made.skipped) == [".env", "out"]
    assert compressor("list", "made", format=kind).count == 3
    assert compressor("decompress", "made", "copy", format=kind).count == 3
    assert Path("copy/d/e/b.bin").read_bytes() == bytes(range(256))
    assert not Path("copy/d/link").is_symlink()


def test_one_file_goes_round_by_gzip():
    """Gzip packs one file, and refuses a folder."""
    Path("a.txt").write_text("hello", encoding="utf-8")
    compressor("compress", "a.txt", "a.gz", format="gzip")
    assert gzip.decompress(Path("a.gz").read_bytes()) == b"hello"
    assert compressor("list", "a.gz", format="gzip").size == 5
    compressor("decompress", "a.gz", "b.txt", format="gzip")
    assert Path("b.txt").read_text("utf-8") == "hello"
    Path("d").mkdir()
    with pytest.raises(ToolFailed, match="one file"):
        compressor("compress", "d", "d.gz", format="gzip")


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/../../x",
        "/abs/x",
        "..\\x",
        "C:/x",
        ".ssh/keys",
        "a/.bashrc",
        "a\u202eb",
        "x.",
        "%2e%2e/x",
        "a\nb",
    ],
)
def test_members_that_lead_out_are_refused(name: str, tmp_path: Path):
    """Nothing at all is unpacked of an archive that holds one such name."""
    zipped("z.zip", ("good.txt", b"x"), (name, b"x"))
    tarred("t.tar", member("good.txt", size=1), member(name, size=1))
    for archive, kind in (("z.zip", "zip"), ("t.tar", "tar")):
        with pytest.raises(Denied):
            compressor("decompress", archive, "out", format=kind)
        with pytest.raises(Denied):
            compressor("list", archive, format=kind)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.tar", "z.zip"]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_refused(kind: bytes):
    """An archive with a link or a device is not unpacked."""
    tarred("t.tar", member("in", kind, "/etc"), member("in/passwd", size=1))
    with pytest.raises(Denied, match="link or a device"):
        compressor("decompress", "t.tar", "out", format="tar")
    zipped("z.zip", ("link", b"/etc/passwd"), mode=0o120777)
    with pytest.raises(Denied, match="no plain file"):
        compressor("decompress", "z.zip", "out")


def test_an_unpacked_file_goes_through_no_link_that_is_there():
    """A link in the folder that is unpacked into leads nowhere."""
    Path("out").mkdir()
    Path("out/d").symlink_to("/tmp")
    zipped("z.zip", ("d/x.txt", b"x"))
    with pytest.raises(Denied):
        compressor("decompress", "z.zip", "out")


def test_names_that_are_the_same_elsewhere_are_refused():
    """Two members that differ by case alone, or by how an accent is kept, would be one file on some systems."""
    for first, second in (("a.txt", "A.TXT"), ("\u00e9.txt", "e\u0301.txt")):
        zipped("z.zip", (first, b"1"), (second, b"2"))
        with pytest.raises(Denied, match="twice"):
            compressor("decompress", "z.zip", "out")


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "gzip"])
def test_bombs_are_refused(kind: str):
    """What becomes more than a hundred times its size is not unpacked."""
    if kind == "zip":
        zipped("bomb", ("zeros", bytes(30_000_000)))
    elif kind == "tar.gz":
        tarred("bomb", member("zeros", size=30_000_000), mode="w:gz")
    else:
        Path("bomb").write_bytes(gzip.compress(bytes(30_000_000)))
    with pytest.raises(Denied, match="times its size"):
        compressor("decompress", "bomb", "out", format=kind)
    assert not Path("out").exists()


def test_a_zip_that_lies_about_its_size_is_refused():
    """The bytes are counted as they come, whatever the directory says."""
    zipped("z.zip", ("zeros", bytes(30_000_000)))
    data = Path("z.zip").read_bytes().replace((30_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    Path("z.zip").write_bytes(data)
    with pytest.raises(ToolFailed):
        compressor("decompress", "z.zip", "out")
    assert not Path("out/zeros").exists()


def test_a_huge_header_is_not_read():
    """A tar header that says it is enormous ends at the limit."""
    head = member("x", tarfile.XHDTYPE, size=2**32).tobuf(tarfile.USTAR_FORMAT)
    Path("t.tar").write_bytes(gzip.compress(head + bytes(5_000_000)))
    with pytest.raises(ToolFailed):
        compressor("list", "t.tar", format="tar.gz")


@pytest.mark.parametrize(
    "kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK]
)
def test_a_header_as_large_as_a_file_is_refused(kind: bytes):
    """The more an archive holds, the more it may unpack to, but its headers stay small, for they are kept in memory."""
    head = member("x", kind, size=2_000_000).tobuf(tarfile.USTAR_FORMAT)
    Path("t.tar").write_bytes(
        gzip.compress(head + b"2000000 a=" + bytes(2_000_000)) + secrets.token_bytes(100_000)
    )
    with pytest.raises(Denied, match="header of 2000000 bytes"):
        compressor("list", "t.tar", format="tar.gz")


def test_too_many_members_are_refused():
    """An archive of more than ten thousand files is not unpacked."""
    with zipfile.ZipFile("z.zip", "w") as file:
        for number in range(10_001):
            file.writestr(f"f{number}", b"")
    with pytest.raises(Denied, match="members"):
        compressor("list", "z.zip")


def test_folders_count_as_members():
    """An archive of folders alone, a thousand times as large as it is packed, is not read to its end."""
    one = member("d", tarfile.DIRTYPE).tobuf(tarfile.USTAR_FORMAT)
    Path("t.tar").write_bytes(gzip.compress(one * 10_100) + secrets.token_bytes(100_000))
    with pytest.raises(Denied, match="more than 10000 members"):
        compressor("list", "t.tar", format="tar.gz")
    with zipfile.ZipFile("z.zip", "w") as file:
        for number in range(10_001):
            file.mkdir(f"d{number}")
    with pytest.raises(Denied, match="more than 10000 members"):
        compressor("list", "z.zip")


def test_a_large_directory_of_a_zip_is_not_read():
    """A directory of a million members, which would be a gigabyte of memory, is refused by its size."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", *(20, 3, 20, 0), *[0] * 5, *[0] * 2, 1, *[0] * 6) + b"d"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65_535, 65_535, len(entry) * 1_000_000, 0, 0)
    Path("z.zip").write_bytes(entry * 1_000_000 + end)
    with pytest.raises(Denied, match="directory of 47000000 bytes"):
        compressor("list", "z.zip")


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_headers_without_end_are_told(kind: bytes):
    """Headers that go before headers, and so on, are an error in words."""
    data = b"name\0" if kind == tarfile.GNUTYPE_LONGNAME else b"8 a=bcd\n"
    head = member("x", kind, size=len(data)).tobuf(tarfile.USTAR_FORMAT) + data.ljust(512, b"\0")
    Path("t.tar").write_bytes(head * 3_000 + bytes(1024))
    with pytest.raises(ToolFailed, match="headers of headers"):
        compressor("list", "t.tar", format="tar")


@pytest.mark.parametrize("kind", ["zip", "gzip", "tar"])
def test_a_file_that_grows_is_packed_as_it_was(kind: str):
    """What is written to a file while it is packed stays out, or packing might never end."""
    Path("log.txt").write_bytes(secrets.token_bytes(3_000_000))
    done = threading.Event()

    def write() -> None:
        with Path("log.txt").open("ab") as file:
            while not done.is_set() and file.tell() < 200_000_000:
                file.write(bytes(100_000))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = compressor("compress", "log.txt", "log", format=kind)
    finally:
        done.set()
        writer.join()
    assert compressor("list", "log", format=kind).size == made.size


def test_what_is_no_archive_is_told():
    """A wrong format, a missing target and a locked archive are told in words."""
    Path("a.txt").write_text("no archive", encoding="utf-8")
    for kind in ("zip", "tar", "tar.gz", "gzip"):
        with pytest.raises(ToolFailed, match="damaged"):
            compressor("list", "a.txt", format=kind)
    with pytest.raises(ToolFailed, match="output_path"):
        compressor("compress", "a.txt")


@settings(max_examples=60)
@given(st.binary(max_size=300), st.sampled_from(["zip", "tar", "tar.gz", "gzip"]))
def test_any_bytes_are_an_archive_or_an_error_in_words(data: bytes, kind: str):
    """No content makes the tool fail in another way."""
    start = {"zip": b"PK\x03\x04", "tar.gz": b"\x1f\x8b\x08", "gzip": b"\x1f\x8b\x08"}.get(kind, b"")
    for content in (data, start + data):
        Path("fuzz").write_bytes(content)
        try:
            compressor("list", "fuzz", format=kind)
        except ToolFailed:
            continue
