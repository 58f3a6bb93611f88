"""Values that JSON does not know, as tagged JSON: ``{"$": tag, "v": ...}``."""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path, PosixPath, PurePath, PurePosixPath, PureWindowsPath, WindowsPath
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

TAG = "$"


class Scalar(NamedTuple):
    """How a type without members is written and read."""

    tag: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def tagged(tag: str, body: Any) -> dict[str, Any]:
    """Make the JSON object that stands for a value."""
    return {TAG: tag, "v": body}


def write_bytes(value: bytes) -> str:
    """Encode bytes as text."""
    return b64encode(value).decode("ascii")


def read_bytes(text: str) -> bytes:
    """Decode bytes from text."""
    return b64decode(text, validate=True)


def read_float(text: str) -> float:
    """Read a number that is not finite; only such numbers are written with a tag."""
    value = float(text)
    if math.isfinite(value):
        raise ValueError(f"A finite number {text!r} was tagged as one that is not.")
    return value


def _write_datetime(value: datetime) -> Any:
    """Write a time with its offset; the zone's name is kept for a ZoneInfo, else the offset is all."""
    text, zone = value.isoformat(), getattr(value.tzinfo, "key", None)
    if zone or (value.fold and value.tzinfo is None):
        return [text, zone, value.fold]
    return text


def _read_datetime(body: Any) -> datetime:
    if isinstance(body, str):
        return datetime.fromisoformat(body)
    text, zone, fold = body
    moment = datetime.fromisoformat(text)
    if zone is None:
        return moment.replace(fold=fold)
    try:
        local = moment.replace(tzinfo=ZoneInfo(zone), fold=fold)
    except ZoneInfoNotFoundError:
        return moment
    # The same instant, should the zone's rules have changed; a clock time that a zone skips is kept as it is.
    return local if local.utcoffset() == moment.utcoffset() else moment.astimezone(local.tzinfo)


def _write_timedelta(value: timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


_DATETIME = Scalar("datetime", _write_datetime, _read_datetime)
_DATE = Scalar("date", date.isoformat, date.fromisoformat)
_TIME = Scalar("time", time.isoformat, time.fromisoformat)
_TIMEDELTA = Scalar("timedelta", _write_timedelta, lambda body: timedelta(*body))
_BYTES = Scalar("bytes", write_bytes, read_bytes)
_BYTEARRAY = Scalar("bytearray", write_bytes, lambda body: bytearray(read_bytes(body)))
_DECIMAL = Scalar("decimal", str, Decimal)
_UUID = Scalar("uuid", str, UUID)
_PATH = Scalar("path", str, Path)
_FLOAT = Scalar("float", repr, read_float)
_COMPLEX = Scalar(
    "complex", lambda value: [repr(value.real), repr(value.imag)], lambda body: complex(*map(float, body))
)

SCALARS: dict[type, Scalar] = {
    datetime: _DATETIME,
    date: _DATE,
    time: _TIME,
    timedelta: _TIMEDELTA,
    bytes: _BYTES,
    bytearray: _BYTEARRAY,
    Decimal: _DECIMAL,
    UUID: _UUID,
    complex: _COMPLEX,
    float: _FLOAT,
    **dict.fromkeys((PurePath, PurePosixPath, PureWindowsPath, PosixPath, WindowsPath), _PATH),
}

SCALAR_READERS: dict[str, Callable[[Any], Any]] = {scalar.tag: scalar.read for scalar in SCALARS.values()}
