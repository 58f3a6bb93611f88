"""Links in README and docs/ lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from doc_blocks import ROOT
from markdown.extensions.toc import slugify

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """The places of a page that a link can name; a number is put behind one that is there already."""
    found: dict[str, int] = {}
    for heading in re.findall(r"^#+ +(.+?)(?: #+)?$", FENCED.sub("", page.read_text("utf-8")), re.MULTILINE):
        slug = slugify(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading), "-")
        found[slug] = found.get(slug, -1) + 1
    return {slug if number == 0 else f"{slug}_{number}" for slug, number in found.items()} | set(found)


def is_broken(page: Path, link: str) -> bool:
    target, _, anchor = link.partition("#")
    found = page.parent / target if target else page
    if not found.exists():
        return True
    return bool(anchor) and found.suffix == ".md" and anchor not in anchors(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_of_a_page_lead_somewhere(page):
    """To a file of the repository, and to a heading in it where they name one."""
    links = LINK.findall(FENCED.sub("", page.read_text("utf-8")))
    inside = [link for link in links if not re.match(r"[a-z]+:", link)]

    assert [link for link in inside if is_broken(page, link)] == []


@pytest.mark.parametrize("link", ["nowhere.md", "errors.md#no-such-error", "#no-such-heading"])
def test_a_link_that_leads_nowhere_is_seen(link):
    """A file that is missing, or a heading."""
    assert is_broken(ROOT / "docs" / "language.md", link)
    assert not is_broken(ROOT / "docs" / "language.md", "errors.md#nodefailed")
