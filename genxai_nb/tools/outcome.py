"""What builtin tools return have in common."""

from __future__ import annotations

__all__ = ["Outcome"]


class Outcome:
    """What a builtin tool returns, a struct; a notebook shows it as a table.

    Example:
        >>> from genxai_nb.tools.registry import find
        >>> isinstance(find("hash_generator").function("abc", "md5"), Outcome)
        True
    """

    __slots__ = ()
