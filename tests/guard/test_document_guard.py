"""What a filter, a document or an update may hold, whatever is tried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.errors import ToolFailed
from genxai_nb.guard.documents import check_document, check_filter, check_update

RUNS_CODE = {"$where", "$function", "$accumulator", "$expr"}

keys = st.text(max_size=4) | st.sampled_from(
    [*RUNS_CODE, "$and", "$or", "$not", "$set", "$each", "$elemMatch", "$gt", "$regex", "$oid"]
)
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


def all_keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from all_keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from all_keys(item)


@pytest.mark.parametrize("check", [check_filter, check_document, check_update])
@given(value=st.dictionaries(keys, values, max_size=3))
def test_nothing_that_runs_code_is_let_through(check: Any, value: dict[str, Any]):
    """However deep an operator lies, it is found; and nothing makes the check raise in another way."""
    try:
        check(value)
    except ToolFailed:
        return
    assert not RUNS_CODE.intersection(all_keys(value))
