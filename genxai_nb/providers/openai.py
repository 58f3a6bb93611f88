"""OpenAI's models, and those of any server that speaks Chat Completions, through the official SDK."""

from __future__ import annotations

import importlib
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from logging import getLogger
from typing import TYPE_CHECKING

from genxai_nb.errors import Authentication
from genxai_nb.loop import run_in_worker
from genxai_nb.messages import Delta, ModelReply, ModelRequest
from genxai_nb.secrets import Secret

from .chat import ESTIMATED, Chunks, parameters
from .clients import client_of
from .prices import list_price, window_of
from .refusals import Server, mapped, refused_setting

if TYPE_CHECKING:
    from types import ModuleType

    from openai import AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk

BASE_URL = "https://api.openai.com/v1"
VARIABLE, URL_VARIABLE = "OPENAI_API_KEY", "OPENAI_BASE_URL"

_CONNECT = 20.0  # seconds; how long an answer may take is the call's own timeout

_log = getLogger("genxai_nb")


class ChatModel:
    """A model of a server that speaks Chat Completions.

    Args:
        model: The model as the server calls it.
    """

    name = "chat"

    def __init__(self, model: str) -> None:
        self.model = model

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r})"

    @property
    def server(self) -> Server:
        """Where the model is asked now.

        Raises:
            Authentication: There is no key, and the server wants one.
        """
        raise NotImplementedError

    async def stream(self, request: ModelRequest) -> AsyncIterator[Delta | ModelReply]:
        """Answer a request: deltas as they come, then the whole reply.

        Raises:
            ProviderError: The request failed; which subclass says what can be done.
        """
        server = self.server
        sdk = await _load()
        answer = Chunks(request, request.model)
        try:
            async with await self._open(sdk, server, request) as chunks:
                async for chunk in chunks:
                    for delta in answer.take(chunk):
                        yield delta
        except Exception as exc:  # noqa: BLE001 - the SDK lets errors of its transport and of JSON through
            error = mapped(exc, sdk, server, self.model)
            # what a vendor says of a wrong key shows parts of it
            raise error from (None if isinstance(error, Authentication) else exc)
        yield answer.reply()

    async def _open(
        self, sdk: ModuleType, server: Server, request: ModelRequest
    ) -> AsyncStream[ChatCompletionChunk]:
        """Send the request, without the settings that this server refused before or refuses now."""
        refused = _refused.setdefault(
            (server.url, self.model), {"max_completion_tokens"} if server.local else set()
        )
        client = await _client(sdk, server)
        while True:
            sent = parameters(request, self.model, frozenset(refused))
            if server.local and request.tools and "parallel_tool_calls" not in refused:
                sent["parallel_tool_calls"] = True  # llama.cpp makes one call a turn otherwise
            try:
                stream: AsyncStream[ChatCompletionChunk] = await client.chat.completions.create(**sent)
            except (sdk.BadRequestError, sdk.UnprocessableEntityError) as exc:
                setting = refused_setting(exc, sent)
                if setting is None or setting in refused:
                    raise
                refused.add(setting)
                _log.warning("Model %r takes no %s; it is asked without.", request.model, setting)
            else:
                return stream

    def price(self, reply: ModelReply) -> float | None:
        """What a reply cost in US dollars, None if that is not known."""
        raise NotImplementedError


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

    @property
    def window(self) -> int | None:
        """How many tokens a request and its answer may take, None if that is not known."""
        return window_of("openai", self.model)

    def price(self, reply: ModelReply) -> float | None:
        """The vendor's list price of a reply in US dollars, None if it is not known."""
        if ESTIMATED in reply.raw:
            return None
        # a gateway may answer under a name of its own
        prices = (list_price("openai", name, reply.usage) for name in (reply.raw["model"], self.model))
        return next((price for price in prices if price is not None), None)


_refused: dict[tuple[str, str], set[str]] = {}  # by address and model: what the server takes no part in
_sdk: ModuleType | None = None


async def _load() -> ModuleType:
    """Import the SDK and the prices where that holds up no loop: it takes the better part of a second."""
    global _sdk
    if _sdk is None:
        _sdk = await run_in_worker(_imported)
    return _sdk


def _imported() -> ModuleType:
    with suppress(ModuleNotFoundError):
        importlib.import_module("genai_prices.data_snapshot")
    importlib.import_module(
        "openai.resources.chat.completions"
    )  # which the SDK else imports at the first request
    return importlib.import_module("openai")


async def _client(sdk: ModuleType, server: Server) -> AsyncOpenAI:
    key = server.key.reveal() if server.key else "none"  # the SDK wants one, servers that want none ignore it

    def make() -> AsyncOpenAI:
        # tried again by our own chain, and each attempt has its call's time
        made: AsyncOpenAI = sdk.AsyncOpenAI(
            api_key=key, base_url=server.url, max_retries=0, timeout=sdk.Timeout(None, connect=_CONNECT)
        )
        return made

    client: AsyncOpenAI = await client_of(("openai", server.url, key), make)
    return client
