"""Budgets: how much money, how many tokens, calls and seconds may be spent."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor, isfinite, log10
from typing import Any

from msgspec import Struct

from genxai_nb.errors import DefinitionError, UnknownName

__all__ = ["Amount", "Budget", "budget_from"]

_WHOLE = ("tokens", "calls")
_EXAMPLE = "Write dollars, such as 0.50, or names: money=0.50,tokens=20000,calls=10,seconds=60."


class Amount(Struct, frozen=True):
    """What something takes, or took.

    Attributes:
        money: US dollars; None if a price is not known, which no sum forgets.
        tokens: Tokens, those of prompts and of answers.
        calls: Calls of models and of embeddings.
        seconds: Seconds of driving.
    """

    money: float | None = 0.0
    tokens: int = 0
    calls: int = 0
    seconds: float = 0.0

    def __add__(self, other: Amount) -> Amount:
        money = None if self.money is None or other.money is None else self.money + other.money
        return Amount(
            money, self.tokens + other.tokens, self.calls + other.calls, self.seconds + other.seconds
        )

    def __sub__(self, other: Amount) -> Amount:
        money = None if self.money is None or other.money is None else self.money - other.money
        return Amount(
            money, self.tokens - other.tokens, self.calls - other.calls, self.seconds - other.seconds
        )


class Budget(Struct, frozen=True, kw_only=True, omit_defaults=True, repr_omit_defaults=True):
    """What may be spent at most; None for no limit.

    Attributes:
        money: US dollars.
        tokens: Tokens, those of prompts and of answers.
        calls: Calls of models and of embeddings.
        seconds: Seconds of driving.

    Example:
        >>> str(Budget(money=0.5)), str(Budget(money=0.5, calls=10))
        ('0.5', 'money=0.5,calls=10')
    """

    money: float | None = None
    tokens: int | None = None
    calls: int | None = None
    seconds: float | None = None

    def lacking(self, amount: Amount) -> str | None:
        """The first of its limits that an amount is above, or that it cannot be compared with; None if it fits."""
        for name in self.__struct_fields__:
            limit, wanted = getattr(self, name), getattr(amount, name)
            if limit is not None and (wanted is None or wanted > limit * (1 + 1e-9)):
                return name
        return None

    def raised(self, amount: Amount) -> Budget:
        """A budget with the same limits, as far as an amount is above them in round figures that hold it."""
        raised: dict[str, Any] = {}
        for name in self.__struct_fields__:
            limit, wanted = getattr(self, name), getattr(amount, name)
            above = limit is not None and wanted is not None and wanted > limit
            raised[name] = _rounded_up(name, wanted) if above else limit
        return Budget(**raised)

    def __str__(self) -> str:
        given = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}
        if set(given) == {"money"}:
            return _figure(self.money or 0.0)
        return ",".join(f"{name}={_figure(value)}" for name, value in given.items())


def budget_from(value: Any) -> Budget | None:
    """Read a budget as it is written: US dollars, limits by name, or a budget itself.

    Args:
        value: ``0.5``, ``"0.50"``, ``"calls=10,tokens=20000"``, ``{"money": 0.5, "seconds": 60}``, a Budget or None.

    Raises:
        DefinitionError: It is none of these, or a limit is no number above 0.
        UnknownName: There is no such limit.

    Example:
        >>> str(budget_from("$0.50")), str(budget_from({"calls": 10}))
        ('0.5', 'calls=10')
    """
    if value is None or isinstance(value, Budget):
        return value
    if isinstance(value, str):
        value = _parts(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        value = {"money": value}
    if not isinstance(value, Mapping) or not value:
        raise DefinitionError(f"budget is {value!r:.80}.", hint=_EXAMPLE)
    limits: dict[str, Any] = {str(name): _limit(str(name), limit) for name, limit in value.items()}
    return Budget(**limits)


def _parts(text: str) -> dict[str, Any]:
    if "=" not in text:
        return {"money": text.strip()}
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    return {name.strip(): limit.strip() for name, _, limit in pairs}


def _limit(name: str, value: Any) -> float:
    if name not in Budget.__struct_fields__:
        raise UnknownName("limit of a budget", name, Budget.__struct_fields__)
    try:
        number = float(value.lstrip("$").replace("_", "")) if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        number = 0.0
    whole = name in _WHOLE
    if isinstance(value, bool) or not isfinite(number) or number <= 0 or (whole and number % 1):
        wanted = "whole number above 0" if whole else "number above 0"
        raise DefinitionError(f"budget: {name} is {value!r:.80}, which is no {wanted}.", hint=_EXAMPLE)
    return int(number) if whole else number


def _rounded_up(name: str, value: float) -> float:
    """A figure of at most three digits that is not below a value."""
    if name in _WHOLE or value <= 0:
        return ceil(value)
    step = 10.0 ** (floor(log10(value)) - 2)
    return ceil(value / step - 1e-9) * step


def _figure(value: float) -> str:
    return f"{value:.10f}".rstrip("0").rstrip(".")
