"""The page of tools in the docs."""

from __future__ import annotations

import pytest
from tool_cases import CASES
from tool_table import PAGE, page, said

from genxai_nb.tools.registry import describe


def test_every_tool_has_its_cases():
    """Each builtin tool names a happy case, a limit, a hostile case and a real use, and nothing else does."""
    assert sorted(CASES) == [row.name for row in describe() if row.origin == "builtin"]


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_cases_are_there(name: str):
    """Each named test exists and says what it shows."""
    assert all(said(test) for test in CASES[name])


def test_the_page_is_as_the_tools_are():
    """The page says what the generator says now: python tests/support/tool_table.py."""
    assert PAGE.read_text("utf-8") == page()
