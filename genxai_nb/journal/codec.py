"""Events and values as strict JSON, with an allow-list of tags for what JSON does not know.

What is plain JSON is written as it is. Everything else becomes ``{"$": tag, "v": ...}``; a dict that has
a ``"$"`` key, or keys that are not text, is itself tagged. Reading calls nothing that the data names:
dataclasses, pydantic models and enum members come back as plain dicts and values. Numbers that are not
finite are kept; text that is no valid Unicode is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, get_args

import msgspec
from msgspec import structs

from genxai_nb.errors import NotStorable, StoreDamaged
from genxai_nb.messages import ModelRequest
from genxai_nb.secrets import any_known, held_secret, scrub

from .events import Event
from .plain import Plain, read, write, write_open
from .snapshot import Snapshot
from .tags import TAG, tagged

LARGE = 8192

_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="deterministic").encode
_decode_event = msgspec.json.Decoder(Event).decode
_decode_snapshot = msgspec.json.Decoder(Snapshot).decode
_decode = msgspec.json.Decoder().decode

_SAID = frozenset({"request", "reply"})  # of calls: what was said, not what the run goes on with
_MARK = _encode(TAG) + b":"
_TAG_BYTE = ord(TAG)
_FREE: dict[type, tuple[str, ...]] = {
    kind: tuple(field.name for field in structs.fields(kind) if field.type in (Any, dict[str, Any]))
    for kind in get_args(Event)
}


def encode_event(event: Event, blobs: dict[str, bytes] | None = None) -> bytes:
    """Encode an event as one line of JSON.

    Args:
        event: The event.
        blobs: If given, large values are put here by their hash, and the event refers to them.

    Raises:
        NotStorable: A value cannot be kept; its path is named.
    """
    changed = {}
    for name in _FREE[type(event)]:
        value = getattr(event, name)
        if (plain := write(value, name)) is not value:
            changed[name] = plain
    written = structs.replace(event, **changed) if changed else event
    try:
        body = _encode(written)
    except (UnicodeEncodeError, ValueError) as exc:
        body = _encode(_mended(written, exc))
    if any_known() and held_secret(body):
        written = without_secrets(written)
        body = _encode(written)
    if blobs is not None and len(body) > LARGE:
        parted = {name: _parted(getattr(written, name), blobs) for name in _FREE[type(event)]}
        body = _encode(structs.replace(written, **parted))
    return body


def without_secrets(event: Event) -> Event:
    """Put the names of known secrets in place of their values in what an event tells and asked.

    Raises:
        NotStorable: The state would hold one; a run that is resumed could not go on with its name.
    """
    changed = {}
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if name in _FREE[type(event)] and name not in _SAID:
            _refuse_secrets(value, name)
        elif isinstance(value, str) or name in _SAID:
            changed[name] = scrub(value)
    return structs.replace(event, **changed)


def _refuse_secrets(value: Any, path: str) -> None:
    if isinstance(value, str):
        if name := held_secret(value):
            error = NotStorable(path, value, f"holds the value of {name}")
            error.hint = (
                f"Keep it out of the state: read it where it is used, with Secret.from_environment({name!r})."
            )
            raise error
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_secrets(key, path)
            _refuse_secrets(item, path if TAG in value else f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            _refuse_secrets(item, f"{path}[{number}]")
    elif isinstance(value, msgspec.Struct):
        _refuse_secrets(msgspec.to_builtins(value, enc_hook=in_text), path)


def in_text(value: Any) -> str:
    """A value that JSON does not know, as text in which a secret would be found."""
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - an object's own text may raise anything
        return type(value).__qualname__


def decode_event(body: bytes, fetch: Callable[[str], bytes] | None = None) -> Event:
    """Decode an event.

    Args:
        body: What :func:`encode_event` made.
        fetch: Gives a large value by its hash.

    Raises:
        StoreDamaged: The bytes are not an event that this version knows.
    """
    try:
        event: Event = _decode_event(body)
        if _TAG_BYTE not in body or _MARK not in body:  # one byte is looked for ten times as fast
            return event
        get = fetch and (lambda name: _decode(fetch(name)))
        values = {name: read(getattr(event, name), name, get) for name in _FREE[type(event)]}
        return structs.replace(event, **values)
    except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
        raise StoreDamaged(f"It is not an event that this version knows: {exc}.") from exc


def encode_snapshot(snapshot: Snapshot, blobs: dict[str, bytes]) -> bytes:
    """Encode a snapshot as one line of JSON; large values are put into ``blobs`` by their hash, as those of events.

    Raises:
        NotStorable: A value of the state cannot be kept, or is a secret.
    """
    state = write(snapshot.state, "state")
    try:
        body = _encode(structs.replace(snapshot, state=state))
    except (UnicodeEncodeError, ValueError) as exc:
        raise _unencodable(state, "state") from exc
    if any_known() and held_secret(body):
        _refuse_secrets(state, "state")
    if len(body) > LARGE:
        body = _encode(structs.replace(snapshot, state=_parted(state, blobs)))
    return body


def decode_snapshot(body: bytes, fetch: Callable[[str], bytes]) -> Snapshot:
    """Decode a snapshot.

    Args:
        body: What :func:`encode_snapshot` made.
        fetch: Gives a large value by its hash.

    Raises:
        StoreDamaged: The bytes are not a snapshot that this version knows.
    """
    try:
        snapshot = _decode_snapshot(body)
        state = read(snapshot.state, "state", lambda name: _decode(fetch(name)))
    except (msgspec.MsgspecError, LookupError, ValueError, RecursionError) as exc:
        raise StoreDamaged(f"It is not a snapshot that this version knows: {exc}.") from exc
    if type(state) is not dict:
        raise StoreDamaged(f"The state of a snapshot is no dict, but {state!r:.80}.")
    return structs.replace(snapshot, state=state)


def to_plain(value: Any, path: str = "value") -> Plain:
    """Turn a value into plain JSON data: dicts, lists, text, numbers, booleans and None.

    Raises:
        NotStorable: The value, or something in it, cannot be kept; its path is named.

    Example:
        >>> to_plain({"seen": {3}})
        {'seen': {'$': 'set', 'v': [3]}}
    """
    plain = write(value, path)
    try:
        return _decode(_encode(plain))
    except (UnicodeEncodeError, ValueError) as exc:
        raise _unencodable(plain, path) from exc


def from_plain(plain: Plain, path: str = "value") -> Any:
    """Turn plain JSON data back into the value that :func:`to_plain` was given.

    Raises:
        StoreDamaged: A tag is unknown, or its content does not fit it; the path is named.

    Example:
        >>> from_plain({"seen": {"$": "set", "v": [3]}})
        {'seen': {3}}
    """
    return read(plain, path)


def encode_request(value: Any) -> bytes:
    """Encode a request so that equal requests are equal bytes, whatever the order of their keys.

    Raises:
        NotStorable: The request, or something in it, cannot be kept.
    """
    if type(value) is ModelRequest:  # long, and plain data throughout
        try:
            return _encode_sorted(value)
        except (TypeError, ValueError, RecursionError):
            pass
    plain = write_open(value, "request")
    try:
        body = _encode_sorted(plain)
    except (UnicodeEncodeError, ValueError) as exc:
        raise _unencodable(plain, "request") from exc
    if b'{"$":"dict"' in body:
        body = _encode_sorted(_with_sorted_pairs(_decode(body)))
    return body


def _mended(event: Event, exc: ValueError) -> Event:
    """Make an event encodable whose own words are not valid Unicode; refuse such a value."""
    mended = {}
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if name in _FREE[type(event)]:
            if not _encodable(value):
                raise _unencodable(value, name) from exc
        elif isinstance(value, str):
            mended[name] = value.encode("utf-8", "backslashreplace").decode()
    return structs.replace(event, **mended)


def _encodable(plain: Plain) -> bool:
    try:
        _encode(plain)
    except (UnicodeEncodeError, ValueError):
        return False
    return True


def _unencodable(plain: Plain, path: str) -> NotStorable:
    """Find the text or number in plain data that JSON cannot hold."""
    if isinstance(plain, dict):
        for key, item in plain.items():
            if not _encodable(key):
                return NotStorable(f"{path}[{key!a}]", key, "has a key that is no valid Unicode text")
            if not _encodable(item):
                return _unencodable(item, path if TAG in plain else f"{path}.{key}")
    if isinstance(plain, (list, tuple)):
        for number, item in enumerate(plain):
            if not _encodable(item):
                return _unencodable(item, f"{path}[{number}]")
    if isinstance(plain, msgspec.Struct):
        return _unencodable(msgspec.to_builtins(plain), path)
    why = (
        "is a whole number of more than 4300 digits" if isinstance(plain, int) else "is no valid Unicode text"
    )
    return NotStorable(path, plain, why)


def _parted(plain: Plain, blobs: dict[str, bytes]) -> Plain:
    """Put what is large in plain data apart, the innermost first, and refer to it by its hash.

    A long list is parted at places that depend only on what comes before them, so that a list which
    grows at its end, such as a conversation, shares all but its last part with its earlier states.
    """
    if isinstance(plain, str):
        return _apart(plain, blobs) if len(plain) >= LARGE else plain
    if isinstance(plain, dict):
        return _parted_dict(plain, blobs)
    if isinstance(plain, (list, tuple)) and _weight(plain) >= LARGE:
        return _parted_list(
            [_parted(item, blobs) if _weight(item) >= LARGE else item for item in plain], blobs
        )
    return plain


def _parted_dict(plain: dict[str, Plain], blobs: dict[str, bytes]) -> Plain:
    """Put the large values of a dict apart; the dict as a whole only if the small ones together are large."""
    parted, small = {}, 0
    for key, item in plain.items():
        weight = _weight(item)
        parted[key] = _parted(item, blobs) if weight >= LARGE else item
        small += len(key) + weight if weight < LARGE else 0
    return _apart(parted, blobs) if small >= LARGE else parted


def _parted_list(items: Sequence[Plain], blobs: dict[str, bytes], end: Sequence[Plain] = ()) -> Plain:
    """Put parts of a list apart, each as soon as it is long enough; what is left and ``end`` stay here."""
    parts: list[Plain] = []
    part: list[Plain] = []
    weight = 0
    for item in items:
        part.append(item)
        weight += _weight(item) + 1
        if weight >= LARGE:
            parts.append(_apart(part, blobs))
            part, weight = [], 0
    part += end
    return tagged("joined", _parted_list(parts, blobs, [part])) if parts else part


def _weight(plain: Plain) -> int:
    """About how long the data is when encoded."""
    if isinstance(plain, str):
        return len(plain) + 2
    return len(_encode(plain)) if isinstance(plain, (dict, list, tuple)) else 8


def _apart(plain: Plain, blobs: dict[str, bytes]) -> Plain:
    body = _encode(plain)
    name = sha256(body).hexdigest()
    blobs[name] = body
    return tagged("blob", name)


def _with_sorted_pairs(plain: Plain) -> Plain:
    if isinstance(plain, list):
        return [_with_sorted_pairs(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    plain = {key: _with_sorted_pairs(item) for key, item in plain.items()}
    if plain.get(TAG) == "dict":
        plain["v"] = sorted(plain["v"], key=_encode_sorted)
    return plain
