"""Numbers in few characters."""

from __future__ import annotations


def short_count(number: int) -> str:
    """Write a count, thousands as ``1.9k``.

    Example:
        >>> short_count(999), short_count(1949), short_count(12_400_000)
        ('999', '1.9k', '12M')
    """
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size * 0.9995:
            scaled = number / size
            return f"{scaled:.1f}{unit}" if scaled < 9.95 else f"{scaled:.0f}{unit}"
    return str(number)


def short_time(seconds: float) -> str:
    """Write a duration with the unit that suits it.

    Example:
        >>> short_time(0.0042), short_time(3.84), short_time(75), short_time(7260)
        ('4 ms', '3.8 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 0.0005:
        return "<1 ms"
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def counted(number: int, noun: str) -> str:
    """Write a count with its noun.

    Example:
        >>> counted(1, "visit"), counted(3, "visit")
        ('1 visit', '3 visits')
    """
    return f"{short_count(number)} {noun}" + ("" if number == 1 else "s")
