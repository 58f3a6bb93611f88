"""Budgets as they are written, and what fits into them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.errors import DefinitionError, UnknownName
from genxai_nb.guard.budget import Amount, Budget, budget_from


@pytest.mark.parametrize(
    ("given", "budget", "written"),
    [
        (0.5, Budget(money=0.5), "0.5"),
        ("0.50", Budget(money=0.5), "0.5"),
        ("$2", Budget(money=2.0), "2"),
        ("calls=10, tokens=20_000", Budget(calls=10, tokens=20_000), "tokens=20000,calls=10"),
        ({"money": 1, "seconds": "1.5"}, Budget(money=1.0, seconds=1.5), "money=1,seconds=1.5"),
    ],
)
def test_budget_is_read_however_it_is_written(given, budget, written):
    """Dollars, pairs and dicts give the same limits, and their text is read as the same again."""
    assert budget_from(given) == budget
    assert str(budget) == written
    assert budget_from(str(budget)) == budget


@pytest.mark.parametrize(
    "wrong", ["", "x", "calls=1.5", "calls=0", -1, float("inf"), float("nan"), True, {}, [1]]
)
def test_what_is_no_budget_is_refused(wrong):
    """The value is named, with how a budget is written."""
    with pytest.raises(DefinitionError, match=r"budget.*Write dollars, such as 0\.50, or names: money="):
        budget_from(wrong)


def test_unknown_limit_gets_the_nearest_name():
    """A misspelt limit is no limit that is silently left out."""
    with pytest.raises(UnknownName, match="Did you mean 'calls'"):
        budget_from("cals=3")


AMOUNTS = st.builds(
    Amount, st.floats(1e-7, 1e3), st.integers(0, 10**7), st.integers(0, 10**4), st.floats(1e-3, 1e5)
)
LIMITS = st.builds(
    Budget,
    money=st.none() | st.floats(1e-7, 1e3),
    tokens=st.none() | st.integers(1, 10**7),
    calls=st.none() | st.integers(1, 10**4),
    seconds=st.none() | st.floats(1e-3, 1e5),
).filter(lambda budget: budget != Budget())


@given(LIMITS, AMOUNTS)
def test_raised_budget_holds_what_the_old_one_lacked_and_no_other_limit(limit, amount):
    """It has the same kinds of limits, none of them lower, and its text can be typed."""
    raised = limit.raised(amount)
    assert raised.lacking(amount) is None
    assert budget_from(str(raised)).lacking(amount) is None
    for name in Budget.__struct_fields__:
        before, after = getattr(limit, name), getattr(raised, name)
        assert (before is None) == (after is None)
        assert before is None or after >= before
    if limit.lacking(amount) is None:
        assert all(
            getattr(limit, n) is None or getattr(raised, n) < getattr(limit, n) * 1.02
            for n in ("money", "seconds")
        )


def test_price_that_is_not_known_fits_into_no_budget_of_money():
    """It is not 0: no sum forgets it, and only limits of other kinds hold it."""
    unknown = Amount(None, 5) + Amount(0.1, 5)
    assert unknown.money is None
    assert Budget(money=100.0).lacking(unknown) == "money"
    assert Budget(tokens=10).lacking(unknown) is None
