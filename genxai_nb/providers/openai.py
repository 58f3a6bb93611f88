"""OpenAI's models, and those of any server that speaks Chat Completions, through the official SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genxai_nb.messages import ModelRequest

from . import chat
from .refusals import Server
from .remote import CONNECT, Answer, Remote

if TYPE_CHECKING:
    from types import ModuleType

    from openai import AsyncOpenAI


class ChatModel(Remote):
    """A model of a server that speaks Chat Completions."""

    name = "chat"
    modules = ("openai", "openai.resources.chat.completions")

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


class OpenAI(ChatModel):
    """A model of OpenAI, with the key in ``OPENAI_API_KEY``, at ``OPENAI_BASE_URL`` if that is set.

    Args:
        model: The model's name, such as ``gpt-5``.

    Example:
        >>> OpenAI("gpt-5").window
        400000
    """

    name = "openai"
