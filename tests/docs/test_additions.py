"""The pages on adding a provider, a tool, a kind of memory and a verb, followed word for word."""

from __future__ import annotations

from pathlib import Path

import pytest
from additions import PAGES, follow

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@each_page
def test_the_changes_of_a_page_fit(page: Path, tmp_path: Path):
    """The files that it makes are not there, and each place that it changes is there once."""
    follow(page, tmp_path / "repository", typing=False)


@pytest.mark.slow
@each_page
def test_a_page_can_be_followed(page: Path, tmp_path: Path):
    """In a copy of the repository all that it says to type ends well: its tests, linters and types."""
    follow(page, tmp_path / "repository", typing=True)


def test_each_has_a_page():
    """For each of the four there is one."""
    assert [page.stem for page in PAGES] == ["add-memory", "add-provider", "add-tool", "add-verb"]
