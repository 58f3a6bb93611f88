"""One HTTP client for all tools: each hop checked, sizes and times limited, credentials kept at their origin."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.policy import policies_of
from genxai_nb.guard.urls import Target, host_named, read_url
from genxai_nb.guard.visible import visible

from .bodies import encoding_of, unpack
from .cookies import Cookies, closed_jar, origin_of
from .transport import Resolve, Transport, resolve

# after transport, which says what to install where these are missing
import httpcore2  # isort: skip
import httpx2  # isort: skip

if TYPE_CHECKING:
    import ssl

    from genxai_nb.guard.policy import Policy

__all__ = ["MOST_BYTES", "USUAL", "Answer", "Client", "client_for"]

MOST_BYTES = 5_000_000
MOST_SENT = 2_000_000
MOST_HOPS = 10

USUAL = {"user-agent": "genxai-nb", "accept-encoding": "gzip, deflate"}
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"})
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie"})
_MOVED = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class Answer:
    """A server's answer.

    Attributes:
        url: Where it came from, after redirects.
        status: Its status.
        headers: Its headers by name in lower case.
        body: Its body, decompressed, up to the limit.
        truncated: The body went on beyond the limit.
        hops: The URLs that were redirected from.
        seconds: How long it took.
        encoding: The text encoding that its headers name, or utf-8.
    """

    url: str
    status: int
    headers: dict[str, str]
    body: bytes
    truncated: bool
    hops: tuple[str, ...]
    seconds: float
    encoding: str

    @property
    def text(self) -> str:
        """The body as text; what does not decode is replaced."""
        return self.body.decode(self.encoding, "replace")

    @property
    def kind(self) -> str:
        """The media type, such as ``text/html``."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass
class Client:
    """Makes requests within policies.

    Args:
        policies: What may be reached; all of them have to allow each hop.
        cookies: What is filled and used, so that a session goes on from call to call.
        resolve: Finds the addresses of a host.
        verify: What certificates are checked against; None for the usual authorities.
        called: What to call an address in errors; empty for itself, where it is no secret.
    """

    policies: Sequence[Policy]
    cookies: Cookies = field(default_factory=Cookies)
    resolve: Resolve = resolve
    verify: ssl.SSLContext | None = None
    called: str = ""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        credentials: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: str | bytes | None = None,
        timeout: float = 30,  # noqa: ASYNC109 - the whole of it, redirects and body
        redirects: int = MOST_HOPS,
        most: int = MOST_BYTES,
    ) -> Answer:
        """Make a request and follow its redirects.

        Args:
            method: The method.
            url: The URL.
            headers: Headers; they do not follow a redirect to another origin.
            credentials: Headers with secrets, which stay at the origin of the URL too.
            params: Added to the URL's query, in place of what it says of the same names.
            json: A body as JSON.
            content: A body as it is.
            timeout: Seconds for all of it.
            redirects: How many redirects may be followed; with 0 the redirect itself is the answer.
            most: Bytes of the body that are read.

        Raises:
            Denied: A hop leads where the policies do not allow, or a header is refused.
            ToolFailed: The body is too large, or the server cannot be reached, or does not answer properly or in time.
        """
        began = perf_counter()
        given = _headers(headers or {})
        self.check(url)
        try:
            async with asyncio.timeout(timeout), self._open(timeout) as client:
                first = client.build_request(
                    method,
                    httpx2.URL(url).copy_merge_params(params) if params else url,
                    json=json,
                    content=content,
                    headers={**USUAL, **given, **(credentials or {})},
                )
                if len(first.content) > MOST_SENT:
                    raise ToolFailed(
                        f"The body has {len(first.content)} bytes; {MOST_SENT} is the most.",
                        hint="Send less of it.",
                    )
                return await self._follow(client, first, redirects, most, began)
        except TimeoutError as exc:
            raise ToolFailed(
                f"{self._shown(url)} was not done within {timeout:g} s.", hint="Raise timeout."
            ) from exc
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as exc:
            raise ToolFailed(f"{self._shown(url)} gave no proper answer: {_why(exc)}.") from exc
        except (httpx2.InvalidURL, httpx2.HTTPError, ValueError, TypeError) as exc:
            raise ToolFailed(f"{self._shown(url)} cannot be requested or read: {_why(exc)}.") from exc

    def _open(self, timeout: float) -> httpx2.AsyncClient:
        transport = Transport(self.policies, self.resolve, self.verify)
        return httpx2.AsyncClient(
            transport=transport, cookies=closed_jar(), timeout=timeout, trust_env=False, headers=USUAL
        )

    def check(self, url: str) -> Target:
        """Where a URL leads.

        Raises:
            Denied: The policies do not allow it.
        """
        return [read_url(url, policy.hosts, called=self.called) for policy in self.policies][-1]

    async def _follow(
        self, client: httpx2.AsyncClient, request: httpx2.Request, redirects: int, most: int, began: float
    ) -> Answer:
        hops: list[str] = []
        while True:
            self.cookies.put(request)
            response = await client.send(request, stream=True)
            try:
                self.cookies.keep(response)
                target = response.headers.get("location")
                if response.status_code not in _MOVED or not target or redirects == 0:
                    body, truncated = await _body(response, most)
                    return Answer(
                        url=str(response.url),
                        status=response.status_code,
                        headers={name.lower(): value for name, value in response.headers.items()},
                        body=body,
                        truncated=truncated,
                        hops=tuple(hops),
                        seconds=round(perf_counter() - began, 3),
                        encoding=encoding_of(response.charset_encoding),
                    )
            finally:
                await response.aclose()
            hops.append(str(request.url))
            if len(hops) > redirects:
                raise ToolFailed(
                    f"{self._shown(hops[0])} redirects more than {redirects} times.",
                    hint=f"The last redirect led to {self._shown(target)}.",
                )
            request = self._next(client, request, response.status_code, target)

    def _next(
        self, client: httpx2.AsyncClient, request: httpx2.Request, status: int, target: str
    ) -> httpx2.Request:
        """The request that a redirect asks for; nothing but itself goes along to another origin."""
        url = request.url.join(target)
        self.check(str(url))
        again = status in {307, 308} or request.method in {"GET", "HEAD"}
        method = request.method if again else "GET"
        same = origin_of(url) == origin_of(request.url)
        if not same and self.verify is not None and not self.verify.check_hostname:
            raise Denied(
                f"{self._shown(str(request.url))} redirects to another host, whose certificate would go unchecked.",
                hint=f"If that is meant, request {self._shown(str(url))} itself.",
            )
        if not same and method not in {"GET", "HEAD", "OPTIONS"}:
            raise Denied(
                f"{self._shown(str(request.url))} redirects a {method} to another host.",
                hint=f"If that is meant, request {self._shown(str(url))} itself.",
            )
        kept = {name.lower(): value for name, value in request.headers.items()} if same else {}
        for name in (*_OURS, *(() if again else ("content-type",))):
            kept.pop(name, None)
        body = request.content if again and same else None
        return client.build_request(method, url, headers={**USUAL, **kept}, content=body)

    def _shown(self, url: str) -> str:
        return self.called or f"'{visible(url, 200)}'"


