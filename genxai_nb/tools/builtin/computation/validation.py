"""Checking that a text is what it should be: an address, a number, a date, JSON."""

from __future__ import annotations

import ipaddress
import json
import math
import re
from datetime import date, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from genxai_nb.errors import ToolFailed
from genxai_nb.tools.base import tool
from genxai_nb.tools.outcome import Outcome

from .patterns import regex_matcher

__all__ = ["Checked", "data_validator"]

MOST_PROBLEM = 500  # characters
MOST_TEXT = 1_000_000

Kind = Literal["email", "url", "phone", "ip", "date", "number", "json", "uuid", "custom_regex"]

# the form of RFC 5322's dot-atom with the lengths of RFC 5321; quoted local parts are refused
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_PHONE = re.compile(r"\+?[0-9 ().\-/]{5,30}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Checked(Struct, Outcome, frozen=True):
    """Whether a text is valid; why it is not; its usual form if it is."""

    valid: bool
    problem: str = ""
    value: Any = None


@tool(category="computation", tags=["check"], read_only=True, idempotent=True, timeout=15)
def data_validator(
    data: str,
    validation_type: Kind,
    custom_pattern: str | None = None,
    min_value: float | None = None,
    max_value: float | None = None,
) -> Checked:
    """Check that a text is a valid address, number, date, JSON or the like.

    It looks at the form only: no mail is sent and no address is called.

    Args:
        data: The text.
        validation_type: What it should be. A date is ISO 8601, such as 2026-11-24 or 2026-11-24T08:00Z.
        custom_pattern: The regular expression that all of it has to match, for custom_regex.
        min_value: The least number that is valid, for number.
        max_value: The greatest number that is valid, for number.

    Example:
        >>> data_validator("ann@example.org", "email").valid, data_validator("3", "number", max_value=2).problem
        (True, '3 is above 2')
    """
    if len(data) > MOST_TEXT:
        raise ToolFailed(f"The text has {len(data)} characters; {MOST_TEXT} is the most.")
    if validation_type == "custom_regex":
        return _matched(data, custom_pattern)
    try:
        value = _CHECKS[validation_type](data)
        if isinstance(value, int | float):
            _check_range(value, min_value, max_value)
    except ValueError as wrong:
        return Checked(valid=False, problem=str(wrong)[:MOST_PROBLEM])
    return Checked(valid=True, value=value)


def _matched(data: str, pattern: str | None) -> Checked:
    if not pattern:
        raise ToolFailed("custom_regex needs a custom_pattern.")
    if regex_matcher(text=data, pattern=pattern, operation="fullmatch").matched:
        return Checked(valid=True, value=data)
    return Checked(valid=False, problem=f"it does not match {pattern!r}")


def _email(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at:
        raise ValueError("there is no @")
    if _LOCAL.fullmatch(local) is None or len(local) > 64:
        raise ValueError(f"{local!r} cannot stand before the @")
    if "." not in domain:
        raise ValueError(f"{domain!r} is no domain")
    return f"{local}@{_domain(domain)}"


def _domain(text: str) -> str:
    labels = text.split(".")
    if len(text) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError(f"{text!r} is no domain")
    return text.lower()


def _url(text: str) -> str:
    if any(character.isspace() or not character.isprintable() for character in text):
        raise ValueError("there is a space or a control character in it")
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname or ""
    except ValueError as exc:
        raise ValueError(str(exc)) from exc
    if parts.scheme not in {"http", "https", "ftp", "ftps", "ws", "wss"}:
        raise ValueError(
            f"{parts.scheme!r} is no scheme of the web" if parts.scheme else "there is no scheme"
        )
    if not host:
        raise ValueError("there is no host")
    if ":" in host or host.replace(".", "").isdigit():
        _ip(host)
    elif host != "localhost":
        _domain(host.removesuffix("."))
    where = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=where if port is None else f"{where}:{port}").geturl()


def _phone(text: str) -> str:
    digits = re.sub(r"[^0-9]", "", text)
    if _PHONE.fullmatch(text.strip()) is None:
        raise ValueError("a phone number has digits, spaces, ( ) . - / and at most a + in front")
    if not 7 <= len(digits) <= 15:
        raise ValueError(f"it has {len(digits)} digits; a phone number has 7 to 15")
    return f"+{digits}" if text.strip().startswith("+") else digits


def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as exc:
        raise ValueError(f"{text!r} is no IP address") from exc


def _date(text: str) -> str:
    for kind in (date, datetime):
        try:
            return kind.fromisoformat(text).isoformat()
        except ValueError as exc:
            problem = exc
    raise ValueError(f"{text!r} is no ISO date: {problem}")


def _number(text: str) -> float | int:
    try:
        value = int(text) if re.fullmatch(r"\s*[+-]?[0-9]{1,4000}\s*", text) else float(text)
    except ValueError as exc:
        raise ValueError(f"{text[:40]!r} is no number") from exc
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]!r} is not finite")
    return value


def _json(text: str) -> str:
    def refused(word: str) -> None:
        raise ValueError(f"{word} is not JSON")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            raise ValueError("a key stands twice in one object")
        return made

    try:
        value = json.loads(text, parse_constant=refused, object_pairs_hook=unique)
    except json.JSONDecodeError as exc:
        raise ValueError(f"line {exc.lineno}, column {exc.colno}: {exc.msg}") from exc
    except RecursionError as exc:
        raise ValueError("it is nested too deeply") from exc
    return type(value).__name__.replace("NoneType", "null")


def _uuid(text: str) -> str:
    if _UUID.fullmatch(text.strip()) is None:
        raise ValueError("a UUID has 8-4-4-4-12 hexadecimal digits")
    return text.strip().lower()


def _check_range(value: float, least: float | None, most: float | None) -> None:
    if least is not None and value < least:
        raise ValueError(f"{value:g} is below {least:g}")
    if most is not None and value > most:
        raise ValueError(f"{value:g} is above {most:g}")


_CHECKS = {
    "email": _email,
    "url": _url,
    "phone": _phone,
    "ip": _ip,
    "date": _date,
    "number": _number,
    "json": _json,
    "uuid": _uuid,
}
