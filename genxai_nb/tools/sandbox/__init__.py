"""Running code that nobody has read: three levels, and never a silent step from one to another."""

from .limits import Limits, Ran

__all__ = ["Limits", "Ran"]
