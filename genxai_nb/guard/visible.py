"""Text as a person has to see it before deciding on it: nothing hidden, nothing reordered."""

from __future__ import annotations

import unicodedata

__all__ = ["visible"]

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
# letters by category that show nothing: Hangul fillers, the braille blank, variation selectors
_BLANK = frozenset({0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)})


def visible(text: str, most: int | None = None) -> str:
    r"""Write a text with each character that cannot be seen, or that moves others, as an escape.

    Args:
        text: The text.
        most: Characters to show; what is longer says how much is left out.

    Example:
        >>> visible("pay\u202egpj.exe\n")
        'pay\\u202egpj.exe\\n'
    """
    shown = text if most is None else text[:most]
    if not shown.isascii() or not shown.isprintable() or "\\" in shown:
        shown = "".join([_seen(character) for character in shown])
    left = len(text) - most if most is not None else 0
    return shown if left <= 0 else f"{shown}... ({left} more characters)"


def _seen(character: str) -> str:
    short = _SHORT.get(character)
    if short is not None:
        return short
    number, category = ord(character), unicodedata.category(character)
    odd_space = category == "Zs" and character != " "
    if category not in _HIDDEN and not odd_space and number not in _BLANK:
        return character
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
