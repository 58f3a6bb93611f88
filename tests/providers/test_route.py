"""Models that stand in for each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from genxai_nb.agents.agent import Agent
from genxai_nb.errors import (
    Authentication,
    BadResponse,
    ConnectionLost,
    ContextTooLong,
    DefinitionError,
    IncompleteStream,
    RateLimited,
    Refused,
    TimedOut,
)
from genxai_nb.journal.events import CallFinished
from genxai_nb.messages import ModelReply, ModelRequest, TextDelta, Usage, assistant, user
from genxai_nb.providers.registry import find_provider, model_call, window_of
from genxai_nb.providers.route import Route

REQUEST = ModelRequest(model="route:a,b", messages=(user("Hi"),))


class Played:
    """A model that streams what it is given: items, and errors to raise."""

    def __init__(self, *items: Any, window: int | None = None, price: float | None = None) -> None:
        self.name = "played"
        self.items = items
        self.window = window
        self.cost = price
        self.asked: list[str] = []
        self.closed = 0

    def price(self, _reply: ModelReply) -> float | None:
        return self.cost

    async def stream(self, request: ModelRequest) -> AsyncIterator[Any]:
        self.asked.append(request.model)
        try:
            for item in self.items:
                if isinstance(item, BaseException):
                    raise item
                if item is ...:
                    await asyncio.Event().wait()
                yield item
        finally:
            self.closed += 1


def saying(text: str, **more: Any) -> Played:
    return Played(TextDelta(text), ModelReply(message=assistant(text), raw={"id": "x"}), **more)


def route_of(patience: float = 600, **models: Played) -> Route:
    return Route(",".join(models), models.__getitem__, patience=patience)


async def answered(route: Route) -> list[Any]:
    return [item async for item in route.stream(REQUEST)]


async def test_first_model_answers_if_it_can():
    """The others are not asked; the reply says who answered, beside what its vendor told."""
    a, b = saying("Moss."), saying("Fern.")
    delta, reply = await answered(route_of(a=a, b=b))
    assert (delta, reply.message.text) == (TextDelta("Moss."), "Moss.")
    assert reply.raw == {"id": "x", "route": {"answered": "a", "passed": {}}}
    assert (a.asked, b.asked) == (["a"], [])


@pytest.mark.parametrize(
    "error",
    [
        RateLimited("Busy.", retry_after=9),
        ConnectionLost("Gone."),
        TimedOut("Late."),
        IncompleteStream("Cut."),
    ],
)
async def test_next_model_is_asked_where_one_cannot_answer(error: Exception, caplog):
    """A model that is busy or not there is passed over, which is told in the reply and once in the log."""
    a, b = Played(error), saying("Fern.")
    *_, reply = await answered(route_of(a=a, b=b))
    assert reply.message.text == "Fern."
    assert reply.raw["route"] == {"answered": "b", "passed": {"a": error.code}}
    assert [record.getMessage() for record in caplog.records] == [f"Model 'a' is passed over: {error.what}"]
    assert (a.closed, b.closed) == (1, 1)


@pytest.mark.parametrize(
    "error", [Authentication("No key."), ContextTooLong("Long."), Refused("No."), BadResponse("Odd.")]
)
async def test_what_another_model_would_not_mend_is_an_error_at_once(error: Exception):
    """A wrong key, a request that is too long and a refusal are not hidden by another model."""
    b = saying("Fern.")
    with pytest.raises(type(error)):
        await answered(route_of(a=Played(error), b=b))
    assert not b.asked


async def test_last_error_is_raised_if_none_can():
    """With no model left the last one's error is told, with its wait."""
    busy = RateLimited("Busy too.", retry_after=3)
    with pytest.raises(RateLimited, match="Busy too") as caught:
        await answered(route_of(a=Played(ConnectionLost("Gone.")), b=Played(busy)))
    assert caught.value.retry_after == 3


