"""Calls of webhooks, signed if a key is named."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Interval
from msgspec import DecodeError, Struct, json

from genxai_nb.errors import ToolFailed
from genxai_nb.guard.policy import Subject
from genxai_nb.tools.base import tool
from genxai_nb.tools.connections import find_connection, find_secret
from genxai_nb.tools.outcome import Outcome

from .sending import client_of

__all__ = ["Answered", "webhook_caller"]

LARGEST = 1_000_000  # bytes
SIGNATURE = "x-genxai-signature"

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Answered(Struct, Outcome, frozen=True, omit_defaults=True):
    """What a webhook answered: its status, and its body as JSON or text."""

    status: int
    ok: bool
    json: Any = None
    text: str = ""


def _subjects(arguments: Mapping[str, Any]) -> list[Subject]:
    if arguments.get("url"):
        return [("hosts", str(arguments["url"]))]
    return [("recipients", f"webhook:{arguments.get('connection', '')}")]


@tool(
    category="communication",
    tags=["webhook", "http"],
    timeout=130,
    permissions=["network", "send", "secret"],
    subjects=_subjects,
)
async def webhook_caller(
    url: str | None = None,
    *,
    connection: str | None = None,
    method: Method = "POST",
    payload: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    signing_key: str | None = None,
    timeout: Annotated[float, Interval(ge=1, le=120)] = 30,  # noqa: ASYNC109 - a parameter of the tool
    context: Any = None,
) -> Answered:
    """Call a webhook with JSON.

    The call carries an Idempotency-Key that is equal when a run is resumed, so a receiver can tell a repetition.

    Args:
        url: The address, if it is no secret.
        connection: The name of the connection that holds the address, if it is one.
        method: The method.
        payload: What to send as JSON.
        headers: Further headers; credentials are no arguments.
        signing_key: The name of a connection that holds a key to sign the body with (HMAC-SHA256).
        timeout: Seconds that it may take.
        context: The context of the call.

    Example:
        >>> import asyncio
        >>> asyncio.run(webhook_caller("http://169.254.169.254/latest/meta-data"))
        Traceback (most recent call last):
        ...
        genxai_nb.errors.Denied: ...
    """
    if (url is None) == (connection is None):
        raise ToolFailed("Give either url or connection.")
    body = json.encode(payload if payload is not None else {}) if method != "GET" else b""
    if len(body) > LARGEST:
        raise ToolFailed(f"The payload has {len(body)} bytes; {LARGEST} is the most.")
    given = {**(headers or {}), **({"content-type": "application/json"} if body else {})}
    if signing_key is not None:
        key = find_secret(signing_key, "signing").reveal()
        given[SIGNATURE] = f"sha256={hmac.digest(key.encode(), body, 'sha256').hex()}"
    if repeated := getattr(context, "idempotency_key", ""):
        given["idempotency-key"] = repeated
    client, address = _target(url, connection, context)
    answer = await client.request(
        method, address, headers=given, content=body or None, timeout=timeout, redirects=0
    )
    try:
        said: Any = json.decode(answer.body)
    except (DecodeError, RecursionError):
        return Answered(answer.status, answer.status < 400, text=answer.text[:20_000])
    return Answered(answer.status, answer.status < 400, json=said)


def _target(url: str | None, connection: str | None, context: Any) -> tuple[Any, str]:
    from genxai_nb.tools.http import client_for

    if url is not None:
        return client_for(context), url
    found = find_connection(str(connection), "a webhook", ("http", "https"))
    return client_of(found, context), found.url.reveal()
