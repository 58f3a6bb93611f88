"""The pages that say how something is added to the package, and what it takes to follow one word for word.

A block with a title is a new file, or, as a diff, a change of one; a block of ``sh`` is a line to type.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("add-*.md"))
LEFT = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", ".*_cache", ".hypothesis", ".coverage*", ".genxai", "__pycache__"
)
_BLOCK = re.compile(
    r'^```(?P<kind>\w+)(?: title="(?P<path>[^"]+)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL
)


def follow(page: Path, copy: Path, *, typing: bool) -> None:
    """Do in a copy of the repository what a page says.

    Args:
        page: The page.
        copy: A folder that is not there yet.
        typing: Do what is to be typed, too; else only files are made and changed, and no others are copied.

    Raises:
        AssertionError: A change does not fit, or what is typed ends with an error.
    """
    blocks = list(_BLOCK.finditer(page.read_text("utf-8")))
    if typing:
        shutil.copytree(ROOT, copy, ignore=LEFT)
        _make_environment(copy)
    for block in blocks:
        kind, path, text = block["kind"], copy / (block["path"] or ""), block["text"]
        if kind == "sh":
            for line in text.splitlines() if typing else ():
                _type(line, copy)
        elif kind == "diff":
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / block["path"], path)
            _change(path, text)
        elif block["path"]:
            assert not (ROOT / block["path"]).exists(), f"{block['path']} is there already."
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


def _change(path: Path, diff: str) -> None:
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] != "+")
    after = "".join(line[1:] for line in lines if line[0] != "-")
    text = path.read_text("utf-8")
    assert text.count(before) == 1, f"{path.name} has {text.count(before)} places such as\n{before}"
    path.write_text(text.replace(before, after), "utf-8")


def _make_environment(copy: Path) -> None:
    """Give the copy a ``.venv`` that has the packages of this one, and the copy for genxai_nb."""
    venv.create(copy / ".venv", symlinks=True)
    here = Path(sysconfig.get_path("scripts"))
    for program in ("lint-imports", "mypy", "ruff"):
        (copy / ".venv" / "bin" / program).symlink_to(here / program)
    [packages] = (copy / ".venv").glob("lib/*/site-packages")
    (packages / "copy.pth").write_text(f"{copy}\n{sysconfig.get_path('purelib')}\n", "utf-8")


def _type(line: str, copy: Path) -> None:
    names = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTHON"))}
    done = subprocess.run(
        shlex.split(line),
        cwd=copy,
        env={**names, "RAYON_NUM_THREADS": "1", "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout[-4000:]}{done.stderr[-2000:]}"
