"""Opening a journal by its place."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from pathlib import Path

from genxai_nb.errors import SetupError, suggest
from genxai_nb.settings import read_settings

from .memory import MemoryStore
from .places import FILE, FOLDER
from .store import Store

_kinds: dict[str, Callable[[str], Store]] = {}  # beside memory and SQLite, by the scheme of their URLs
_open: dict[str, Store] = {}
_lock = threading.Lock()


def open_store(where: str | None = None) -> Store:
    """Open a journal; the same place gives the same store within a process.

    Args:
        where: ``:memory:``, a path, or the URL of a kind that was registered. None for the setting
            ``GENXAI_STORE``, and without that for ``.genxai/journal.db`` in the working folder.

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
    if url in _open or url == MemoryStore.url or "://" in url or Path(url).exists():
        return open_store(url)
    return MemoryStore()


def close_stores() -> list[str]:
    """Close all journals of this process; each is opened again when it is used again.

    Returns:
        The places of those that were open, sorted.
    """
    with _lock:
        stores = list(_open.values())
    return sorted(store.url for store in stores if store.close())


def kinds() -> list[str]:
    """List the kinds of store, sorted.

    Example:
        >>> kinds()
        ['memory', 'sqlite']
    """
    return sorted(("memory", "sqlite", *_kinds))


def register_store(kind: str, make: Callable[[str], Store]) -> None:
    """Let journals be kept in another kind of store.

    Args:
        kind: The scheme of its URLs, such as ``postgresql`` for ``postgresql://host/name``.
        make: Makes a store of its URL.
    """
    _kinds[kind] = make


def _url(where: str | None) -> str:
    where = where or read_settings().store or f"{FOLDER}/{FILE}"
    kind, scheme, _ = where.partition("://")
    if scheme and kind not in _kinds:
        hint = suggest(kind, _kinds) or 'Give a path, or ":memory:".'
        raise SetupError(f"Unknown kind of store {kind + scheme!r}.", hint=hint)
    return where if scheme or where == MemoryStore.url else str(Path(where).expanduser().absolute())


def _made(url: str) -> Store:
    if url == MemoryStore.url:
        return MemoryStore()
    kind, scheme, _ = url.partition("://")
    store = _kinds[kind](url) if scheme else _sqlite(url)
    atexit.register(store.close)
    return store


def _sqlite(path: str) -> Store:
    from .sqlite import SqliteStore

    return SqliteStore(path)
