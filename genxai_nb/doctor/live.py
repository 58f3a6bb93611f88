"""Asking each configured model for one token."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import perf_counter

from genxai_nb.errors import GenXAIError
from genxai_nb.journal.cost import Cost, cost_in_words
from genxai_nb.loop import run_sync
from genxai_nb.messages import ModelReply, ModelRequest, user
from genxai_nb.providers.registry import find_provider, model_call
from genxai_nb.providers.vendors import VENDORS, lacking
from genxai_nb.settings import read_settings

from .finding import Finding

_PATIENCE = 60.0  # seconds; a local server may have to load its model first
_OWN = ("offline", "scripted")


def ask_models(models: Sequence[str] = ()) -> list[Finding]:
    """Ask models for one token each, which may cost a fraction of a cent.

    Args:
        models: Which ones; none for a small one of each vendor whose package and key are there, and the
            setting ``GENXAI_MODEL``.
    """
    asked = list(dict.fromkeys(models)) or _configured()
    if not asked:
        hint = "Set a vendor's key, or name a model: genxai-nb doctor --live local:URL#MODEL"
        return [Finding(part="live", name="models", status="absent", value="none is configured", hint=hint)]
    return run_sync(_all(asked))


def _configured() -> list[str]:
    vendors = [f"{name}:{vendor.small}" for name, vendor in VENDORS.items() if not lacking(name)]
    setting = read_settings().model
    own = setting.partition(":")[0] in _OWN
    return list(dict.fromkeys([*vendors, *([] if own else [setting])]))


async def _all(models: Sequence[str]) -> list[Finding]:
    return list(await asyncio.gather(*(_asked(model) for model in models)))


async def _asked(model: str) -> Finding:
    began = perf_counter()
    try:
        async with asyncio.timeout(_PATIENCE):
            reply = await _answer(model)
    except GenXAIError as exc:
        return Finding(part="live", name=model, status="failed", value=exc.what, hint=exc.hint)
    except TimeoutError:
        return Finding(part="live", name=model, status="failed", value=f"no answer within {_PATIENCE:g} s")
    seconds, usage = perf_counter() - began, reply.usage
    price = model_call(model)[1].price
    paid = price(reply) if price else None
    cost = "free" if paid == 0 else cost_in_words(Cost(unpriced=1) if paid is None else Cost(paid))
    value = f"answered in {seconds:.1f} s, {usage.input} + {usage.output} tokens, {cost}"
    return Finding(part="live", name=model, status="ok", value=value)


async def _answer(model: str) -> ModelReply:
    request = ModelRequest(model=model, messages=(user("Say yes."),), max_tokens=1)
    *_, last = [item async for item in find_provider(model).stream(request)]
    if not isinstance(last, ModelReply):
        raise TypeError(f"Model {model!r} ended with a {type(last).__name__}.")
    return last
