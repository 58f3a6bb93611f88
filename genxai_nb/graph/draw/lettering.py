"""How wide text is, cut to fit, and made fit for XML and for one line."""

from __future__ import annotations

from unicodedata import category, combining, east_asian_width

# Hundredths of an em in DejaVu Sans, which is wider than the usual faces: what fits here fits there.
_WIDTHS = {
    char: width
    for width, chars in {
        30: " ',.IJijl",
        35: "-/:;\\f|",
        40: "!()[]rt",
        50: '"*_`sz',
        60: "?LcFPTYaekovxy",
        65: "$0123456789EKSbdghnpqu{}",
        70: "ABCRVXZ",
        75: "DGHNU",
        80: "&OQw",
        85: "#+<=>M^~",
        95: "%m",
        100: "@W",
    }.items()
    for char in chars
}
_MONO = 60
_BOLD = 1.1
_ELLIPSIS = "…"
# Marks that reorder or hide what stands around them: a name must read as it is.
_TRICKY = frozenset(
    [0x061C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xFFFE, 0xFFFF]
)


def measure(text: str, size: float, *, bold: bool = False, mono: bool = False) -> float:
    """Estimate the width of a line of text in pixels, rather too wide than too narrow."""
    em = sum(_em(char, mono=mono) for char in text) / 100
    return em * size * (_BOLD if bold and not mono else 1.0)


def shorten(text: str, width: float, size: float, *, bold: bool = False, mono: bool = False) -> str:
    """Cut a line of text to a width in pixels; what was cut shows as an ellipsis."""
    whole, text = text, text[: int(width)]  # no letter that counts is narrower than a pixel
    if text == whole and measure(text, size, bold=bold, mono=mono) <= width:
        return text
    room = width - measure(_ELLIPSIS, size, bold=bold, mono=mono)
    used, kept = 0.0, 0
    for char in text:
        used += measure(char, size, bold=bold, mono=mono)
        if used > room:
            break
        kept += 1
    return text[:kept].rstrip() + _ELLIPSIS


def one_line(text: str, limit: int = 2000) -> str:
    """Make text readable on one line: white space runs become one space, hidden marks become visible."""
    cut = text if len(text) <= limit else text[:limit] + _ELLIPSIS
    return " ".join(visible(cut).split())


def visible(text: str) -> str:
    """Replace what XML forbids, and write marks that reorder or hide text as their code."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(char: str) -> str:
    if char in "\n\t":
        return char
    code = ord(char)
    if code < 0x20 or code == 0x7F:
        return " " if char == "\r" else chr(0x2400 + min(code, 0x21))
    if code in _TRICKY or 0x80 <= code < 0xA0 or 0xD800 <= code < 0xE000 or code >= 0xE0000:
        return f"\\u{code:04x}"
    return char


def _em(char: str, *, mono: bool) -> float:
    if (width := _WIDTHS.get(char)) is not None:
        return _MONO if mono else width
    if combining(char) or category(char) in {"Mn", "Me", "Cf"}:
        return 0
    if east_asian_width(char) in "WF" or ord(char) >= 0x1F000:
        return 135 if ord(char) >= 0x1F000 else 105
    if mono:
        return _MONO
    return 110 if char == _ELLIPSIS or ord(char) >= 0x400 else 78
