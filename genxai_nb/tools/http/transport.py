"""Connections that are made only to addresses that were looked at, whatever a name resolves to next time."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import Denied, MissingPackage, ToolFailed
from genxai_nb.guard.urls import refuse_address, refuse_host

try:
    import httpcore2
    import httpx2
except ImportError as exc:
    raise MissingPackage("httpx2", "tools") from exc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from genxai_nb.guard.policy import Policy

__all__ = ["Resolve", "Transport", "resolve", "verification"]

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_CONNECT = 10.0


async def resolve(host: str, port: int) -> list[str]:
    """Look up the addresses of a host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


def is_own(address: str) -> bool:
    """Whether an address is one of this machine's. Nothing is sent to find that out.

    Example:
        >>> is_own("127.0.0.1")
        True
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(
                (address, 9)
            )  # which chooses the sender's address, the same one for what is our own
            return ip_address(probe.getsockname()[0]) == ip_address(address)
    except (OSError, ValueError):
        return False


@cache
def verification() -> ssl.SSLContext:
    """What certificates are checked against, read once."""
    return httpx2.create_ssl_context(trust_env=False)


class Transport(httpx2.AsyncBaseTransport):
    """Sends requests over connections that the policies allow.

    Each name is resolved once; if any of its addresses is not public the host has to be named by the policy,
    and the connection goes to an address that was checked. Proxies of the environment are not used.

    Args:
        policies: What may be reached; all of them have to allow it.
        look_up: Finds the addresses of a host.
        verify: What certificates are checked against.
        connections: How many may be open at a time.
    """

    def __init__(
        self,
        policies: Sequence[Policy],
        look_up: Resolve = resolve,
        verify: ssl.SSLContext | None = None,
        connections: int = 10,
    ) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=verify or verification(),
            max_connections=connections,
            network_backend=_Checked(policies, look_up),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request."""
        url = request.url
        sent = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        answer = await self._pool.handle_async_request(sent)
        # no server means it, and the standard library's reader of it fails on what it is given
        headers = [pair for pair in answer.headers if pair[0].lower() != b"set-cookie2"]
        return httpx2.Response(
            answer.status, headers=headers, stream=_Stream(answer), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._answer.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._answer.aclose()


class _Checked(httpcore2.AsyncNetworkBackend):
    """Opens connections to checked addresses."""

    def __init__(self, policies: Sequence[Policy], look_up: Resolve) -> None:
        self._policies = policies
        self._look_up = look_up
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        name = host.rstrip(".").strip("[]").lower()
        for policy in self._policies:
            refuse_host(name, port, policy.hosts)
        try:
            addresses = await self._look_up(name, port)
        except OSError as exc:
            raise ToolFailed(f"Host {name!r} cannot be found.", hint="Check its spelling.") from exc
        for address in addresses:
            own = is_own(address)
            for policy in self._policies:
                refuse_address(address, name, port, policy.hosts, own=own)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout or _CONNECT, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as exc:
                failure = exc
        raise ToolFailed(
            f"Host {name!r} does not answer on port {port}.", hint="Try again later."
        ) from failure

    async def connect_unix_socket(self, path: str, *_args: Any, **_options: Any) -> Any:
        raise Denied(f"Socket {path!r} is no host.", hint="Give an http or https URL.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