async def test_answer_that_breaks_off_is_not_gone_on_with_by_another():
    """What one model has begun another does not end; the chain makes the whole request again."""
    b = saying("Fern.")
    with pytest.raises(IncompleteStream):
        await answered(route_of(a=Played(TextDelta("Mo"), IncompleteStream("Cut.")), b=b))
    assert not b.asked


async def test_model_that_does_not_begin_gives_way():
    """Each model but the last has its share of the time to begin, and is hung up on then."""
    a, b = Played(...), saying("Fern.")
    *_, reply = await answered(route_of(patience=0.02, a=a, b=b))
    assert reply.raw["route"] == {"answered": "b", "passed": {"a": "timed_out"}}
    assert a.closed == 1


async def test_reader_that_leaves_hangs_up():
    """Who reads no further lets go of the model that answers, at once."""
    a = Played(TextDelta("Mo"), ...)
    async with aclosing(route_of(a=a).stream(REQUEST)) as stream:
        assert await anext(stream) == TextDelta("Mo")
    assert a.closed == 1


async def test_model_that_says_nothing_gives_way():
    """A stream without a single item is no answer."""
    *_, reply = await answered(route_of(a=Played(), b=saying("Fern.")))
    assert reply.raw["route"]["passed"] == {"a": "connection_lost"}


async def test_price_is_that_of_the_model_that_answered():
    """Who was passed over costs nothing; the window is that of the narrowest model that is known."""
    route = route_of(
        a=Played(RateLimited("Busy."), window=100, price=9.0),
        b=saying("Fern.", window=50, price=2.0),
        c=saying("Yew."),
    )
    *_, reply = await answered(route)
    assert (route.price(reply), route.window) == (2.0, 50)
    assert route_of(c=saying("Yew.")).window is None


def test_price_of_an_answer_that_is_only_expected_is_that_of_the_dearest_model(monkeypatch):
    """A budget has to hold whichever model answers; one without a price leaves none."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    expected = ModelReply(message=assistant(""), usage=Usage(1_000_000, 1_000_000), raw={"model": ""})
    dear, cheap = (find_provider(f"openai:{name}").price(expected) for name in ("gpt-4o", "gpt-4o-mini"))
    assert dear > cheap > 0
    assert find_provider("route:openai:gpt-4o-mini,offline,openai:gpt-4o").price(expected) == dear
    assert find_provider("route:openai:gpt-4o-mini,openai:nobody-knows").price(expected) is None


@pytest.mark.parametrize("places", ["", " , ", "offline,route:offline"])
def test_list_without_models_is_told(places: str):
    """A route has to lead somewhere, and not to another route."""
    with pytest.raises(DefinitionError, match="is no list of models. Write models with commas"):
        find_provider(f"route:{places}")


def test_models_of_a_route_have_to_be_there(monkeypatch):
    """What one of them lacks is told before any is asked."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with pytest.raises(Authentication, match="ANTHROPIC_API_KEY is not set"):
        model_call("route:openai:gpt-5,anthropic:claude-haiku-4-5")


def test_agent_goes_on_with_another_vendor(llmock, monkeypatch):
    """The call is recorded with who answered, at that vendor's price, and nothing is tried twice."""
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "beta")  # llmock has no other
    llmock.fail(429, provider="openai").outage(provider="gemini").reply("Fern.", provider="cohere")
    model = "route:openai:gpt-4o-mini, google:gemini-2.5-flash, cohere:command-a-03-2025"
    stream = Agent("clerk", model=model).stream("What grows?", store=":memory:")
    assert "".join(stream) == "Fern."
    assert [record.provider for record in llmock.requests] == ["openai", "gemini", "cohere"]
    (finished,) = [event for event in stream.run.events() if isinstance(event, CallFinished)]
    assert finished.reply.raw["route"] == {
        "answered": "cohere:command-a-03-2025",
        "passed": {"openai:gpt-4o-mini": "rate_limited", "google:gemini-2.5-flash": "rate_limited"},
    }
    assert finished.cost == find_provider("cohere:command-a-03-2025").price(finished.reply) > 0
    assert (finished.attempts, window_of(model)) == (1, 128_000)
