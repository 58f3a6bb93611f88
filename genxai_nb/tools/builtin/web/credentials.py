"""Credentials of a named connection, which stay at the connection's own origin."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import urlsplit

from genxai_nb.errors import Denied
from genxai_nb.guard.urls import read_url
from genxai_nb.tools.connections import find_connection

__all__ = ["credentials_for"]

_PORTS = {"http": 80, "https": 443}


def credentials_for(name: str | None, url: str) -> dict[str, str]:
    """Headers that a connection adds to a request.

    ``https://user:password@host`` signs in with both; ``https://:token@host`` sends the token as a bearer, or in
    the header that ``?header=X-Api-Key`` names.

    Args:
        name: The connection; None for none.
        url: Where the request goes.

    Raises:
        Denied: The request goes elsewhere than the connection.
        ToolFailed: There is no such connection.
    """
    if name is None:
        return {}
    found = find_connection(name, "an HTTP request", ("http", "https"))
    target = read_url(url, bounded=False, hosts=[urlsplit(url).hostname or ""])
    port = found.port or _PORTS[found.scheme]
    if (target.scheme, target.host, target.port) != (found.scheme, found.host.lower(), port):
        raise Denied(
            f"Connection {name!r} is for {found.scheme}://{found.host}, not for {target.host!r}.",
            hint="Its credentials go nowhere else.",
        )
    if found.password is None:
        return {}
    secret = found.password.reveal()
    if found.user:
        return {"Authorization": f"Basic {b64encode(f'{found.user}:{secret}'.encode()).decode()}"}
    header = found.options.get("header")
    return {header: secret} if header else {"Authorization": f"Bearer {secret}"}
