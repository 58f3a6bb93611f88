"""Trying each configured model: text, its stream, a call of a tool, structured output, an embedding."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import perf_counter

import msgspec
from msgspec import Struct

from genxai_nb.errors import GenXAIError
from genxai_nb.journal.cost import Cost, cost_in_words
from genxai_nb.loop import run_in_worker, run_sync
from genxai_nb.messages import Delta, ModelReply, ModelRequest, ToolSpec, user
from genxai_nb.providers.base import broke_off
from genxai_nb.providers.embeddings import Embeddings, embedding_models
from genxai_nb.providers.registry import find_provider, model_call
from genxai_nb.providers.vendors import VENDORS, lacking
from genxai_nb.settings import read_settings

from .finding import Finding, Status

__all__ = ["ask_models", "configured_models"]

_PATIENCE = 60.0  # seconds; a local server may have to load its model first
_OWN = ("offline", "scripted")
_ENOUGH = 400  # tokens of an answer, with what a model thinks before it

_NUMBERS = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
_SUM = {
    "type": "object",
    "properties": {"sum": {"type": "integer"}},
    "required": ["sum"],
    "additionalProperties": False,
}
_ADD = ToolSpec("add", "Add two whole numbers.", _NUMBERS)


class Tried(Struct, frozen=True):
    """What came of asking a model once.

    Attributes:
        reply: Its answer.
        pieces: In how many pieces it came.
        figures: Time, tokens and cost in words.
    """

    reply: ModelReply
    pieces: int
    figures: str


def ask_models(models: Sequence[str] = ()) -> list[Finding]:
    """Try models with tiny calls, which may cost a fraction of a cent each.

    Args:
        models: Which ones; none for `configured_models`.

    Returns:
        For each model a finding of ``text``, ``stream``, ``tool``, ``structured`` and ``embedding``; only the
        first if the model does not answer at all.
    """
    asked = list(dict.fromkeys(models)) or configured_models()
    if not asked:
        hint = "Set a vendor's key, or name a model: genxai-nb doctor --live --model local:URL#MODEL"
        return [Finding(part="live", name="models", status="absent", value="none is configured", hint=hint)]
    return run_sync(_all(asked))


def configured_models() -> list[str]:
    """A small model of each vendor whose package and key are there, and the setting ``GENXAI_MODEL``."""
    vendors = [f"{name}:{vendor.small}" for name, vendor in VENDORS.items() if not lacking(name)]
    setting = read_settings().model
    own = setting.partition(":")[0] in _OWN
    return list(dict.fromkeys([*vendors, *([] if own else [setting])]))


async def _all(models: Iterable[str]) -> list[Finding]:
    tried = await asyncio.gather(*map(_try_out, models))
    return [finding for findings in tried for finding in findings]


async def _try_out(model: str) -> list[Finding]:
    """Everything about one model; its calls one after the other, since some servers take only one at a time."""
    text = await _guarded(model, "text", _text)
    findings = [text]
    if text.status == "failed":
        return findings
    findings.append(await _guarded(model, "stream", _stream))
    findings.append(await _guarded(model, "tool", _tool))
    findings.append(await _guarded(model, "structured", _structured))
    findings.append(await _guarded(model, "embedding", _embedding))
    return findings


Probe = Callable[[str], Awaitable[tuple[Status, str]]]


async def _guarded(model: str, name: str, probe: Probe) -> Finding:
    """What a probe found; only a model that does not answer at all has to be mended."""
    wrong: Status = "failed" if name == "text" else "warning"
    hint = ""
    try:
        async with asyncio.timeout(_PATIENCE):
            status, value = await probe(model)
    except GenXAIError as exc:
        status, value, hint = wrong, exc.what, exc.hint
    except TimeoutError:
        status, value = wrong, f"no answer within {_PATIENCE:g} s"
    return Finding(part=f"live {model}", name=name, status=status, value=value, hint=hint)


async def _text(model: str) -> tuple[Status, str]:
    tried = await _ask(ModelRequest(model=model, messages=(user("Say yes."),), max_tokens=_ENOUGH))
    if tried.reply.message.text.strip():
        return "ok", tried.figures
    return "warning", f"no text (it stopped for {tried.reply.stop!r}), {tried.figures}"


async def _stream(model: str) -> tuple[Status, str]:
    question = "Count from one to ten in words, separated by commas."
    tried = await _ask(ModelRequest(model=model, messages=(user(question),), max_tokens=_ENOUGH))
    if tried.pieces > 1:
        return "ok", f"{tried.pieces} pieces, {tried.figures}"
    return "warning", f"came in {tried.pieces} piece, {tried.figures}"


async def _tool(model: str) -> tuple[Status, str]:
    question = "What is 17 + 25? Call the tool add to find out."
    request = ModelRequest(model=model, messages=(user(question),), tools=(_ADD,), max_tokens=_ENOUGH)
    tried = await _ask(request)
    calls = [(call.name, call.arguments) for call in tried.reply.message.tool_calls]
    if calls == [("add", {"a": 17, "b": 25})]:
        return "ok", f"add(17, 25), {tried.figures}"
    return "warning", f"it called {calls or 'nothing'}, {tried.figures}"


async def _structured(model: str) -> tuple[Status, str]:
    question = "What is 17 + 25? Answer as JSON."
    tried = await _ask(ModelRequest(model=model, messages=(user(question),), output=_SUM, max_tokens=_ENOUGH))
    text = tried.reply.message.text
    try:
        found = msgspec.json.decode(text, type=dict[str, int])
    except msgspec.DecodeError:
        return "warning", f"{text[:40]!r} does not fit the schema, {tried.figures}"
    status: Status = "ok" if found.keys() == {"sum"} else "warning"
    return status, f"{text.strip()[:40]}, {tried.figures}"


async def _embedding(model: str) -> tuple[Status, str]:
    known = embedding_models(model.partition(":")[0])
    if not known:
        return "absent", "no embedding model is known here; name one by GENXAI_EMBEDDER"
    began = perf_counter()
    vectors = await run_in_worker(Embeddings(known[0]).embed, ["yes"])
    return "ok", f"{known[0]}: {vectors.shape[1]} numbers, {perf_counter() - began:.1f} s"


async def _ask(request: ModelRequest) -> Tried:
    """Ask a model.

    Raises:
        ProviderError: It could not be asked, or answered with nothing.
    """
    began = perf_counter()
    pieces, reply = 0, None
    async for item in find_provider(request.model).stream(request):
        if isinstance(item, ModelReply):
            reply = item
        elif isinstance(item, Delta):
            pieces += 1
    if reply is None:
        raise broke_off(request.model)
    seconds, usage = perf_counter() - began, reply.usage
    price = model_call(request.model)[1].price
    paid = price(reply) if price else None
    cost = "free" if paid == 0 else cost_in_words(Cost(unpriced=1) if paid is None else Cost(paid))
    figures = f"{seconds:.1f} s, {usage.input} + {usage.output} tokens, {cost}"
    return Tried(reply, pieces, figures)
