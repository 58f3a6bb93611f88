"""Anthropic's models, through the official SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genxai_nb.messages import ModelRequest

from .content_blocks import LONGEST, SURE, Blocks, parameters
from .reasoning import ADAPTIVE, REASONING, complained
from .remote import CONNECT, Answer, Offer, Remote

if TYPE_CHECKING:
    from types import ModuleType

    from anthropic import AsyncAnthropic

    from .refusals import Complaint, Server


class Anthropic(Remote):
    """A model of Anthropic, with the key in ``ANTHROPIC_API_KEY``, at ``ANTHROPIC_BASE_URL`` if that is set.

    Args:
        model: The model's name, such as ``claude-sonnet-4-5``.

    Example:
        >>> Anthropic("claude-haiku-4-5").window
        200000
    """

    name = "anthropic"
    modules = ("anthropic", "anthropic.resources.messages")
    untaken = frozenset(["temperature"])  # the API refuses it since 2026-10-21, even at its default

    def client(self, sdk: ModuleType, server: Server) -> AsyncAnthropic:
        """Make a client of the SDK, which tries nothing again."""
        key = server.key.reveal() if server.key else None
        made: AsyncAnthropic = sdk.AsyncAnthropic(
            api_key=key, base_url=server.url, max_retries=0, timeout=sdk.Timeout(None, connect=CONNECT)
        )
        return made

    def parameters(self, request: ModelRequest, refused: frozenset[str]) -> dict[str, Any]:
        """Say a request in the words of the Messages API, which wants a limit for every answer."""
        limit = request.max_tokens or (SURE if "max_tokens" in refused else LONGEST)
        if isinstance(request.reasoning, int) and limit <= request.reasoning:
            limit += request.reasoning  # thoughts count for the limit, which has to be above theirs
        return {**parameters(request, self.model, refused), "max_tokens": limit, "stream": True}

    def refused(self, complaint: Complaint, sent: dict[str, Any]) -> str | None:
        """Name what the server takes no part in; that may be a limit that only we have set."""
        if sent["max_tokens"] == LONGEST and "max_tokens" in complaint.words and complaint.status == 400:
            return "max_tokens"
        if complained(complaint, sent):
            if "tool_choice" in complaint.words and "tool_choice" in sent:
                return "tool_choice"
            beside = "thinking" in sent and "effort" in sent.get("output_config", ())
            return ADAPTIVE if beside and "effort" not in complaint.words else REASONING
        return super().refused(complaint, sent)

    async def send(self, client: AsyncAnthropic, sent: dict[str, Any]) -> Any:
        """Send a request and return the SDK's stream."""
        return await client.messages.create(**sent)

    def answer(self, request: ModelRequest, server: Server) -> Answer:
        """Make what puts the blocks of an answer together."""
        return Blocks(request, server, self.model)

    async def offers(self) -> list[Offer]:
        """Ask the vendor for the models that the key may use.

        Raises:
            ProviderError: The request failed.
        """

        async def listed(client: AsyncAnthropic) -> list[Offer]:
            found = client.models.list(limit=1000)
            return [Offer(one.id, one.max_input_tokens, one.max_tokens) async for one in found]

        return await self.ask(listed)

    async def count(self, request: ModelRequest) -> int:
        """Let the vendor count the tokens of a request.

        Raises:
            ProviderError: The request failed.
        """

        async def counted(client: AsyncAnthropic) -> int:
            return (await client.messages.count_tokens(**parameters(request, self.model))).input_tokens

        return await self.ask(counted)
