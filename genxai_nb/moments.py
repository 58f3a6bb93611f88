"""Moments in words, such as ``Friday`` or ``3 May 2027``, as times."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from genxai_nb.errors import InputError

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_MONTH = "|".join(_MONTHS)
WORDS = (
    r"(?:\d{4}-\d\d-\d\d|today|tonight|tomorrow|(?:next\s+)?(?:" + "|".join(_DAYS) + r")"
    r"|\d{1,2}\.?\s+(?:" + _MONTH + r")(?:\s+\d{4})?|(?:" + _MONTH + r")\s+\d{1,2}(?:,?\s+\d{4})?)"
)
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_AGO = re.compile(r"(?P<count>\d+(?:\.\d+)?)\s*(?P<unit>s|min|h|d|w)", re.IGNORECASE)
_NAMED = re.compile(
    rf"(?:(?P<day>\d{{1,2}})\.?\s+)?(?P<month>{_MONTH})(?:\s+(?P<other>\d{{1,2}})\b)?(?:,?\s*(?P<year>\d{{4}}))?"
)


def moment(words: str, now: float, *, end: bool = False) -> float | None:
    """The time that words name, as Unix seconds: the first moment of that day here, or its last one.

    A day without a year, or of a week, is the next one from ``now`` on. None for words that name no day.

    Example:
        >>> noon = datetime(2026, 12, 1, 12).timestamp()  # a Tuesday
        >>> [str(datetime.fromtimestamp(moment(words, noon))) for words in ("Friday", "3 May", "2026-12-24")]
        ['2026-12-04 00:00:00', '2027-05-03 00:00:00', '2026-12-24 00:00:00']
    """
    today = datetime.fromtimestamp(now).date()
    try:
        day = _day(" ".join(words.lower().split()), today)
    except ValueError:  # such as 31 February
        return None
    if day is None:
        return None
    midnight = datetime(day.year, day.month, day.day) + timedelta(days=1 if end else 0)
    return midnight.timestamp()


def time_since(since: str | float | timedelta | datetime, now: float) -> float:
    """The time from which on something is asked for, as Unix seconds.

    Args:
        since: How long ago: a timedelta, seconds, or words such as ``7d``, ``12 h``, ``30 min``; or from when: a
            datetime, or a day such as ``2026-12-01`` or ``3 May 2026``.
        now: The time of asking.

    Raises:
        InputError: It is nothing of these.

    Example:
        >>> time_since("2h", 10_000.0), time_since(60, 10_000.0)
        (2800.0, 9940.0)
    """
    if isinstance(since, datetime):
        return since.timestamp()
    if isinstance(since, timedelta):
        return now - since.total_seconds()
    if isinstance(since, int | float):
        return now - since
    if ago := _AGO.fullmatch(since.strip()):
        return now - float(ago["count"]) * _SECONDS[ago["unit"].lower()]
    found = moment(since, now)
    if found is None:
        raise InputError(
            f"{since!r} says no time.", hint="Write 7d, 12h, 30min, or a day such as 2026-12-01."
        )
    return found


def _day(words: str, today: date) -> date | None:
    if words in {"today", "tonight", "tomorrow"}:
        return today + timedelta(days=words == "tomorrow")
    name = words.removeprefix("next ")
    if name in _DAYS:
        ahead = (_DAYS.index(name) - today.weekday()) % 7
        return today + timedelta(days=ahead or (7 if name != words else 0))
    if re.fullmatch(r"\d{4}-\d\d-\d\d", words):
        return date.fromisoformat(words)
    found = _NAMED.fullmatch(words)
    if found is None or bool(found["day"]) == bool(found["other"]):
        return None
    month, number = _MONTHS.index(found["month"]) + 1, int(found["day"] or found["other"])
    if found["year"]:
        return date(int(found["year"]), month, number)
    day = date(today.year, month, number)
    return day if day >= today else date(today.year + 1, month, number)
