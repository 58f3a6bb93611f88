"""Models by name: ``offline``, ``scripted:NAME``, ``PROVIDER:MODEL``, ``local:URL#MODEL``, ``route:MODEL,MODEL``.

A package offers a provider by an entry point in the group ``genxai_nb.providers``: its name is the
prefix, its value leads to a callable that takes the model's name and returns a Provider. docs/models.md has one.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import structs

from genxai_nb.calls.call import Call, Handler, Traits
from genxai_nb.calls.expected import answers_expected
from genxai_nb.errors import (
    Authentication,
    BadResponse,
    GenXAIError,
    MissingPackage,
    SetupError,
    UnknownName,
)
from genxai_nb.messages import Delta, ModelReply, ToolCallDelta

from .base import assemble, broke_off
from .scripted import find_script
from .vendors import VENDORS, is_installed, lacking, vendor_of

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from .base import Provider

GROUP = "genxai_nb.providers"
REMOTE = Traits(reply=ModelReply, attempts=4, timeout=600, deadline=900)


def names() -> list[str]:
    """List the names of all providers, sorted."""
    return sorted({"local", "offline", "route", "scripted", *VENDORS, *_entries()})


def models_of(vendor: str) -> list[str]:
    """List the models of a vendor that talk and that the price list knows, sorted; none if nothing is known."""
    from .prices import listed_models

    families = VENDORS[vendor].families if vendor in VENDORS else ()
    return [model for model in listed_models(vendor) if families and model.startswith(families)]


def model_call(model: str) -> tuple[Handler, Traits]:
    """Return how a model is called: the handler for ``context.call`` and the traits of its calls.

    Args:
        model: ``offline``, ``scripted:NAME``, ``PROVIDER:MODEL``, ``local:URL#MODEL`` or ``route:MODEL,MODEL``.

    Raises:
        UnknownName: There is no such provider or script; the nearest one is suggested.
        DefinitionError: A local model's name does not say where it is, or a route is none.
        MissingPackage: The vendor's package is not installed; the error names the extra.
        Authentication: The vendor's key is not set; the error names the variable.
    """
    try:
        provider = find_provider(model)
    except (SetupError, Authentication, UnknownName) as exc:
        if not answers_expected():
            raise
        return _lacking(exc), REMOTE
    traits = getattr(provider, "traits", REMOTE)
    if traits.price is None:
        traits = structs.replace(traits, price=getattr(provider, "price", None))
    return answer_from(provider, model), traits


def _lacking(error: GenXAIError) -> Handler:
    async def refuse(_call: Call) -> ModelReply:
        raise error

    return refuse


def window_of(model: str) -> int | None:
    """How many tokens a model takes, its answer included; None if that is not known, or without a limit."""
    name, _, rest = model.partition(":")
    if name in VENDORS:
        from .prices import window_of as listed

        return listed(name, rest)
    try:
        window: int | None = getattr(find_provider(model), "window", None)
    except GenXAIError:
        return None
    return window


def answer_from(provider: Provider, model: str) -> Handler:
    """Make the handler that lets a provider answer: deltas become hints, the reply is returned.

    The handler raises IncompleteStream when the stream ends without its reply, and BadResponse when it
    holds something that is no delta or goes on after the reply. A call whose reader leaves ends with what
    has come, stop reason ``abandoned``.
    """

    async def answer(call: Call) -> ModelReply:
        reply: ModelReply | None = None
        came: list[Delta] = []
        stream = provider.stream(call.request)
        task = call.reading = asyncio.current_task()
        try:
            async for item in stream:
                if reply is not None:
                    raise BadResponse(f"Model {model!r} went on after the end of its answer.")
                if isinstance(item, Delta):
                    came.append(item)
                    call.emit(item)
                elif isinstance(item, ModelReply):
                    reply = item
                else:
                    raise BadResponse(f"Model {model!r} streamed a {type(item).__name__}, which is no delta.")
        except asyncio.CancelledError:
            if not call.left or task is None or task.uncancel():
                raise
            reply = _abandoned(came)
        finally:
            call.reading = None
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()  # lets go of the connection of a stream that is not read to its end
        if reply is None:
            raise broke_off(model)
        return reply

    return answer


def _abandoned(came: list[Delta]) -> ModelReply:
    """The answer whose reader has gone: what was said so far, without calls that are not whole."""
    spoken = (delta for delta in came if not isinstance(delta, ToolCallDelta))
    return ModelReply(message=assemble(spoken), stop="abandoned")


def find_provider(model: str) -> Provider:
    """Return the provider that answers for a model.

    Raises:
        UnknownName: There is no such provider or script.
        DefinitionError: A local model's name does not say where it is, or a route is none.
        MissingPackage: The vendor's package is not installed.
        Authentication: The vendor's key is not set.
    """
    name, _, rest = model.partition(":")
    if name == "scripted":
        return find_script(rest)
    if name == "offline":
        return _offline()
    if name in _entries():
        return _made(name, rest)
    if name == "local":
        return _local(rest)
    if name == "route":
        return _route(rest)
    if name in VENDORS:
        return _of_vendor(name, rest)
    vendor = vendor_of(model)
    if vendor is not None and ":" not in model:
        raise UnknownName("model", model, hint=f"Write its provider before it: {vendor}:{model}.")
    raise UnknownName("provider" if rest else "model", name, names())


@functools.cache
def _offline() -> Provider:
    from .offline import Offline

    return Offline()


def _local(place: str) -> Provider:
    from .local import Local

    vendor = VENDORS["openai"]
    if not is_installed(vendor.module):
        raise MissingPackage(vendor.package, vendor.extra)
    return Local(place)


def _route(places: str) -> Provider:
    from .route import Route

    return Route(places, find_provider, patience=REMOTE.timeout or 0)


def _of_vendor(name: str, model: str) -> Provider:
    if (lack := lacking(name)) is not None:
        raise lack
    if not model:
        raise UnknownName("model", f"{name}:", hint="Name the model after the colon, such as openai:gpt-5.")
    made: Provider = getattr(import_module(f"{__package__}.{name}"), VENDORS[name].adapter)(model)
    return made


@functools.cache
def _made(name: str, model: str) -> Provider:
    made: Provider = _entries()[name].load()(model)
    return made


@functools.cache
def _entries() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP)}
