"""The page on memory says what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from genxai_nb.memory import occasions, registry, scopes

PAGE = (Path(__file__).parents[2] / "docs" / "memory.md").read_text("utf-8")


@pytest.mark.parametrize("kind", registry.names())
def test_each_kind_has_a_section_its_columns_and_its_options(kind):
    """The page has a section for it, its columns in their order, and a word on each option."""
    tables = PAGE.partition("## Tables")[2].partition("\n## ")[0]
    (row,) = re.findall(rf"^\| `{kind}` \| (.*) \|$", tables, re.MULTILINE)
    _, _, section = PAGE.partition(f"\n## {kind}\n")

    assert re.findall(r"`(\w+)`", row) == list(registry.find(kind).columns)
    assert section
    for option in getattr(registry.find(kind), "options", ()):
        assert f"`{option}: " in section.partition("\n## ")[0]


def test_scopes_are_told():
    """Each scope but the usual one is written out."""
    assert all(f"{{scope: {scope}}}" in PAGE for scope in scopes.SCOPES[1:])


def test_occasions_are_told():
    """Both ways to say when a kind is recalled are written out."""
    assert all(f"`{occasions.OPTION}: {way}`" in PAGE for way in (occasions.EACH, occasions.ONCE))
