"""OpenAI's models, and those of any server that speaks Chat Completions, through the official SDK."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import Authentication
from genxai_nb.messages import ModelRequest
from genxai_nb.secrets import Secret

from . import chat
from .refusals import Server
from .remote import CONNECT, Answer, Remote

if TYPE_CHECKING:
    from types import ModuleType

    from openai import AsyncOpenAI

BASE_URL = "https://api.openai.com/v1"
VARIABLE, URL_VARIABLE = "OPENAI_API_KEY", "OPENAI_BASE_URL"


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

    def parameters(self, request: ModelRequest, server: Server, refused: frozenset[str]) -> dict[str, Any]:
        """Say a request in the words of Chat Completions."""
        if not server.local:
            return chat.parameters(request, self.model, refused)
        sent = chat.parameters(request, self.model, refused | {"max_completion_tokens"})
        if request.tools and "parallel_tool_calls" not in refused:
            sent["parallel_tool_calls"] = True  # llama.cpp makes one call a turn otherwise
        return sent

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

    @property
    def server(self) -> Server:
        """Where the model is asked now.

        Raises:
            Authentication: ``OPENAI_API_KEY`` is not set.
        """
        if not os.environ.get(VARIABLE):
            raise Authentication(
                f"Provider 'openai' has no key: the environment variable {VARIABLE} is not set.",
                hint=f"Set {VARIABLE} before the model is asked.",
            )
        url = os.environ.get(URL_VARIABLE) or BASE_URL
        return Server(self.name, url.rstrip("/"), VARIABLE, Secret.from_environment(VARIABLE))
