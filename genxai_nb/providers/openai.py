"""OpenAI's models, and those of any server that speaks Chat Completions, through the official SDK."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from genxai_nb.errors import SetupError
from genxai_nb.messages import ModelRequest

from . import chat, responses
from .refusals import Server
from .remote import CONNECT, Answer, Offer, Remote

if TYPE_CHECKING:
    from types import ModuleType

    from openai import AsyncOpenAI

API = "GENXAI_OPENAI_API"

_HOME = re.compile(r"https://([a-z]{2}\.)?api\.openai\.com(/|$)")


class ChatModel(Remote):
    """A model of a server that speaks Chat Completions."""

    name = "chat"
    modules: ClassVar[tuple[str, ...]] = ("openai", "openai.resources.chat.chat")

    def client(self, sdk: ModuleType, server: Server) -> AsyncOpenAI:
        """Make a client of the SDK; servers that want no key are given none that could be one."""
        key = server.key.reveal() if server.key else "none"
        made: AsyncOpenAI = sdk.AsyncOpenAI(
            api_key=key, base_url=server.url, max_retries=0, timeout=sdk.Timeout(None, connect=CONNECT)
        )
        return made

    def parameters(self, request: ModelRequest, refused: frozenset[str]) -> dict[str, Any]:
        """Say a request in the words of Chat Completions."""
        return chat.parameters(request, self.model, refused)

    async def send(self, client: AsyncOpenAI, sent: dict[str, Any]) -> Any:
        """Send a request and return the SDK's stream."""
        return await client.chat.completions.create(**sent)

    def answer(self, request: ModelRequest, server: Server) -> Answer:
        """Make what puts the chunks of an answer together."""
        return chat.Chunks(request, server, self.model)

    async def offers(self) -> list[Offer]:
        """Ask the server for the models that it has.

        Raises:
            ProviderError: The request failed.
        """

        async def listed(client: AsyncOpenAI) -> list[Offer]:
            return [Offer(one.id) async for one in client.models.list()]

        return await self.ask(listed)

    async def embed(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """The embeddings of texts, in their order.

        Raises:
            ProviderError: The request failed.
        """

        async def embedded(client: AsyncOpenAI) -> list[Sequence[float]]:
            made = client.embeddings.create(model=self.model, input=[*texts], encoding_format="float")
            return [one.embedding for one in sorted((await made).data, key=lambda one: one.index)]

        return await self.ask(embedded)


class OpenAI(ChatModel):
    """A model of OpenAI, with the key in ``OPENAI_API_KEY``, at ``OPENAI_BASE_URL`` if that is set.

    The vendor itself is asked by its Responses API, any other address by Chat Completions, which more
    servers know; ``GENXAI_OPENAI_API`` set to ``responses`` or ``chat`` decides otherwise.

    Args:
        model: The model's name, such as ``gpt-5``.

    Example:
        >>> OpenAI("gpt-5").window
        400000
    """

    name = "openai"
    modules = (*ChatModel.modules, "openai.resources.responses.responses")

    def parameters(self, request: ModelRequest, refused: frozenset[str]) -> dict[str, Any]:
        """Say a request in the words of the API that the server is asked by."""
        if not _responds(self.server):
            return super().parameters(request, refused)
        return responses.parameters(request, self.model, refused)

    async def send(self, client: AsyncOpenAI, sent: dict[str, Any]) -> Any:
        """Send a request and return the SDK's stream."""
        return await (client.responses.create(**sent) if "input" in sent else super().send(client, sent))

    def answer(self, request: ModelRequest, server: Server) -> Answer:
        """Make what puts the events of an answer together."""
        if not _responds(server):
            return super().answer(request, server)
        return responses.Items(request, server, self.model)

    async def count(self, request: ModelRequest) -> int:
        """Let the vendor count the tokens of a request.

        Raises:
            ProviderError: The request failed.
        """
        said = responses.parameters(request, self.model)
        asked = {name: said[name] for name in ("model", "input", "tools", "text") if name in said}

        async def counted(client: AsyncOpenAI) -> int:
            return (await client.responses.input_tokens.count(**asked)).input_tokens

        return await self.ask(counted)


def _responds(server: Server) -> bool:
    """Whether a server is asked by the Responses API.

    Raises:
        SetupError: The variable that decides says neither.
    """
    wanted = os.environ.get(API, "")
    if wanted not in ("", "chat", "responses"):
        raise SetupError(f"{API} is {wanted!r}.", hint="Set it to responses or chat, or not at all.")
    return wanted == "responses" if wanted else _HOME.match(server.url) is not None
