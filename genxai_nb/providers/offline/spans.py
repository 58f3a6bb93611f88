"""From which year to which one: ``in 2012``, ``between 2013 and 2014``, ``from 1990 to 1999``, ``1990-1999``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .text import stems

_YEAR = r"(?:the\s+years?\s+)?((?:1[5-9]|20|21)\d\d)\b"
_BOTH = re.compile(
    rf"\b(?:between|from)\s+{_YEAR}\s+(?:and|to|until|till|through)\s+{_YEAR}"
    rf"|(?<![\d-])((?:1[5-9]|20|21)\d\d)\s?[-–]\s?((?:1[5-9]|20|21)\d\d)(?![\d-])",
    re.IGNORECASE,
)
_ONE = re.compile(rf"\b(?:in|during|for)\s+{_YEAR}(?!\s?[-–/]\d)", re.IGNORECASE)
_FIRST = frozenset(stems("since from after start begin first earliest"))
_YEARS = frozenset(stems("year since until"))
_LAST = frozenset(stems("until till to before end last latest"))


def span_in(text: str) -> tuple[int, int] | None:
    """The first and the last year that a text speaks of; None if it names none, or does not say from when to when.

    Example:
        >>> span_in("How many were there between 2013 and 2014?"), span_in("in the 1990s")
        ((2013, 2014), None)
    """
    if both := _BOTH.search(text):
        first, last = sorted(int(year) for year in both.groups() if year)
        return first, last
    found = {int(year) for year in _ONE.findall(text)}
    return (year := found.pop(), year) if len(found) == 1 else None


def ends_of(properties: Mapping[str, Mapping[str, Any]]) -> tuple[str, str] | None:
    """The parameters of a tool that take the first and the last year, such as ``since`` and ``until``; None without both."""
    whole = [name for name, schema in properties.items() if _is_year(name, schema)]
    firsts = [name for name in whole if not _FIRST.isdisjoint(stems(name))]
    lasts = [name for name in whole if not _LAST.isdisjoint(stems(name))]
    return (firsts[0], lasts[0]) if len(firsts) == len(lasts) == 1 and firsts != lasts else None


def _is_year(name: str, schema: Mapping[str, Any]) -> bool:
    about = stems(f"{name} {schema.get('description', '')}")
    return schema.get("type") == "integer" and not _YEARS.isdisjoint(about)
