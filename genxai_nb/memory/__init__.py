"""What agents remember: kinds of memory, the rules by which they are written, and how they are recalled."""

from .base import Item, Kind, Query, Recalled, Turn

__all__ = ["Item", "Kind", "Query", "Recalled", "Turn"]
