"""Regular expressions within bounded time and memory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Interval, MaxLen
from msgspec import Struct, convert

from genxai_nb.errors import ToolFailed
from genxai_nb.tools.base import tool
from genxai_nb.tools.child import ask_child
from genxai_nb.tools.outcome import Outcome

__all__ = ["Found", "Matched", "regex_matcher"]

LONGEST_TEXT = 1_000_000
LONGEST_PATTERN = 2_000
LONGEST_REPLACEMENT = 10_000
MOST_MATCHES = 1_000
LETTERS = "imsxa"

_CHILD = str(Path(__file__).with_name("matching.py"))

Operation = Literal["match", "fullmatch", "search", "findall", "finditer", "sub", "split"]


class Found(Struct, frozen=True):
    """One match: its text, where it stands, and what its groups took."""

    text: str
    start: int
    end: int
    groups: list[str | None]
    named: dict[str, str | None]


class Matched(Struct, Outcome, frozen=True, omit_defaults=True):
    """What a pattern found.

    Attributes:
        matched: It was found at least once.
        count: How many matches, or parts for ``split``.
        matches: The matches.
        text: The new text, for ``sub``.
        parts: The parts, for ``split``.
        truncated: There is more than what is told.
    """

    matched: bool
    count: int
    matches: list[Found] = []
    text: str | None = None
    parts: list[str | None] = []
    truncated: bool = False


@tool(category="computation", tags=["text", "regex"], read_only=True, idempotent=True, timeout=15)
def regex_matcher(
    text: Annotated[str, MaxLen(LONGEST_TEXT)],
    pattern: Annotated[str, MaxLen(LONGEST_PATTERN)],
    operation: Operation = "findall",
    replacement: Annotated[str, MaxLen(LONGEST_REPLACEMENT)] | None = None,
    flags: str = "",
    timeout: Annotated[float, Interval(ge=0.1, le=10)] = 2.0,
) -> Matched:
    r"""Find, replace or split text by a regular expression.

    Args:
        text: The text to look at.
        pattern: A regular expression as Python's re reads it.
        operation: match looks at the start of the text, fullmatch at all of it, search for the first
            place, findall and finditer for all; sub replaces, split cuts.
        replacement: What sub puts in place of each match; \1 and \g<name> stand for groups.
        flags: Letters: i ignores case, m makes ^ and $ match at lines, s lets . match line breaks,
            x allows comments in the pattern, a takes ASCII only.
        timeout: Seconds that it may take.

    Example:
        >>> regex_matcher("ab12cd", r"(?P<number>\d+)").matches[0].named
        {'number': '12'}
    """
    unknown = sorted(set(flags) - set(LETTERS))
    if unknown:
        raise ToolFailed(f"Unknown flag {unknown[0]!r}.", hint=f"Flags are the letters {' '.join(LETTERS)}.")
    if operation == "sub" and replacement is None:
        raise ToolFailed("Operation sub needs a replacement.", hint='Give replacement="" to remove matches.')
    asked = {
        "pattern": pattern,
        "operation": operation,
        "replacement": replacement,
        "flags": flags,
        "most": MOST_MATCHES,
        "longest": LONGEST_TEXT,
    }
    said = ask_child(
        _CHILD,
        asked,
        text.encode("utf-8", "surrogatepass"),
        seconds=timeout,
        what=f"Pattern {pattern!r}",
        done="used",
        hint="Avoid repeats inside repeats, such as (a+)+; bound them, or give less text.",
        packages=False,
    )
    return convert(said, Matched)
