"""Cohere's models, through the official SDK."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import json

from genxai_nb.messages import ModelReply, ModelRequest

from .cohere_chat import Events, billed, parameters
from .events import Opened
from .prices import list_price
from .refusals import Complaint, declined, unforeseen
from .remote import CONNECT, Answer, Offer, Remote

if TYPE_CHECKING:
    from types import ModuleType

    from cohere import AsyncClientV2

    from genxai_nb.errors import GenXAIError

    from .refusals import Server

_STATUSES = {
    498: 401,
    499: 408,
}  # what only this vendor answers: its key is invalid, the connection was closed
_LONGEST = 65_536  # characters of a text whose tokens are counted


class Cohere(Remote):
    """A model of Cohere, with the key in ``CO_API_KEY``, else ``COHERE_API_KEY``, at ``CO_API_URL`` if that is set.

    Args:
        model: The model's name, such as ``command-a-03-2025``.

    Example:
        >>> Cohere("command-a-03-2025").window
        256000
    """

    name = "cohere"
    modules = ("cohere", "cohere.client_v2", "cohere.core.api_error")

    def client(self, sdk: ModuleType, server: Server) -> AsyncClientV2:
        """Make a client of the SDK, which tries nothing again."""
        import httpx

        transport = httpx.AsyncClient(timeout=httpx.Timeout(None, connect=CONNECT), follow_redirects=True)
        made: AsyncClientV2 = sdk.AsyncClientV2(
            api_key=server.key.reveal() if server.key else "",
            base_url=server.url,
            max_retries=0,
            httpx_client=transport,
        )
        return made

    def parameters(self, request: ModelRequest, refused: frozenset[str]) -> dict[str, Any]:
        """Say a request in the words of the API."""
        return parameters(request, self.model, refused)

    async def send(self, client: AsyncClientV2, sent: dict[str, Any]) -> Any:
        """Send a request and return the stream, which the SDK would read without what is corrupt in it."""
        context = client.with_raw_response.chat_stream(**sent)
        answered = await context.__aenter__()
        stream = Opened(answered.response)
        stream.push_async_exit(context)
        return stream

    def answer(self, request: ModelRequest, server: Server) -> Answer:
        """Make what puts the events of an answer together."""
        return Events(request, server, self.model)

    def complaint(self, exc: Exception, sdk: ModuleType) -> Complaint | None:
        """What the server said to a request, if that is what an error of the SDK tells."""
        return _complaint(exc) if isinstance(exc, sdk.core.api_error.ApiError) else None

    def mapped(self, exc: Exception, sdk: ModuleType, server: Server) -> GenXAIError:
        """Say an error of the SDK as one of ours."""
        if (complaint := self.complaint(exc, sdk)) is not None:
            return declined(complaint, server, self.model)
        return unforeseen(exc, server.name(self.model), server)

    def price(self, reply: ModelReply) -> float | None:
        """The vendor's list price of what it charges for in US dollars, None if it is not known."""
        charged = billed(reply.raw["usage"])
        return super().price(reply) if charged is None else list_price(self.name, self.model, charged)

    async def offers(self) -> list[Offer]:
        """Ask the vendor for the models that chat.

        Raises:
            ProviderError: The request failed.
        """

        async def listed(client: AsyncClientV2) -> list[Offer]:
            found: list[Offer] = []
            page: str | None = ""
            while page is not None:
                asked = {"page_token": page} if page else {}
                told = await client.models.list(endpoint="chat", page_size=1000, **asked)
                found += [Offer(one.name or "", int(one.context_length or 0) or None) for one in told.models]
                page = told.next_page_token or None
            return found

        return await self.ask(listed)

    async def count(self, request: ModelRequest) -> int:
        """Let the vendor count the tokens of a request's texts and tools; it counts no more.

        Raises:
            ProviderError: The request failed.
        """
        texts = [message.text for message in request.messages]
        texts += [json.encode(tool).decode() for tool in request.tools]
        said = "\n".join(filter(None, texts))

        async def counted(client: AsyncClientV2) -> int:
            count = 0
            for start in range(0, len(said), _LONGEST):
                piece = said[start : start + _LONGEST]
                told = await client.tokenize(text=piece, model=self.model, offline=False)
                count += len(told.tokens)
            return count

        return await self.ask(counted)

    async def embed(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """The embeddings of texts, in their order.

        Raises:
            ProviderError: The request failed.
        """

        async def embedded(client: AsyncClientV2) -> list[Sequence[float]]:
            told = await client.embed(
                model=self.model,
                texts=[*texts],
                input_type="search_document",
                embedding_types=["float"],
            )
            return [*(told.embeddings.float_ or ())]

        return await self.ask(embedded)


def _complaint(exc: Any) -> Complaint:
    status = exc.status_code or 0
    return Complaint.of(exc.body or str(exc), _STATUSES.get(status, status), exc.headers)
