"""What stands for a value that a notebook makes when it runs, where it is only read."""

from __future__ import annotations

__all__ = ["Unrun"]


class Unrun:
    """The value of a variable whose statements were not executed; a script takes these statements as they stand.

    Args:
        name: The variable.
        doubt: Why its statements do not tell what it holds; empty if they do.

    Example:
        >>> Unrun("reference")
        <reference, not run>
    """

    __slots__ = ("doubt", "name")

    def __init__(self, name: str, doubt: str = "") -> None:
        self.name = name
        self.doubt = doubt

    def __repr__(self) -> str:
        return f"<{self.name}, not run>"
