"""What calls cost, as it was recorded when they ended."""

from __future__ import annotations

from math import floor, log10
from typing import Any

from msgspec import Struct

from genxai_nb.messages import ModelReply

from .events import CallFinished


class Cost(Struct, frozen=True):
    """The cost of some calls: what is known of it, and how many of them have no known price.

    Attributes:
        known: US dollars of the calls whose price is known.
        unpriced: How many calls have none.

    Example:
        >>> spent = Cost(0.0021) + Cost(unpriced=1)
        >>> spent.total is None, str(spent), str(Cost()), str(Cost(0.0021))
        (True, 'at least $0.0021', '-', '$0.0021')
    """

    known: float = 0.0
    unpriced: int = 0

    @property
    def total(self) -> float | None:
        """US dollars of all calls; None if a price is not known."""
        return None if self.unpriced else self.known

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.known + other.known, self.unpriced + other.unpriced)

    def __str__(self) -> str:
        if self.unpriced:
            return f"at least {in_dollars(self.known)}" if self.known else "unknown"
        return in_dollars(self.known) if self.known else "-"


def cost_of(event: CallFinished) -> Cost:
    """The cost of an answered call. Only a model has a price to be known; all else without one is free."""
    if event.cost is not None:
        return Cost(event.cost)
    return Cost(unpriced=1) if _is_of_model(event.reply) else Cost()


def cost_in_words(cost: Cost) -> str:
    """A cost for a line of figures, where ``unknown`` alone would not say what."""
    return "cost unknown" if cost.unpriced and not cost.known else str(cost)


def in_dollars(amount: float) -> str:
    """An amount of US dollars with two figures that count, and at least the cents.

    Example:
        >>> [in_dollars(amount) for amount in (12.3, 0.5, 0.0204, 0.00195, 0.0)]
        ['$12.30', '$0.50', '$0.020', '$0.0020', '$0']
    """
    if not amount:
        return "$0"
    amount *= 1 + 1e-12  # what is written with a 5 at its end is mostly kept as a little less
    return f"${amount:,.{max(2, 1 - floor(log10(amount)))}f}"


def _is_of_model(reply: Any) -> bool:
    # a reply that could not be read back as what it was is plain data
    return isinstance(reply, ModelReply) or (isinstance(reply, dict) and {"message", "usage"} <= reply.keys())
