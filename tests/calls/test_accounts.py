"""Accounts: what is reserved, spent and left, and what calls are expected to take."""

from __future__ import annotations

import asyncio

import pytest

from genxai_nb.calls.budget import Account, answered, asked
from genxai_nb.calls.spent import called_in, driven_in
from genxai_nb.guard.budget import Amount, Budget
from genxai_nb.journal import events as facts
from genxai_nb.messages import ModelReply, ModelRequest, Usage, assistant, user
from genxai_nb.providers.registry import model_call
from genxai_nb.providers.vendors import VENDORS


def test_answer_is_paid_by_what_its_vendor_charges_and_without_usage_by_what_was_expected():
    """The price sees the reply as it came; an answer that its reader left tells no usage, and was not free."""
    request = ModelRequest(model="m", messages=(user("Moss?"),), max_tokens=10)

    def charged(reply: ModelReply) -> float:
        return reply.raw.get("charged", reply.usage.total / 100)

    told = ModelReply(message=assistant("Moss."), usage=Usage(3, 4), raw={"charged": 0.01})
    assert answered("model", request, told, None, charged) == Amount(0.01, 7, 1)
    left = ModelReply(message=assistant("Mo"), stop="abandoned")
    expected = asked("model", request, charged)
    assert expected.tokens > 10
    assert answered("model", request, left, 0.0, charged) == expected


@pytest.mark.parametrize(
    ("reasoning", "limit", "most"),
    [(None, 500, 500), ("high", 500, 500), (2000, 500, 2500), (2000, 4000, 4000), (2000, None, 3024)],
)
def test_thoughts_that_raise_the_limit_of_an_answer_are_expected(reasoning, limit, most):
    """Where they may take as many tokens as the answer or more, the vendor is told a limit above both."""
    request = ModelRequest(model="m", messages=(user("Moss?"),), max_tokens=limit, reasoning=reasoning)
    bare = ModelRequest(model="m", messages=(user("Moss?"),), max_tokens=1)
    assert asked("model", request, None).tokens - asked("model", bare, None).tokens == most - 1


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendors_small_model_has_a_price_before_it_is_asked(vendor: str, monkeypatch):
    """Of an answer that is only expected, no more is known than its tokens, and that is enough."""
    monkeypatch.setenv(VENDORS[vendor].variable, "k")
    model = f"{vendor}:{VENDORS[vendor].small}"
    request = ModelRequest(model=model, messages=(user("Moss?"),), max_tokens=1000)
    expected = asked("model", request, model_call(model)[1].price)
    assert 0 < expected.money < 0.05


def test_loop_that_was_closed_while_a_call_waited_disturbs_nobody():
    """The accounts of a process outlive the loops of its runs."""
    account = Account("this process", Budget(calls=1))
    account.reserve(Amount(calls=1))

    async def wait() -> None:
        account.settled()

    asyncio.run(wait())
    account.settle(Amount(calls=1), Amount(calls=1))
    assert account.spent.calls == 1


async def test_call_waits_for_what_another_one_gives_back():
    """While a call is under way one that does not fit waits; it is refused only when nothing is left to wait for."""
    account = Account("this run", Budget(tokens=100))
    account.reserve(Amount(tokens=80, calls=1))
    assert account.lacking(Amount(tokens=30)) == "tokens"
    settled = account.settled()
    account.settle(Amount(tokens=80, calls=1), Amount(tokens=10, calls=1))
    await settled
    assert account.lacking(Amount(tokens=30)) is None
    assert account.spent.tokens == 10


def test_time_in_which_nobody_drove_does_not_count():
    """Between a pause, a failure or a crash and what comes next, no time is spent."""
    at = iter(
        (
            facts.RunStarted(at=0, run="r1", graph="g", structure="", input={}, definitions={}),
            facts.NodeStarted(at=2, node="a", visit=1, parents=()),
            facts.RunPaused(at=5, reason="asked"),
            facts.RunResumed(at=100, definitions={}),
            facts.NodeStarted(at=103, node="b", visit=1, parents=()),
            facts.RunResumed(at=200, definitions={}),
            facts.RunFinished(at=207),
        )
    )
    assert driven_in(at) == 5 + 3 + 7


def test_a_clock_that_is_set_back_gives_no_time_back():
    """What was spent before is spent, and what comes after counts."""
    started = facts.CallStarted(
        at=5000, slot="a", kind="model", name="n", request={}, node="a", visit=1, ordinal=0
    )
    events = [
        facts.RunStarted(at=4990, run="r1", graph="g", structure="", input={}, definitions={}),
        started,
        facts.CallRetried(at=5003, slot="a", error="busy", attempt=1, wait=1.0),
        facts.CallRetried(at=1400, slot="a", error="busy", attempt=2, wait=1.0),
        facts.CallFinished(at=1402, slot="a", reply=None),
        facts.RunFinished(at=1403),
    ]
    assert driven_in(events) == 10 + 3 + 2 + 1
    assert called_in(events, {"a"}) == 3 + 2
