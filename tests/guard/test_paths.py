"""Files under roots: what may be opened, and every way out that is closed."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.paths import Roots


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A root with a file and a folder, and a secret outside of it."""
    (tmp_path / "secret.txt").write_text("secret")
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("a")
    (root / "sub" / "b.txt").write_text("b")
    (root / ".env").write_text("KEY=1")
    return root


def read(roots: Roots, path: str) -> str:
    with roots.open(path) as file:
        return file.read().decode()


@pytest.mark.parametrize("path", ["a.txt", "./a.txt", "sub/../a.txt", "sub//..//a.txt"])
def test_files_under_a_root_are_read(world: Path, path: str):
    """A path may be relative to the root, and go up as long as it stays inside."""
    assert read(Roots([world]), path) == "a"


def test_paths_are_of_the_working_folder_first(world: Path, monkeypatch):
    """A path that leads from the working folder into a root is meant so; an absolute one too."""
    monkeypatch.chdir(world.parent)
    roots = Roots(["root"])
    assert read(roots, "root/a.txt") == read(roots, str(world / "a.txt")) == read(roots, "a.txt") == "a"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "sub/../../secret.txt",
        "/etc/passwd",
        "%2e%2e/secret.txt",
        "..%2fsecret.txt",
        "a.txt\0.png",
        "..\\secret.txt",
        "\\\\server\\share\\x",
        "//server/share/x",
        "C:\\windows\\x",
        "C:/windows/x",
        "~/x",
        "a.txt.",
        "a.txt ",
        "sub./b.txt",
        "a\u202etxt.exe",
        "a\u200b.txt",
        "a\nb",
        ".env",
        "sub/../.env",
        "/proc/self/environ",
        "",
        "  ",
        "x" * 300,
        "a/" * 200 + "b",
    ],
)
def test_ways_out_are_refused(world: Path, path: str):
    """Nothing is opened by a path that leaves the root or hides where it leads."""
    with pytest.raises((Denied, ToolFailed)) as caught:
        Roots([world]).open(path)
    assert caught.value.code == "denied"


def test_a_root_may_be_hidden_if_it_is_named(world: Path):
    """The policy's author can open a hidden folder by naming it."""
    (world / ".cache").mkdir()
    (world / ".cache" / "x.txt").write_text("x")
    assert read(Roots([world / ".cache"]), "x.txt") == "x"
    with pytest.raises(Denied):
        Roots([world]).open(".cache/x.txt")


@pytest.mark.parametrize(
    "target", ["../secret.txt", "{tmp}/secret.txt", "sub/../../secret.txt", "/etc/passwd"]
)
def test_links_out_are_refused(world: Path, target: str):
    """A link of a file or of a folder leads nowhere outside, relative or absolute."""
    (world / "link").symlink_to(target.format(tmp=world.parent))
    (world / "up").symlink_to("..")
    for path in ("link", "up/secret.txt"):
        with pytest.raises(Denied):
            Roots([world]).open(path)


def test_links_inside_are_followed(world: Path):
    """A link that stays inside is opened, also an absolute one and one to a folder."""
    (world / "near").symlink_to("sub/b.txt")
    (world / "far").symlink_to(world / "a.txt")
    (world / "folder").symlink_to("sub")
    roots = Roots([world])
    assert [read(roots, path) for path in ("near", "far", "folder/b.txt")] == ["b", "a", "b"]


def test_links_that_go_round_end(world: Path):
    """A link to itself, and two to each other, are refused."""
    (world / "self").symlink_to("self")
    (world / "one").symlink_to("two")
    (world / "two").symlink_to("one")
    for path in ("self", "one", "one/x"):
        with pytest.raises(Denied, match="round"):
            Roots([world]).open(path)


def test_links_to_hidden_files_are_refused(world: Path):
    """A link does not lead to what its path could not name."""
    (world / "plain").symlink_to(".env")
    with pytest.raises(Denied, match="hidden"):
        Roots([world]).open("plain")


def test_second_names_and_special_files_are_refused(world: Path):
    """A hard link, a pipe and a device are no plain files, to read and to write."""
    os.link(world.parent / "secret.txt", world / "hard")
    os.mkfifo(world / "pipe")
    roots = Roots([world])
    for path in ("hard", "pipe"):
        with pytest.raises(Denied):
            roots.open(path)
        with pytest.raises(Denied), roots.replace(path):
            pass
        with pytest.raises(Denied):
            roots.append(path)
    assert (world.parent / "secret.txt").read_text() == "secret"
    with pytest.raises(Denied, match="belongs to the system"):
        Roots(["/"]).open("/proc/self/status")