def client_for(context: Any) -> Client:
    """The client for a tool's call: it keeps to the policies of the context, or to the default one."""
    return Client(policies_of(context))


def unchecked(policies: Sequence[Policy], url: str) -> ssl.SSLContext:
    """Certificates may go unchecked at a host that each policy names exactly, and nowhere else.

    Raises:
        Denied: The host is not named.
    """
    import ssl

    target = read_url(url, [host for policy in policies for host in policy.hosts or ()], bounded=False)
    if not all(host_named(target.host, target.port, policy.hosts) for policy in policies):
        raise Denied(
            f"The certificate of {target.host!r} has to be checked.",
            hint="Only a host that the policy names exactly under hosts may go unchecked.",
        )
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _headers(given: Mapping[str, str]) -> dict[str, str]:
    """Headers as a tool may send them.

    Raises:
        Denied: One is malformed, belongs to the connection, or is for credentials.
    """
    checked = {}
    for name, value in given.items():
        lower, text = name.lower(), str(value)
        if not _NAME.fullmatch(name) or any(
            ord(character) < 32 or ord(character) > 126 for character in text
        ):
            raise Denied(
                f"Header '{visible(name, 100)}' holds characters that no header may have.",
                hint="Write letters, digits and '-', and printable ASCII values.",
            )
        if lower in _SECRET:
            raise Denied(
                f"Header {name!r} is for credentials, which are no arguments.",
                hint="Give the name of a connection that holds them.",
            )
        if lower in _OURS:
            raise Denied(f"Header {name!r} is set by the client.", hint="Leave it out.")
        checked[lower] = text
    return checked


async def _body(response: httpx2.Response, most: int) -> tuple[bytes, bool]:
    parts, size = [], 0
    async for part in unpack(response.aiter_raw(), response.headers):
        parts.append(part)
        size += len(part)
        if size > most:
            return b"".join(parts)[:most], True
    return b"".join(parts), False


def _why(error: Exception) -> str:
    return visible(str(error) or type(error).__name__, 200).removesuffix(".")
