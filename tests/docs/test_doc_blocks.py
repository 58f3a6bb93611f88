"""The code in README and docs/ runs as it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from doc_blocks import PAGES, ROOT, blocks_of, run_fresh

BLOCKS = {page: list(blocks_of(page)) for page in PAGES}

# Why a block is not run, by its page. Each such block says it in a comment above it.
NOT_RUN = {"connections.md": ["needs a server of MCP"]}

DRAFTS = (
    """%%genxai agent writer
task: Explain {{topic}}
writes: draft
""",
    """%%genxai graph review
START -> writer -> END
""",
)
# What a page speaks of without showing it.
BEFORE = {
    "connections.md": (
        """import sqlite3
with sqlite3.connect("shop.db") as shop:
    shop.execute("CREATE TABLE towns (name TEXT)")
shop.close()
""",
    ),
    "export.md": (
        *DRAFTS,
        """for _ in range(7):
    review.run({"topic": "yeast"})
""",
    ),
}


def quickstart(*heads: str) -> list[str]:
    """The cells of the quickstart that begin so; the README speaks of them."""
    cells = json.loads((ROOT / "notebooks" / "quickstart.ipynb").read_text("utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    return [next(source for source in sources if source.startswith(head)) for head in heads]


def before(page: Path) -> list[str]:
    """The cells that a page takes for granted."""
    if page.name == "README.md":
        return ["%load_ext genxai_nb", *quickstart("%%genxai schema Review", "%%genxai agent critic")]
    return list(BEFORE.get(page.name, ()))


@pytest.mark.parametrize("page", [page for page in PAGES if BLOCKS[page]], ids=lambda page: page.stem)
def test_every_block_of_a_page_runs(page, tmp_path):
    """In a fresh interpreter and an empty folder, from top to bottom, by the offline model."""
    run = [block for block in BLOCKS[page] if not block.reason]
    given = before(page)
    errors = run_fresh([*given, *(block.code for block in run)], tmp_path)

    assert errors[: len(given)] == [None] * len(given)
    assert {
        f"line {b.line}": error for b, error in zip(run, errors[len(given) :], strict=True) if error
    } == {}


def test_blocks_that_are_not_run_are_few_and_listed():
    """At most one in twenty, each with its reason here and in the page."""
    every = [block for blocks in BLOCKS.values() for block in blocks]
    skipped = [block for block in every if block.reason]
    found = {block.page: [other.reason for other in skipped if other.page == block.page] for block in skipped}

    assert found == NOT_RUN
    assert len(skipped) <= len(every) / 20


def test_a_block_that_fails_is_told(tmp_path):
    """By its error; the blocks behind it run all the same."""
    errors = run_fresh(["raise ValueError('no')", "%genxai nothing", "x = 1", "%genxai"], tmp_path)

    assert errors[0] == "ValueError: no"
    assert errors[1] is not None
    assert "nothing" in errors[1]
    assert errors[2:] == [None, None]
