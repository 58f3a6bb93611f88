"""A model behind a vendor's SDK: what all of them share, from the first import to the last event."""

from __future__ import annotations

import importlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing, suppress
from logging import getLogger
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn, Protocol, TypeVar

from genxai_nb.errors import Authentication, GenXAIError
from genxai_nb.loop import run_in_worker
from genxai_nb.messages import Delta, ModelReply, ModelRequest
from genxai_nb.secrets import Secret

from .base import ESTIMATED
from .clients import client_of
from .events import events_of
from .prices import list_price, window_of
from .reasoning import ADAPTIVE, REASONING, complained, name_of
from .refusals import Complaint, Server, complaint_of, mapped, refused_setting
from .vendors import VENDORS, without_key

if TYPE_CHECKING:
    from types import ModuleType

T = TypeVar("T")

_LATE = (
    "genai_prices.data_snapshot",
    "anyio._backends._asyncio",
)  # the prices; what a first connection imports
CONNECT = 20.0  # seconds; how long an answer may take is the call's own timeout

# settings that no user asked for, or that are said otherwise, so nobody misses them
_OURS = frozenset([ADAPTIVE, "include", "max_tokens", "system_instruction", "thinking_config"])

_log = getLogger("genxai_nb")


class Answer(Protocol):
    """An answer on its way."""

    def take(self, event: Any) -> Iterable[Delta]:
        """Take in an event, and give its deltas.

        Raises:
            ProviderError: The server says that something went wrong.
        """

    def reply(self) -> ModelReply:
        """The whole answer, once the events have come to their end.

        Raises:
            IncompleteStream: They ended before the model had finished.
            BadResponse: The answer was cut off in a tool call.
        """


class Offer(NamedTuple):
    """A model that a vendor offers; how many tokens it takes and answers with at most, None if not told."""

    model: str
    window: int | None = None
    answer: int | None = None


