"""Requests to web services, alone and in sessions."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Interval
from msgspec import Struct

from genxai_nb.errors import ToolFailed
from genxai_nb.tools.base import tool
from genxai_nb.tools.outcome import Outcome

from .credentials import credentials_for

if TYPE_CHECKING:
    from genxai_nb.tools.http import Answer

__all__ = ["Response", "api_caller", "http_client"]

MOST_CHARACTERS = 200_000
MOST_HEADERS = 50
MOST_SESSIONS = 100

Method = Literal["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]
Seconds = Annotated[float, Interval(ge=1, le=300)]
Values = dict[str, str | int | float | bool]

_COOKIE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[!#-+\--:<-\[\]-~ ,]{0,4000}")  # printable ASCII without ; " and \
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_UNTOLD = frozenset({"set-cookie"})  # the session keeps them; a model has no use for them
_SESSIONS: OrderedDict[tuple[str, str], Any] = OrderedDict()


class Response(Struct, Outcome, frozen=True, omit_defaults=True):
    """A server's answer.

    Attributes:
        url: Where it came from, after redirects.
        status: Its status, such as 200.
        ok: The status is below 400.
        headers: Its headers.
        json: Its body, if that is JSON.
        text: Its body, if that is other text.
        truncated: The body went on.
        redirects: The URLs that led on.
        seconds: How long it took.
        cookies: Names of the cookies that the session now holds.
    """

    url: str
    status: int
    ok: bool
    headers: dict[str, str]
    json: Any = None
    text: str = ""
    truncated: bool = False
    redirects: list[str] = []
    seconds: float = 0.0
    cookies: list[str] = []


def _needs(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    reads = str(arguments.get("method", "GET")) in _READING
    return ("network",) if reads else ("network", "send")


@tool(
    category="web",
    tags=["http", "api"],
    timeout=310,
    permissions=["network", "send"],
    needs=_needs,
    subjects={"url": "hosts"},
)
async def api_caller(
    url: str,
    method: Method,
    *,
    headers: dict[str, str] | None = None,
    params: Values | None = None,
    body: dict[str, Any] | list[Any] | str | None = None,
    connection: str | None = None,
    timeout: Seconds = 30,  # noqa: ASYNC109 - a parameter of the tool
    follow_redirects: bool = True,
    context: Any = None,
) -> Response:
    """Call a web service once.

    What changes something carries an Idempotency-Key, the same when the call is made again after a crash.

    Args:
        url: The address, http or https.
        method: The method; all but GET, HEAD and OPTIONS change something.
        headers: Further headers; credentials are no arguments, see connection.
        params: Added to the address after the question mark.
        body: What is sent: an object or a list as JSON, a text as it is.
        connection: The name of a connection that holds credentials for this address.
        timeout: Seconds that it may take.
        follow_redirects: Go on where the server says.
        context: The context of the call.

    Example:
        >>> import asyncio
        >>> asyncio.run(api_caller("http://169.254.169.254/latest/meta-data", "GET"))
        Traceback (most recent call last):
        genxai_nb.errors.Denied: Host '169.254.169.254' is a private or reserved address. ...
    """
    from genxai_nb.tools.http import client_for

    client = client_for(context)
    sent = {"headers": _keyed(headers, method, context), "params": params, **_body(body)}
    answer = await client.request(
        method,
        url,
        **sent,
        credentials=credentials_for(connection, url),
        timeout=timeout,
        redirects=10 if follow_redirects else 0,
    )
    return _told(answer)


@tool(
    category="web",
    tags=["http", "session"],
    timeout=310,
    permissions=["network", "send"],
    needs=_needs,
    subjects={"url": "hosts"},
)
async def http_client(  # noqa: PLR0913 - what users of such tools know to give
    url: str,
    method: Method = "GET",
    *,
    headers: dict[str, str] | None = None,
    cookies: dict[str, str] | None = None,
    body: dict[str, Any] | list[Any] | str | None = None,
    connection: str | None = None,
    session: str = "default",
    verify_ssl: bool = True,
    max_redirects: Annotated[int, Interval(ge=0, le=50)] = 10,
    timeout: Seconds = 30,  # noqa: ASYNC109 - a parameter of the tool
    context: Any = None,
) -> Response:
    """Make a request in a session: cookies that a server sets go along with the next ones of the same run.

    Args:
        url: The address, http or https.
        method: The method; all but GET, HEAD and OPTIONS change something.
        headers: Further headers; credentials are no arguments, see connection.
        cookies: Cookies to add to the session for this scheme, host and port.
        body: What is sent: an object or a list as JSON, a text as it is.
        connection: The name of a connection that holds credentials for this address.
        session: The session's name; each has cookies of its own.
        verify_ssl: Check the server's certificate; it may go unchecked only at a host that the policy names.
        max_redirects: How many redirects to follow; with 0 the redirect is the answer.
        timeout: Seconds that it may take.
        context: The context of the call.

    Example:
        >>> import asyncio
        >>> asyncio.run(http_client("http://localhost/admin"))
        Traceback (most recent call last):
        genxai_nb.errors.Denied: Host 'localhost' resolves to 127.0.0.1, which is a private or reserved address. ...
    """
    from genxai_nb.guard.policy import policies_of
    from genxai_nb.tools.http.client import Client, unchecked

    policies = policies_of(context)
    client = Client(policies, verify=None if verify_ssl else unchecked(policies, url))
    key = (getattr(context, "run_id", ""), session)
    if key in _SESSIONS:
        client.cookies = _SESSIONS[key]
        _SESSIONS.move_to_end(key)
    client.cookies.add(client.check(url), _checked(cookies or {}))
    answer = await client.request(
        method,
        url,
        headers=_keyed(headers, method, context),
        **_body(body),
        credentials=credentials_for(connection, url),
        timeout=timeout,
        redirects=max_redirects,
    )
    _SESSIONS[key] = client.cookies
    while len(_SESSIONS) > MOST_SESSIONS:
        _SESSIONS.popitem(last=False)
    return _told(answer, client.cookies.names())


def _checked(cookies: dict[str, str]) -> dict[str, str]:
    for name, value in cookies.items():
        if not _COOKIE.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ToolFailed(f"Cookie {name!r} holds characters that no cookie may have.")
    return cookies


def _keyed(headers: dict[str, str] | None, method: Method, context: Any) -> dict[str, str]:
    """Headers with the key of this call, which is the same when it is made again after a crash."""
    given = headers or {}
    key = getattr(context, "idempotency_key", "")
    if method in _READING or not key or any(name.lower() == "idempotency-key" for name in given):
        return given
    return {**given, "Idempotency-Key": key}


def _body(body: Any) -> dict[str, Any]:
    if body is None:
        return {}
    return {"content": body} if isinstance(body, str) else {"json": body}


def _told(answer: Answer, cookies: list[str] | None = None) -> Response:
    headers = [(name, value[:1000]) for name, value in answer.headers.items() if name not in _UNTOLD]
    parsed, text = None, ""
    if answer.kind.endswith("json") and not answer.truncated:
        parsed, text = _parsed(answer.text)
    elif _is_text(answer):
        text = answer.text
    elif answer.body:
        text = f"({len(answer.body)} bytes of {answer.kind or 'an unnamed kind'})"
    return Response(
        url=answer.url,
        status=answer.status,
        ok=answer.status < 400,
        headers=dict(headers[:MOST_HEADERS]),
        json=parsed,
        text=text[:MOST_CHARACTERS],
        truncated=answer.truncated or len(text) > MOST_CHARACTERS,
        redirects=list(answer.hops),
        seconds=answer.seconds,
        cookies=cookies or [],
    )


def _parsed(text: str) -> tuple[Any, str]:
    """A body as JSON, or as text if it is none or too large to be told."""
    try:
        return (
            (json.loads(text, parse_constant=_refused), "") if len(text) <= MOST_CHARACTERS else (None, text)
        )
    except (ValueError, RecursionError):
        return None, text


def _refused(name: str) -> None:
    raise ValueError(name)


def _is_text(answer: Answer) -> bool:
    kind = answer.kind
    named = kind.startswith("text/") or kind.endswith(("json", "xml", "javascript", "x-www-form-urlencoded"))
    return named or (not kind and b"\0" not in answer.body[:1024])
