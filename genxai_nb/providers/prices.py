"""What models cost, and how much they take in, from the tables of genai-prices, which never ask the network."""

from __future__ import annotations

import re
from typing import Any

from genxai_nb.messages import Usage

_MUTE = re.compile(
    r"audio|dall|embed|image|imagen|instruct|live|moderation|realtime|search|speech|transcribe|tts|[.:]ft|:"
)

# the tables know none of Cohere's
_WINDOWS = {"command-a-03-2025": 256_000, "command-a-reasoning": 256_000, "command-r": 128_000}


def free(reply: Any) -> float:  # noqa: ARG001 - one signature for all prices
    """The price of an answer that nobody charges for."""
    return 0.0


def list_price(provider: str, model: str, usage: Usage) -> float | None:
    """A vendor's list price of some tokens in US dollars, None if it is not known.

    Args:
        provider: The vendor, such as ``openai``.
        model: The model as the vendor calls it.
        usage: The tokens.

    Example:
        >>> list_price("openai", "gpt-4o-mini", Usage(input=10_000, output=1_000, cached=2_000))
        0.00195
    """
    return _price(model, usage, provider=provider)


def price_at(url: str, model: str, usage: Usage) -> float | None:
    """What a server's owner charges for some tokens in US dollars, None if its address is not known."""
    return _price(model, usage, url=url)


def window_of(provider: str, model: str) -> int | None:
    """How many tokens a vendor's model takes, its answer included; None if that is not known."""
    try:
        from genai_prices.data_snapshot import get_snapshot

        _, found = get_snapshot().find_provider_model(model, None, provider, None)
    except (LookupError, ModuleNotFoundError):
        return _window_of_cohere(provider, model)
    return found.context_window or _window_of_cohere(provider, model)


def _window_of_cohere(provider: str, model: str) -> int | None:
    windows = _WINDOWS.items() if provider == "cohere" else ()
    return next((tokens for start, tokens in windows if model.startswith(start)), None)


def listed_models(provider: str) -> list[str]:
    """The models of a vendor that have a price and write text, sorted."""
    try:
        from genai_prices.data_snapshot import get_snapshot
    except ModuleNotFoundError:
        return []
    found = next((one for one in get_snapshot().providers if one.id == provider), None)
    models = [model.id for model in found.models if not model.deprecated] if found else []
    return sorted(model for model in models if not _MUTE.search(model))


def _price(model: str, usage: Usage, provider: str | None = None, url: str | None = None) -> float | None:
    try:
        from genai_prices import Usage as Tokens
        from genai_prices.data_snapshot import get_snapshot
    except ModuleNotFoundError:
        return None
    if not model:
        return None
    tokens = Tokens(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cached,
        cache_write_tokens=usage.written,
    )
    try:
        return float(get_snapshot().calc(tokens, model, provider, url, None).total_price)
    except LookupError:
        return None