class Remote:
    """A model that is asked through a vendor's SDK.

    Args:
        model: The model as the server calls it.

    Attributes:
        modules: What is imported before the first request: the SDK, and what that imports late.
        untaken: The settings of a request that the vendor takes no part in.
    """

    name: str = "remote"
    modules: ClassVar[tuple[str, ...]] = ()
    untaken: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, model: str) -> None:
        self.model = model

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r})"

    @property
    def server(self) -> Server:
        """Where the model is asked now: at the vendor's own address, if no variable holds another one.

        Raises:
            Authentication: The variable of the key is not set.
        """
        vendor = VENDORS[self.name]
        variable = vendor.key_variable
        if not os.environ.get(variable):
            raise without_key(self.name)
        url = os.environ.get(vendor.address) or vendor.home
        return Server(self.name, url.rstrip("/"), variable, Secret.from_environment(variable))

    def client(self, sdk: ModuleType, server: Server) -> Any:
        """Make a client of the SDK, which tries nothing again: our own chain does."""
        raise NotImplementedError

    def parameters(self, request: ModelRequest, refused: frozenset[str]) -> dict[str, Any]:
        """Say a request in the words of the API, without the settings that the server refused."""
        raise NotImplementedError

    async def send(self, client: Any, sent: dict[str, Any]) -> Any:
        """Send a request and return the SDK's stream."""
        raise NotImplementedError

    def events(self, stream: Any) -> AsyncGenerator[Any, None]:
        """Read the events of the SDK's stream, and close it."""
        return events_of(stream)

    def answer(self, request: ModelRequest, server: Server) -> Answer:
        """Make what puts the events of an answer together."""
        raise NotImplementedError

    def complaint(self, exc: Exception, sdk: ModuleType) -> Complaint | None:
        """What the server said to a request, if that is what an error of the SDK tells."""
        return complaint_of(exc) if isinstance(exc, sdk.APIStatusError) else None

    def refused(self, complaint: Complaint, sent: dict[str, Any]) -> str | None:
        """Name the setting that the server takes no part in, if that is why it refused a request."""
        return refused_setting(complaint, sent) or (REASONING if complained(complaint, sent) else None)

    def mapped(self, exc: Exception, sdk: ModuleType, server: Server) -> GenXAIError:
        """Say an error of the SDK as one of ours."""
        return mapped(exc, sdk, server, self.model)

    @property
    def window(self) -> int | None:
        """How many tokens a request and its answer may take, None if that is not known."""
        return window_of(self.name, self.model)

    def price(self, reply: ModelReply) -> float | None:
        """The vendor's list price of a reply in US dollars, None if it is not known."""
        if ESTIMATED in reply.raw:
            return None
        # a gateway may answer under a name of its own
        prices = (list_price(self.name, name, reply.usage) for name in (reply.raw["model"], self.model))
        return next((price for price in prices if price is not None), None)

    async def stream(self, request: ModelRequest) -> AsyncIterator[Delta | ModelReply]:
        """Answer a request: deltas as they come, then the whole reply.

        Raises:
            ProviderError: The request failed; which subclass says what can be done.
        """
        server = self.server
        sdk = await load(*self.modules)
        answer = self.answer(request, server)
        try:
            async with aclosing(self.events(await self._open(sdk, server, request))) as events:
                async for event in events:
                    for delta in answer.take(event):
                        yield delta
        except Exception as exc:  # noqa: BLE001 - SDKs let errors of their transport and of JSON through
            self._raise(exc, sdk, server)
        yield answer.reply()

    async def ask(self, question: Callable[[Any], Awaitable[T]]) -> T:
        """Ask the vendor for something other than an answer.

        Args:
            question: Asks it; it is given the client.

        Raises:
            ProviderError: The request failed.
        """
        server = self.server
        sdk = await load(*self.modules)
        try:
            return await question(await self._client(sdk, server))
        except Exception as exc:  # noqa: BLE001 - as above
            self._raise(exc, sdk, server)

    async def _open(self, sdk: ModuleType, server: Server, request: ModelRequest) -> Any:
        """Send the request, without the settings that this server refused before or refuses now."""
        refused = _refused.setdefault((server.url, self.model), set())
        for untaken in self.untaken - refused:
            if getattr(request, untaken) is not None:
                _leave_out(untaken, refused, request)
        client = await self._client(sdk, server)
        while True:
            sent = self.parameters(request, frozenset(refused))
            try:
                return await self.send(client, sent)
            except Exception as exc:  # each SDK and its transport raise their own
                complaint = self.complaint(exc, sdk)
                setting = self.refused(complaint, sent) if complaint else None
                setting = setting and name_of(setting, request)
                if setting is None or setting in refused:
                    raise
                _leave_out(setting, refused, request)

    async def _client(self, sdk: ModuleType, server: Server) -> Any:
        key = server.key.reveal() if server.key else ""
        return await client_of((self.name, server.url, key), lambda: self.client(sdk, server))

    def _raise(self, exc: Exception, sdk: ModuleType, server: Server) -> NoReturn:
        if isinstance(exc, GenXAIError):
            raise exc
        error = self.mapped(exc, sdk, server)
        # what a vendor says of a wrong key shows parts of it
        raise error from (None if isinstance(error, Authentication) else exc)


_refused: dict[tuple[str, str], set[str]] = {}  # by address and model: what the server takes no part in
_loaded: dict[tuple[str, ...], ModuleType] = {}
_importing = Lock()  # two SDKs at once may find half imported what they share


async def load(*modules: str) -> ModuleType:
    """Import modules and the prices where that holds up no loop: it takes the better part of a second.

    Returns:
        The first module.
    """
    if modules not in _loaded:
        _loaded[modules] = await run_in_worker(_imported, modules)
    return _loaded[modules]


def _imported(modules: tuple[str, ...]) -> ModuleType:
    with _importing:
        for module in _LATE:
            with suppress(ModuleNotFoundError):
                importlib.import_module(module)
        for module in modules:
            importlib.import_module(module)
        return importlib.import_module(modules[0])


def _leave_out(setting: str, refused: set[str], request: ModelRequest) -> None:
    refused.add(setting)
    if setting not in _OURS:
        _log.warning("Model %r takes no %s; it is asked without.", request.model, setting)
