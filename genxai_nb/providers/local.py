"""Models of a server of one's own: ``local:URL#MODEL`` for Ollama, LM Studio, vLLM, llama.cpp and all like them."""

from __future__ import annotations

import os
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from genxai_nb.errors import DefinitionError
from genxai_nb.messages import ModelReply, ModelRequest
from genxai_nb.secrets import Secret

from .base import ESTIMATED
from .openai import ChatModel
from .prices import price_at
from .refusals import Server

VARIABLE = "GENXAI_LOCAL_KEY"

_EXAMPLE = "local:http://localhost:11434/v1#llama3.2"


class Local(ChatModel):
    """A model of a server that speaks Chat Completions, asked without a key unless ``GENXAI_LOCAL_KEY`` is set.

    A server on this machine costs nothing; for another one the price is looked up by its address.

    Args:
        place: The server's base URL, ``#`` and the model as the server calls it. ``/v1`` is added to a
            URL without a path.

    Raises:
        DefinitionError: The URL or the model is missing, or the URL holds a password.

    Example:
        >>> model = Local("http://localhost:11434#llama3.2")
        >>> model.url, model.model
        ('http://localhost:11434/v1', 'llama3.2')
    """

    name = "local"

    def __init__(self, place: str) -> None:
        url, _, model = place.partition("#")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise DefinitionError(
                f"Model 'local:{place}' has no URL of a server.", hint=f"Write it like {_EXAMPLE}."
            )
        if parts.username or parts.password or parts.query:
            raise DefinitionError(
                f"The URL of model 'local:...#{model}' holds more than an address.",
                hint=f"Put a key into {VARIABLE}, never into the model's name: that is recorded.",
            )
        if not model.strip():
            raise DefinitionError(
                f"Model 'local:{place}' names no model.", hint=f"Name it after '#', like {_EXAMPLE}."
            )
        super().__init__(model.strip())
        self.url = url.rstrip("/") + ("" if parts.path.strip("/") else "/v1")
        self._own = parts.hostname == "localhost" or _loops_back(parts.hostname)

    @property
    def server(self) -> Server:
        """Where the model is asked now."""
        key = Secret.from_environment(VARIABLE) if os.environ.get(VARIABLE) else None
        return Server(self.name, self.url, VARIABLE, key, local=True)

    def parameters(self, request: ModelRequest, refused: frozenset[str]) -> dict[str, Any]:
        """Say a request in the words of Chat Completions, as such servers know them."""
        sent = super().parameters(request, refused | {"max_completion_tokens"})
        if request.tools and "parallel_tool_calls" not in refused:
            sent["parallel_tool_calls"] = True  # llama.cpp makes one call a turn otherwise
        return sent

    def price(self, reply: ModelReply) -> float | None:
        """What a reply cost in US dollars: nothing on this machine; None if it is not known."""
        if self._own:
            return 0.0
        return None if ESTIMATED in reply.raw else price_at(self.url, self.model, reply.usage)


def _loops_back(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