def test_a_swapped_link_never_leads_out(world: Path):
    """While a folder is swapped for a link to the outside again and again, no reading gets the secret."""
    (world / "real").mkdir()
    (world / "real" / "secret.txt").write_text("harmless")
    (world / "out").symlink_to(world.parent)
    (world / "real").rename(world / "x")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            (world / "x").rename(world / "real")
            (world / "out").rename(world / "x")
            (world / "x").rename(world / "out")
            (world / "real").rename(world / "x")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        found = set()
        for tries in range(30_000):  # on a busy machine one side may have many turns before the other
            try:
                found.add(read(Roots([world]), "x/secret.txt"))
            except ToolFailed:
                found.add("refused")
            if tries >= 300 and "harmless" in found:
                break
    finally:
        stop.set()
        thread.join()
    assert "secret" not in found
    assert "harmless" in found


def test_files_are_written_whole_or_not_at_all(world: Path):
    """What fails on its way leaves the old file, and no part of a new one."""
    roots = Roots([world])
    with roots.replace("new/deep/c.txt") as file:
        file.write(b"c")
    assert read(roots, "new/deep/c.txt") == "c"
    with pytest.raises(TypeError), roots.replace("a.txt") as file:
        file.writelines([b"half", None])
    assert read(roots, "a.txt") == "a"
    assert not [path for path in world.iterdir() if path.suffix == ".part"]


def test_a_root_that_is_not_there_is_made_by_writing_alone(tmp_path: Path):
    """A folder that is allowed and missing is made for the first file in it, and by no reading."""
    roots = Roots([tmp_path / "new" / "root"])
    with pytest.raises(ToolFailed, match="There is no"):
        roots.open("a.txt")
    with pytest.raises(ToolFailed, match="There is no"), roots.replace("a.txt", parents=False):
        pass
    assert not (tmp_path / "new").exists()
    with roots.replace("deep/a.txt") as file:
        file.write(b"text")
    assert (tmp_path / "new" / "root" / "deep" / "a.txt").read_bytes() == b"text"


def test_writing_goes_through_no_link_out(world: Path):
    """Neither the file nor a folder above it is made outside."""
    (world / "link").symlink_to("../made.txt")
    (world / "up").symlink_to("..")
    roots = Roots([world])
    for path in ("link", "up/made.txt", "up/made/x.txt"):
        with pytest.raises(Denied), roots.replace(path) as file:
            file.write(b"x")
        with pytest.raises(Denied):
            roots.append(path)
    assert sorted(path.name for path in world.parent.iterdir()) == ["root", "secret.txt"]


def test_a_name_that_differs_by_case_is_refused(world: Path):
    """On other systems it would be the file that is there."""
    with pytest.raises(Denied, match=r"'a\.txt'"), Roots([world]).replace("A.TXT"):
        pass
    with pytest.raises(Denied), Roots([world]).replace(".hidden"):
        pass


def test_what_is_missing_is_told(world: Path):
    """A missing file, a folder in place of a file and a file in place of a folder are told apart."""
    roots = Roots([world])
    for path, words in (
        ("no.txt", "no 'no.txt'"),
        ("sub", "is a folder"),
        ("a.txt/b", "no folder"),
        (".", "folder"),
    ):
        with pytest.raises(ToolFailed, match=words):
            roots.open(path)


def test_shared_roots(tmp_path: Path):
    """What two policies allow is what is under roots of both."""
    outer, inner = Roots([tmp_path]), Roots([tmp_path / "in", "/elsewhere"])
    assert outer.within(inner).folders == inner.within(outer).folders == (tmp_path / "in",)
    with pytest.raises(Denied, match="no folder is allowed"):
        outer.within(Roots(["/other"])).open("x")


@given(
    st.lists(st.sampled_from(["..", ".", "sub", "a.txt", "up", "%2e", "", "x", "/"]), min_size=1, max_size=8)
)
def test_no_path_of_such_parts_leads_out(tmp_path_factory, parts: list[str]):
    """However the parts are put together, only files of the root are read."""
    base = tmp_path_factory.getbasetemp() / "walked"
    root = base / "root"
    if not root.exists():
        (root / "sub").mkdir(parents=True)
        (base / "x").write_text("secret")
        (base / "a.txt").write_text("secret")
        (root / "a.txt").write_text("a")
        (root / "up").symlink_to("..")
    with suppress(ToolFailed):
        assert read(Roots([root]), "/".join(parts)) == "a"
