"""The blocks of code in a page, and a fresh interpreter that runs them: ``python doc_blocks.py`` reads cells as JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^>]+?) -->\n+)?```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """A block of a page that is code of ours: Python, or a cell.

    Attributes:
        page: The page's name.
        line: Where it begins.
        code: What it holds.
        reason: Why it is not run; empty if it is.
    """

    page: str
    line: int
    code: str
    reason: str


def blocks_of(page: Path) -> Iterator[Block]:
    """Find the blocks of Python, and those that begin with a magic or bind one."""
    text = page.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        code = found["code"]
        if found["language"] == "python" or (not found["language"] and re.match(r"%|\w+ = %", code)):
            line = text.count("\n", 0, found.start("code"))
            yield Block(page.name, line, code, found["reason"] or "")


def run_fresh(cells: Iterable[str], place: Path) -> list[str | None]:
    """Run cells one after the other in a fresh interpreter, in a folder; each one's error, or None."""
    names = {name: value for name, value in os.environ.items() if not name.startswith("GENXAI_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", __file__],
        input=json.dumps(list(cells)),
        cwd=place,
        env={**names, "IPYTHONDIR": str(place / "ipython")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    errors: list[str | None] = json.loads(done.stdout.splitlines()[-1])
    return errors


def _run_all(cells: list[str]) -> list[str | None]:
    """Run cells in a shell of this process; an error leaves the others to run."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    shell.run_line_magic("load_ext", "genxai_nb")

    def error_of(code: str) -> str | None:
        with capture_output():
            done: Any = shell.run_cell(code, store_history=True)
        error = done.error_in_exec or done.error_before_exec
        return error and f"{type(error).__name__}: {error}"

    return [error_of(code) for code in cells]


if __name__ == "__main__":
    print(json.dumps(_run_all(json.load(sys.stdin))))
