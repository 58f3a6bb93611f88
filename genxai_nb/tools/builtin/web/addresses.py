"""Looking at URLs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from annotated_types import Interval
from msgspec import Struct

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.policy import policies_of
from genxai_nb.guard.urls import read_url
from genxai_nb.guard.visible import visible
from genxai_nb.tools.base import tool
from genxai_nb.tools.outcome import Outcome

__all__ = ["Checked", "url_validator"]

_NO_HEAD = frozenset({400, 403, 404, 405, 501})


class Checked(Struct, Outcome, frozen=True, omit_defaults=True):
    """What was found out of a URL.

    Attributes:
        url: The URL, hidden characters as escapes.
        valid: It is well formed and leads to a public host, or one that the policy allows.
        reason: Why it is not valid, or not accessible.
        scheme: Its scheme.
        host: Its host, as it is looked up.
        port: Its port.
        path: Its path.
        query: Its parameters.
        accessible: A server answered with success; None if that was not checked.
        status: What it answered.
        final_url: Where redirects led.
    """

    url: str
    valid: bool
    reason: str = ""
    scheme: str = ""
    host: str = ""
    port: int | None = None
    path: str = ""
    query: dict[str, str] = {}
    accessible: bool | None = None
    status: int | None = None
    final_url: str = ""


def _needs(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    return ("network",) if arguments.get("check_accessibility", True) else ()


@tool(
    category="web",
    tags=["url", "check"],
    read_only=True,
    idempotent=True,
    timeout=70,
    permissions=["network"],
    needs=_needs,
)
async def url_validator(
    url: str,
    *,
    check_accessibility: bool = True,
    timeout: Annotated[float, Interval(ge=1, le=60)] = 10,  # noqa: ASYNC109 - a parameter of the tool
    context: Any = None,
) -> Checked:
    """Check that a URL is well formed, leads outside, and is answered.

    Args:
        url: The URL.
        check_accessibility: Ask the server for it.
        timeout: Seconds that the server may take.
        context: The context of the call.

    Example:
        >>> import asyncio
        >>> asyncio.run(url_validator("http://169.254.169.254/latest/")).valid
        False
        >>> asyncio.run(url_validator("https://Example.com./a?b=1", check_accessibility=False)).host
        'example.com'
    """
    try:
        for policy in policies_of(context):
            target = read_url(url, policy.hosts)
        parts = urlsplit(url)
    except Denied as exc:
        return Checked(visible(url, 500), valid=False, reason=exc.what)
    checked: dict[str, Any] = {
        "url": visible(url, 500),
        "valid": True,
        "scheme": target.scheme,
        "host": target.host,
        "port": target.port,
        "path": visible(parts.path, 500),
        "query": dict(parse_qsl(parts.query)[:50]),
    }
    if not check_accessibility:
        return Checked(**checked)
    return Checked(**{**checked, **await _asked(url, timeout, context)})


async def _asked(url: str, timeout: float, context: Any) -> dict[str, Any]:  # noqa: ASYNC109
    from genxai_nb.tools.http import client_for

    client = client_for(context)
    try:
        answer = await client.request("HEAD", url, timeout=timeout)
        if answer.status in _NO_HEAD:
            answer = await client.request("GET", url, timeout=timeout, most=1_000)
    except Denied as exc:
        return {"valid": False, "accessible": False, "reason": exc.what}
    except ToolFailed as exc:
        return {"accessible": False, "reason": exc.what}
    ok = answer.status < 400
    reason = "" if ok else f"The server answers with status {answer.status}."
    return {"accessible": ok, "status": answer.status, "final_url": answer.url, "reason": reason}
