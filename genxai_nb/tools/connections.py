"""Named connections: what a tool needs to reach a service and a model must never see.

A connection is a line of text kept outside of the program, in the variable ``GENXAI_CONNECTION_NAME`` of the
environment or, where that is not set, in the system's keyring under the service ``genxai-nb``. A tool takes
only its name. The text is a URL such as ``postgresql://user:password@host/database``, or ``key=value`` words.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from genxai_nb.errors import ToolFailed, suggest
from genxai_nb.secrets import Secret

__all__ = ["Connection", "connection_names", "find_connection", "find_secret"]

PREFIX = "GENXAI_CONNECTION_"
SERVICE = "genxai-nb"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


class Connection(NamedTuple):
    """A connection's parts; its password is held as a secret.

    Attributes:
        name: What a model calls it by.
        url: The whole text as it is kept.
        scheme: What kind of service it is, such as ``postgresql``.
        host: The service's host; empty for a file.
        port: The service's port, if it is said.
        user: Who connects; empty if it is not said.
        password: The password, if there is one.
        path: What follows the host, such as the name of a database or the path of a file.
        options: What follows the question mark.
        fragment: What follows the ``#``, such as the name of a collection.
    """

    name: str
    url: Secret
    scheme: str
    host: str
    port: int | None
    user: str
    password: Secret | None
    path: str
    options: dict[str, str]
    fragment: str = ""


def connection_names() -> list[str]:
    """The connections that the environment names, sorted; those of a keyring cannot be listed.

    Example:
        >>> import os
        >>> os.environ["GENXAI_CONNECTION_SHOP"] = "sqlite:///shop.db"
        >>> connection_names()
        ['shop']
    """
    return sorted(
        name.removeprefix(PREFIX).lower()
        for name in os.environ
        if name.startswith(PREFIX) and os.environ[name]
    )


def find_secret(name: str, purpose: str) -> Secret:
    """The text of a connection.

    Args:
        name: The connection's name.
        purpose: What it is for, in words, should it be missing.

    Raises:
        ToolFailed: There is no such connection, or something that is no name was given in its place.
    """
    if _NAME.fullmatch(name) is None:
        raise ToolFailed(
            f"What was given for {purpose} is not the name of a connection.",
            hint=f"Give a name, never an address or a key. {_known()}",
        )
    variable = PREFIX + name.upper().replace("-", "_")
    value = os.environ.get(variable, "") or _from_keyring(name)
    if not value:
        raise ToolFailed(
            f"There is no connection {name!r}.",
            hint=f"{suggest(name, connection_names())} A person can set {variable} in the environment, "
            f"or {name!r} of the service {SERVICE!r} in the keyring.".strip(),
        )
    return Secret(value, name=variable)


def find_connection(name: str, purpose: str, schemes: tuple[str, ...]) -> Connection:
    """Read a connection that is a URL.

    Args:
        name: The connection's name.
        purpose: What it is for, in words, should it be missing.
        schemes: The kinds of service that will do, without what follows a ``+``.

    Raises:
        ToolFailed: There is none, or it leads to another kind of service.
    """
    secret = find_secret(name, purpose)
    text = secret.reveal()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as exc:
        raise ToolFailed(f"Connection {name!r} is no URL that can be read.") from exc
    if parts.scheme.partition("+")[0] not in schemes:
        wanted = " or ".join(f"{scheme}://..." for scheme in schemes)
        raise ToolFailed(
            f"Connection {name!r} leads to {parts.scheme or 'no service that is named'!r}, "
            f"and {purpose} takes {wanted}."
        )
    password = None
    if parts.password:
        password = Secret(unquote(parts.password), name=f"password of {name}")
    return Connection(
        name,
        secret,
        parts.scheme,
        parts.hostname or "",
        port,
        unquote(parts.username or ""),
        password,
        unquote(parts.path),
        dict(parse_qsl(parts.query)),
        unquote(parts.fragment),
    )


def _known() -> str:
    names = connection_names()
    return f"Connections: {', '.join(names)}." if names else "No connection is set in the environment."


def _from_keyring(name: str) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return keyring.get_password(SERVICE, name) or ""
    except KeyringError:
        return ""
