"""Which of the recalled items a prompt has room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from genxai_nb.tokens import estimate_tokens

from .base import Recalled

_AROUND = 8  # tokens of a line's marks and source


def shared_out(found: Mapping[str, Sequence[Recalled]], tokens: int) -> list[Recalled]:
    """Share a budget among kinds: each has an equal part, and what one leaves goes to the next.

    Of each kind the best items are taken as long as they fit; one that does not fit is left out, and a
    shorter one after it may still be taken. What another kind has said in the same words is not said again.

    Args:
        found: The recalled items of each kind, the best first.
        tokens: The budget, by estimate.

    Example:
        >>> shared_out({"working": [], "semantic": []}, 100)
        []
    """
    taken: list[Recalled] = []
    said: set[str] = set()
    left = tokens
    for number, recalled in enumerate(found.values()):
        share = left // (len(found) - number)
        for one in recalled:
            cost = cost_of(one)
            if cost <= share and one.item.text not in said:
                taken.append(one)
                said.add(one.item.text)
                share -= cost
                left -= cost
    return taken


def cost_of(recalled: Recalled) -> int:
    """About how many tokens an item takes in a prompt."""
    return estimate_tokens(recalled.item.text) + _AROUND
