"""Keys and values of Redis, below the prefix that the connection names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Interval, MaxLen
from msgspec import Struct

from genxai_nb.errors import MissingPackage, ToolFailed
from genxai_nb.guard.policy import Subject
from genxai_nb.tools.base import tool
from genxai_nb.tools.connections import find_connection
from genxai_nb.tools.outcome import Outcome

from .rows import MOST_TEXT, bounded

__all__ = ["Cached", "redis_cache"]

MOST_KEYS = 1_000
MOST_STARS = 8  # before version 7.0.9 each one more multiplies the time of the server
MOST_SCANNED = 100_000
LONGEST_TIME = 366 * 24 * 3600

Operation = Literal["get", "set", "delete", "exists", "keys", "ttl"]
_READS = {"get", "exists", "keys", "ttl"}
_ODD = re.compile(r"[\x00-\x1f\x7f]")


class Cached(Struct, Outcome, frozen=True, omit_defaults=True):
    """What Redis said.

    Attributes:
        key: The key, without the connection's prefix.
        value: The value, for ``get``; None if there is none.
        exists: Whether the key is there, or was before ``delete``.
        ttl: Seconds until it is gone, for ``ttl``; None if it stays.
        keys: The keys found, for ``keys``.
        truncated: There are more keys, or the value is longer.
    """

    key: str
    value: str | None = None
    exists: bool = False
    ttl: int | None = None
    keys: list[str] = []
    truncated: bool = False


def _needs(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    return ("read",) if str(arguments.get("operation", "get")) in _READS else ("read", "write")


def _subjects(arguments: Mapping[str, Any]) -> list[Subject]:
    return [("tables", str(arguments.get("key", "")))]


@tool(
    category="database",
    tags=["cache"],
    timeout=35,
    permissions=["read", "write"],
    needs=_needs,
    subjects=_subjects,
)
def redis_cache(
    connection: str,
    operation: Operation,
    key: Annotated[str, MaxLen(512)],
    *,
    value: Annotated[str, MaxLen(1_000_000)] | None = None,
    ttl: Annotated[int, Interval(ge=1, le=LONGEST_TIME)] | None = None,
    timeout: Annotated[float, Interval(ge=0.1, le=30)] = 5,
) -> Cached:
    """Read and write keys of a named Redis.

    A connection redis://host:6379/0?prefix=agent: keeps all keys below that prefix.

    Args:
        connection: The name of the connection.
        operation: get, set, delete, exists, ttl of one key; keys for those that match.
        key: The key; for keys a pattern in which * stands for any text and ? for any character.
        value: The text to set.
        ttl: Seconds until a key that is set is gone; without it, it stays.
        timeout: Seconds that it may take.

    Example:
        >>> redis_cache("cache", "set", "town")
        Traceback (most recent call last):
        ...
        genxai_nb.errors.ToolFailed: set needs a value.
    """
    if operation == "set" and value is None:
        raise ToolFailed("set needs a value.")
    if not key or _ODD.search(key):
        raise ToolFailed(f"{key!r:.80} is no key: it is empty or has control characters.")
    if operation == "keys" and key.count("*") > MOST_STARS:
        raise ToolFailed(
            f"The pattern has {key.count('*')} stars; {MOST_STARS} are the most.", hint="Use fewer."
        )
    found = find_connection(connection, "Redis", ("redis", "rediss"))
    try:
        from redis import Redis
        from redis.exceptions import RedisError
    except ImportError as exc:
        raise MissingPackage("redis", "redis") from exc
    prefix = found.options.get("prefix", "")
    address = re.sub(r"([?&])prefix=[^&]*&?", r"\1", found.url.reveal()).rstrip("?&")
    try:
        with Redis.from_url(address, socket_timeout=timeout, socket_connect_timeout=timeout) as client:
            return _done(client, operation, prefix, key, value, ttl)
    except RedisError as exc:
        raise ToolFailed(f"Redis {connection!r}: {str(exc).splitlines()[0]:.300}") from exc


def _done(client: Any, operation: str, prefix: str, key: str, value: str | None, ttl: int | None) -> Cached:
    full = prefix + key
    if operation == "get":
        return _got(client, key, full)
    if operation == "set":
        client.set(full, value, ex=ttl)
        return Cached(key, exists=True, ttl=ttl)
    if operation == "delete":
        return Cached(key, exists=client.delete(full) > 0)
    if operation == "exists":
        return Cached(key, exists=client.exists(full) > 0)
    if operation == "ttl":
        left = client.ttl(full)
        return Cached(key, exists=left != -2, ttl=left if left >= 0 else None)
    return _keys(client, prefix, key)


def _got(client: Any, key: str, full: str) -> Cached:
    """The beginning of a value, as it may have half a gigabyte."""
    some = client.getrange(full, 0, 4 * MOST_TEXT)
    if not some and not client.exists(full):
        return Cached(key)
    left = client.strlen(full) - len(some)
    value = bounded(some.decode(errors="replace"))
    return Cached(key, value, exists=True, truncated=left > 0 or value != some.decode(errors="replace"))


def _keys(client: Any, prefix: str, pattern: str) -> Cached:
    """The keys that match; by steps, so that nobody else has to wait, and with a prefix taken as it stands."""
    shape = re.sub(r"([*?\[\]\\^])", r"\\\1", prefix) + re.sub(r"([\[\]\\^])", r"\\\1", pattern)
    found: set[str] = set()
    cursor, seen = 0, 0
    while True:
        cursor, some = client.scan(cursor, match=shape, count=1000)
        seen += 1000
        found.update(one.decode(errors="replace").removeprefix(prefix) for one in some)
        if cursor == 0 or len(found) > MOST_KEYS or seen >= MOST_SCANNED:
            break
    return Cached(pattern, keys=sorted(found)[:MOST_KEYS], truncated=cursor != 0 or len(found) > MOST_KEYS)
