"""Models that stand in for each other: ``route:openai:gpt-5,anthropic:claude-sonnet-5``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from logging import getLogger
from typing import Any

from msgspec import structs

from genxai_nb.errors import ConnectionLost, DefinitionError, RateLimited, TimedOut
from genxai_nb.messages import Delta, ModelReply, ModelRequest

from .base import Provider

ROUTE = "route"  # in a reply's raw content: which model answered, and which were passed over before it

_PASSED_OVER = (RateLimited, ConnectionLost, TimedOut)

_log = getLogger("genxai_nb")


class Route:
    """Models that are asked in order until one answers.

    The next one is asked when a model takes no more requests now, cannot be reached, or does not begin to answer
    in its share of the time. One that breaks off amid its answer is not passed over: the whole request is made
    again by the chain around the call. Whatever else goes wrong is an error at once.

    Args:
        places: The models, separated by commas.
        find: Finds the provider of a model.
        patience: How many seconds a call may take; all models but the last have an equal share of it to begin.

    Raises:
        DefinitionError: There is no model, or another route among them.

    Example:
        >>> Route("offline, scripted:reply", lambda model: None, patience=600).models
        ('offline', 'scripted:reply')
    """

    name = "route"

    def __init__(self, places: str, find: Callable[[str], Provider], *, patience: float) -> None:
        self.models = tuple(filter(None, map(str.strip, places.split(","))))
        if not self.models or any(model.partition(":")[0] == self.name for model in self.models):
            raise DefinitionError(
                f"Model 'route:{places}' is no list of models.",
                hint="Write models with commas between them, like route:openai:gpt-5,anthropic:claude-sonnet-5.",
            )
        self._providers = [find(model) for model in self.models]
        self._share = patience / len(self.models)

    def __repr__(self) -> str:
        return f"Route({', '.join(self.models)!r})"

    @property
    def window(self) -> int | None:
        """How many tokens the narrowest of the models takes; None if that is not known of any."""
        windows = (getattr(provider, "window", None) for provider in self._providers)
        return min((window for window in windows if window is not None), default=None)

    def price(self, reply: ModelReply) -> float | None:
        """What a reply cost by the model that gave it, in US dollars; None if it is not known.

        Of a reply that is only expected it is the price of the dearest model.
        """
        if ROUTE in reply.raw:
            return _price(self._providers[self.models.index(reply.raw[ROUTE]["answered"])], reply)
        prices = [_price(provider, reply) for provider in self._providers]
        return None if None in prices else max(price for price in prices if price is not None)

    async def stream(self, request: ModelRequest) -> AsyncIterator[Delta | ModelReply]:
        """Answer a request by the first model that can.

        Raises:
            ProviderError: None of them could, or one of them failed for another reason; the last error.
        """
        passed: dict[str, str] = {}
        for number, (model, provider) in enumerate(zip(self.models, self._providers, strict=True), 1):
            last = number == len(self.models)
            stream = provider.stream(structs.replace(request, model=model))
            try:
                try:
                    first = await self._begun(stream, model, None if last else self._share)
                except _PASSED_OVER as exc:
                    if last:
                        raise
                    passed[model] = exc.code
                    _log.warning("Model %r is passed over: %s", model, exc.what)
                    continue
                told = {"answered": model, "passed": passed}
                yield _with(first, told)
                async for item in stream:
                    yield _with(item, told)
                return
            finally:
                if isinstance(stream, AsyncGenerator):
                    await stream.aclose()  # lets go of the connection

    @staticmethod
    async def _begun(
        stream: AsyncIterator[Delta | ModelReply], model: str, share: float | None
    ) -> Delta | ModelReply:
        """The first item of an answer."""
        try:
            async with asyncio.timeout(share):
                return await anext(stream)
        except TimeoutError:
            raise TimedOut(f"Model {model!r} did not begin to answer in {share:g} seconds.") from None
        except StopAsyncIteration:
            raise ConnectionLost(f"Model {model!r} gave no answer.") from None


def _price(provider: Provider, reply: ModelReply) -> float | None:
    traits = getattr(provider, "traits", None)
    price = (traits and traits.price) or getattr(provider, "price", None)
    return price(reply) if price else None


def _with(item: Delta | ModelReply, told: dict[str, Any]) -> Delta | ModelReply:
    if not isinstance(item, ModelReply):
        return item
    raw = item.raw if isinstance(item.raw, dict) else {}
    return structs.replace(item, raw={**raw, ROUTE: told})
