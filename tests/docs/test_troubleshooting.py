"""The messages in docs/troubleshooting.md are those that people get."""

from __future__ import annotations

import re

from doc_blocks import ROOT, run_fresh
from troubles import SETUP, TROUBLES

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
HEADINGS = [text for _, text in re.findall(r"^### (`+)(.+)\1$", PAGE, re.MULTILINE)]
SOURCES = [
    path.read_text("utf-8") for path in (ROOT / "genxai_nb").rglob("*") if path.suffix in {".py", ".js"}
]


def holds(error: str | None, heading: str) -> bool:
    pattern = ".+?".join(map(re.escape, heading.split("...")))
    return re.search(pattern, error or "", re.DOTALL) is not None


def test_each_message_is_brought_about(tmp_path):
    """Who does what its cells do gets that message, whatever else it says."""
    cells, ends = list(SETUP), {}
    for heading, made in TROUBLES.items():
        cells += made
        ends[heading] = len(cells) - 1
    errors = run_fresh(cells, tmp_path)

    assert errors[: len(SETUP)] == [None] * len(SETUP)
    assert {
        h: errors[ends[h]] for h, made in TROUBLES.items() if made and not holds(errors[ends[h]], h)
    } == {}


def test_other_messages_stand_in_the_source():
    """What needs a crash or another machine is at least what the package would say."""
    words = {
        heading: [part for part in heading.split("...") if part]
        for heading, made in TROUBLES.items()
        if not made
    }

    assert 0 < len(words) <= 5
    assert [
        h for h, parts in words.items() if not any(all(p in text for p in parts) for text in SOURCES)
    ] == []


def test_the_page_has_these_messages_and_what_to_do():
    """No message is told that was not tried, none was tried that is not told, and each has a remedy."""
    sections = re.split(r"^##+ .+$", PAGE, flags=re.MULTILINE)

    assert sorted(HEADINGS) == sorted(TROUBLES)
    assert len(HEADINGS) >= 25
    assert [len(section) for section in sections if 0 < len(section.strip()) < 40] == []
