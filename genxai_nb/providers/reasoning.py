"""How much a model is to think before it answers: a word or a number of tokens, as each API wants it said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genxai_nb.messages import ModelRequest

    from .refusals import Complaint

__all__ = [
    "ADAPTIVE",
    "REASONING",
    "anthropic",
    "chat",
    "cohere",
    "complained",
    "google",
    "name_of",
    "responses",
]

REASONING = "reasoning"
ADAPTIVE = "adaptive thinking"  # what Anthropic's models before it refuse beside an effort
_TOKENS = {
    "none": 0,
    "minimal": 1024,
    "low": 1024,
    "medium": 8192,
    "high": 24_576,
}  # as Google counts the words
_OFF = ("none", "disabled")
_THOUGHTLESS = ("gemini-1", "gemini-2.0", "gemma", "learnlm")  # these models refuse to be asked for thoughts
_COUNTED = "gemini-2"  # these take tokens, and no words
_WORDS = re.compile(r"reasoning|thinking|effort", re.IGNORECASE)


def name_of(setting: str, request: ModelRequest) -> str:
    """How a refused setting is remembered: of the reasoning only what was asked for, since less may be taken."""
    return f"{REASONING} {request.reasoning}" if setting == REASONING else setting


def complained(complaint: Complaint, sent: Mapping[str, Any]) -> bool:
    """Whether a server refused a request because of the reasoning that it asks for."""
    asked = any(name in sent for name in ("reasoning", "reasoning_effort", "thinking"))
    return (
        asked
        and complaint.status in (400, 422)
        and _WORDS.search(complaint.param or complaint.words) is not None
    )


def responses(request: ModelRequest, refused: frozenset[str]) -> dict[str, Any]:
    """What OpenAI's Responses API is told."""
    wanted = _wanted(request, refused)
    return {} if wanted is None else {"reasoning": {"effort": wanted}}


def chat(request: ModelRequest, refused: frozenset[str]) -> dict[str, Any]:
    """What a server that speaks Chat Completions is told."""
    wanted = _wanted(request, refused)
    return {} if wanted is None else {"reasoning_effort": wanted}


def anthropic(request: ModelRequest, refused: frozenset[str]) -> dict[str, Any]:
    """What Anthropic's Messages API is told: an effort for models that think as they see fit, or tokens."""
    wanted = _wanted(request, refused)
    if wanted is None:
        return {}
    if isinstance(wanted, int):
        return {"thinking": {"type": "enabled", "budget_tokens": wanted}}
    if wanted in (*_OFF, "between_tools", "adaptive"):
        return {"thinking": {"type": "disabled" if wanted in _OFF else wanted}}
    thinking = {} if ADAPTIVE in refused else {"thinking": {"type": "adaptive"}}
    return {**thinking, "output_config": {"effort": wanted}}


def google(request: ModelRequest, model: str, refused: frozenset[str]) -> dict[str, Any]:
    """What Google's API is told: a level, or tokens where a number is given or the model knows no levels."""
    config: dict[str, Any] = {}
    if "thinking_config" not in refused and not model.startswith(_THOUGHTLESS):
        config["include_thoughts"] = True
    wanted = _wanted(request, refused)
    if wanted is not None:
        tokens = _tokens(wanted)
        counted = isinstance(wanted, int) or (tokens is not None and model.startswith(_COUNTED))
        config |= {"thinking_budget": tokens} if counted else {"thinking_level": str(wanted).upper()}
    return {"thinking_config": config} if config else {}


def cohere(request: ModelRequest, refused: frozenset[str]) -> dict[str, Any]:
    """What Cohere's API is told: how many tokens of thoughts, or a word of its own."""
    wanted = _wanted(request, refused)
    if wanted is None:
        return {}
    if wanted in _OFF:
        return {"thinking": {"type": "disabled"}}
    tokens = _tokens(wanted)
    if tokens is None:
        return {"thinking": {"type": wanted}}
    return {"thinking": {"type": "enabled", "token_budget": tokens}}


def _wanted(request: ModelRequest, refused: frozenset[str]) -> str | int | None:
    return None if name_of(REASONING, request) in refused else request.reasoning


def _tokens(wanted: str | int) -> int | None:
    return wanted if isinstance(wanted, int) else _TOKENS.get(wanted)
