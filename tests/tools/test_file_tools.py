"""Tools for files: what they read and write, and what they refuse."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.tools.registry import find

reader, writer, scanner = find("file_reader"), find("file_writer"), find("directory_scanner")


def test_what_was_written_is_read():
    """A text comes back as it was written, with its lines counted."""
    made = writer("a/b.txt", "one\ntwo\nthrée\n")
    assert (made.created, made.size) == (True, 15)
    assert writer("a/b.txt", "four\n", mode="append").size == 20
    found = reader("a/b.txt", start_line=2, max_lines=2)
    assert (found.text, found.lines, found.truncated) == ("two\nthrée\n", 4, True)


def test_long_lines_are_cut():
    """What is told of a file is limited, and it says that there is more."""
    writer("long.txt", "x" * 300_000)
    found = reader("long.txt")
    assert (len(found.text), found.truncated) == (200_000, True)


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"\0\1\2", {}, "no text file"),
        (b"\xff\xfe\xfa", {}, "is not utf-8"),
        (b"x" * 20, {"max_size": 10}, "larger than 10"),
        (b"x", {"start_line": 5}, "has 1 lines"),
    ],
)
def test_what_is_no_text_is_told(content: bytes, options: dict, words: str):
    """A file that cannot be read as asked says why, and what to do."""
    Path("f").write_bytes(content)
    with pytest.raises(ToolFailed, match=words):
        reader("f", **options)


def test_a_character_outside_the_encoding_is_told():
    """Nothing is written when the text does not fit the encoding."""
    with pytest.raises(ToolFailed, match="utf-8"):
        writer("a.txt", "ä", encoding="ascii")
    assert not Path("a.txt").exists()


def test_folders_are_made_only_if_asked():
    """Without create_dirs a missing folder is an error."""
    with pytest.raises(ToolFailed, match="no 'no/a.txt'"):
        writer("no/a.txt", "x", create_dirs=False)
    assert not Path("no").exists()


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a\0b", ".env", "%2e%2e/x", "\\\\server\\x", "C:/x", "x.", "a\u202e"]
)
def test_paths_out_are_refused_to_all(path: str):
    """No tool for files reads, lists or writes outside of the roots."""
    compressor, image, pdf = find("file_compressor"), find("image_processor"), find("pdf_parser")
    writer("in.txt", "x")
    for attempt in (
        lambda: reader(path),
        lambda: writer(path, "x"),
        lambda: writer(path, "x", mode="append"),
        lambda: scanner(path),
        lambda: compressor("compress", path, "a.zip"),
        lambda: compressor("compress", "in.txt", path),
        lambda: compressor("list", path),
        lambda: image(path, "analyze"),
        lambda: pdf(path),
    ):
        with pytest.raises(Denied):
            attempt()


def test_a_folder_is_listed_without_following_links():
    """Files, folders and links are told apart, counted and cut at their depth."""
    writer("d/a.csv", "1")
    writer("d/deep/b.CSV", "22")
    writer("d/deep/er/c.txt", "333")
    Path("d/up").symlink_to("..")
    Path("d/.hidden").write_text("x", encoding="utf-8")
    found = scanner("d")
    kinds = {entry.path: entry.kind for entry in found.entries}
    assert kinds == {
        "a.csv": "file", "deep": "folder", "deep/b.CSV": "file",
        "deep/er": "folder", "deep/er/c.txt": "file", "up": "link",
    }  # fmt: skip
    assert (found.files, found.folders, found.size) == (3, 2, 6)
    assert found.extensions == {".csv": 2, ".txt": 1}
    assert [entry.path for entry in scanner("d", file_pattern="*.csv").entries] == ["a.csv", "deep/b.CSV"]
    assert [entry.path for entry in scanner("d", recursive=False).entries] == ["a.csv", "deep", "up"]
    assert ".hidden" in [entry.path for entry in scanner("d", include_hidden=True).entries]
    assert [entry.path for entry in scanner("d", max_depth=2).entries if "/" in entry.path] == [
        "deep/b.CSV",
        "deep/er",
    ]


def test_large_folders_are_cut(tmp_path: Path):
    """A thousand entries are told, and all are counted."""
    for number in range(1100):
        os.mknod(tmp_path / f"f{number}")
    found = scanner(".")
    assert (len(found.entries), found.files, found.truncated) == (1000, 1100, True)


def test_names_that_deceive_are_shown_plainly():
    """A name with a character that turns text round is told with an escape."""
    Path("a\u202ecod.exe").write_text("x", encoding="utf-8")
    Path("b.\u202etxt").write_text("x", encoding="utf-8")
    found = scanner(".")
    assert [entry.path for entry in found.entries] == ["a\\u202ecod.exe", "b.\\u202etxt"]
    assert set(found.extensions) == {".exe", ".\\u202etxt"}


@settings(max_examples=30)
@given(st.text(max_size=200), st.sampled_from(["utf-8", "utf-16"]))
def test_any_text_comes_back(text: str, encoding: str):
    """What was written is read again, whatever characters it holds, or refused in words."""
    try:
        writer("t.txt", text, encoding=encoding)
        found = reader("t.txt", encoding=encoding)
    except ToolFailed:
        assert "\0" in text or any(0xD800 <= ord(character) < 0xE000 for character in text)
        return
    assert found.text == text.removeprefix("\ufeff")


def test_no_tool_follows_a_folder_that_is_swapped(tmp_path_factory):
    """While a folder is exchanged with a link out again and again, nothing outside is read, listed, packed or written."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "a.txt").write_text("canary", "utf-8")
    Path("d").mkdir()
    Path("d/a.txt").write_text("fine", "utf-8")
    done, swapped = threading.Event(), 0

    def swap() -> None:
        nonlocal swapped
        for number in itertools.count():
            spare = f"e{number}"  # a tool may have made a folder in the gap: that is taken next
            if done.is_set():
                return
            with contextlib.suppress(OSError):
                Path("d").mkdir(exist_ok=True)
                Path("d").rename(spare)
                Path("d").symlink_to(outside)
                swapped += 1
                Path("d").unlink()
                Path(spare).rename("d")

    attacker = threading.Thread(target=swap)
    attacker.start()
    try:
        said = []
        for number in range(40):
            for use in (
                lambda: reader("d/a.txt").text,
                lambda: str(find("directory_scanner")("d")),
                lambda at=number: writer(f"d/new/{at}.txt", "x").path,
                lambda: writer("d/a.txt", "fine").path,
                lambda: find("file_compressor")("compress", "d", "o.zip").path,
                lambda: find("file_compressor")("decompress", "o.zip", "d/copy").path,
            ):
                with contextlib.suppress(ToolFailed):
                    said.append(use())
            if Path("o.zip").is_file():
                with zipfile.ZipFile("o.zip") as packed:
                    said += [packed.read(name).decode() for name in packed.namelist()]
        for _ in range(100_000):  # on a busy machine the other side may not have had its turns
            if swapped > 10:
                break
            with contextlib.suppress(ToolFailed):
                said.append(reader("d/a.txt").text)
    finally:
        done.set()
        attacker.join()
    assert swapped > 10
    assert not [text for text in said if "canary" in text]
    assert [path.name for path in outside.rglob("*")] == ["a.txt"]
    assert (outside / "a.txt").read_text("utf-8") == "canary"
