"""The journal: what happened in a run, kept in order, and the readers of it."""

from .memory import MemoryStore
from .opening import open_store
from .store import Store

__all__ = ["MemoryStore", "Store", "open_store"]
