"""A model that is asked over plain HTTP, without a vendor's SDK."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any

from genxai_nb.errors import GenXAIError
from genxai_nb.messages import Delta, ModelReply

from .events import Opened, events_of
from .refusals import Complaint, Server, declined, unforeseen
from .remote import Answer


async def answer_over_http(
    request: AbstractAsyncContextManager[Any], answer: Answer, server: Server, model: str
) -> AsyncGenerator[Delta | ModelReply, None]:
    """Send a request, and read what answers it: deltas as they come, then the whole reply.

    Args:
        request: What ``stream`` of a client of httpx gives.
        answer: Puts the server-sent events together.
        server: Where the request goes.
        model: The model as the server calls it.

    Raises:
        ProviderError: The request failed; which subclass says what can be done.
    """
    try:
        async with request as response:
            await _refuse_other(response, server, model)
            async with aclosing(events_of(Opened(response))) as events:
                async for event in events:
                    for delta in answer.take(event):
                        yield delta
    except GenXAIError:
        raise
    except Exception as exc:  # httpx, its transports and whoever reads raise their own
        raise unforeseen(exc, server.name(model), server) from exc
    yield answer.reply()


async def _refuse_other(response: Any, server: Server, model: str) -> None:
    """Refuse a response that is no answer."""
    if not response.is_success:
        said = await response.aread()
        raise declined(Complaint.in_body(said, response.status_code, response.headers), server, model)
