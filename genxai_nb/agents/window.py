"""The window of a model: what is left out of a conversation so that the request and its answer fit."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from genxai_nb.messages import Message, ModelRequest
from genxai_nb.tokens import CAUTION, estimate_message, estimate_request

ANSWER = 4096  # tokens kept free for an answer without a limit of its own, at most a quarter of the window


def fitted(request: ModelRequest, asked: int, window: int | None) -> ModelRequest:
    """Leave out the oldest messages until a request fits, by estimate, with room for its answer.

    What was said before goes first, each question with all that answered it; then, of the exchange
    under way, each turn of tool calls with its results. The system message, the question itself, what
    the model was told since, and the last turn always stay, so a request may be too long all the same.

    Args:
        request: The request with everything in it.
        asked: Where in its messages the question stands that is being answered.
        window: How many tokens the model takes, its answer included; None to leave out nothing.
    """
    if window is None or _surely_fits(request, window):
        return request
    answer = min(request.max_tokens or min(ANSWER, window // 4), window // 2)
    excess = estimate_request(request) * CAUTION - (window - answer)
    dropped: set[int] = set()
    for unit in _units(request.messages, asked):
        if excess <= 0:
            break
        dropped.update(unit)
        excess -= CAUTION * sum(estimate_message(request.messages[place]) for place in unit)
    if not dropped:
        return request
    kept = tuple(message for place, message in enumerate(request.messages) if place not in dropped)
    return structs.replace(request, messages=kept, trimmed=len(dropped))


def _surely_fits(request: ModelRequest, window: int) -> bool:
    """Whether a request is so short that nothing has to be estimated: a character is hardly ever two tokens."""
    return len(repr(request.messages)) + len(repr(request.tools)) < window // 4


def _units(messages: Sequence[Message], asked: int) -> list[list[int]]:
    """What can be left out together, as places of messages, the oldest first."""
    rounds: list[list[int]] = []
    for place in range(asked):
        role = messages[place].role
        if role == "system":
            continue
        if role == "user" or not rounds:
            rounds.append([])
        rounds[-1].append(place)
    turns: list[list[int]] = []
    for place in range(asked + 1, len(messages)):
        role = messages[place].role
        if role == "assistant":
            turns.append([place])
        elif role == "tool" and turns:
            turns[-1].append(place)
    return [*rounds, *turns[:-1]]
