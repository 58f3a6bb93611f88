"""Opening a journal by its place."""

from __future__ import annotations

import atexit
import threading
from pathlib import Path

from genxai_nb.errors import SetupError
from genxai_nb.settings import read_settings

from .memory import MemoryStore
from .places import FILE, FOLDER
from .store import Store

_open: dict[str, Store] = {}
_lock = threading.Lock()


def open_store(where: str | None = None) -> Store:
    """Open a journal; the same place gives the same store within a process.

    Args:
        where: ``:memory:`` or a path. None for the setting ``GENXAI_STORE``, and without that for
            ``.genxai/journal.db`` in the working folder.

    Raises:
        SetupError: It names a kind of store that is not known.
        StoreError: The file cannot be used as a journal.

    Example:
        >>> open_store(":memory:") is open_store(":memory:")
        True
    """
    url = _url(where)
    with _lock:
        store = _open.get(url)
        if store is None:
            store = _open[url] = _made(url)
    return store


def find_store(where: str | None = None) -> Store:
    """Open a journal to look into it: where there is none yet, nothing is made, and an empty one is given.

    Args:
        where: As for `open_store`.

    Raises:
        SetupError: It names a kind of store that is not known.
        StoreError: The file cannot be used as a journal.

    Example:
        >>> find_store("/nowhere/journal.db").runs()
        []
    """
    url = _url(where)
    if url in _open or url == MemoryStore.url or Path(url).exists():
        return open_store(url)
    return MemoryStore()


def _url(where: str | None) -> str:
    where = where or read_settings().store or f"{FOLDER}/{FILE}"
    kind, scheme, _ = where.partition("://")
    if scheme:
        raise SetupError(f"Unknown kind of store {kind + scheme!r}.", hint='Give a path, or ":memory:".')
    return where if where == MemoryStore.url else str(Path(where).expanduser().absolute())


def _made(url: str) -> Store:
    if url == MemoryStore.url:
        return MemoryStore()
    from .sqlite import SqliteStore

    store = SqliteStore(url)
    atexit.register(store.close)
    return store
