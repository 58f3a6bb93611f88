"""Cookies that stay where they were set: at one scheme, host and port."""

from __future__ import annotations

from collections import OrderedDict
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING

from genxai_nb.errors import MissingPackage
from genxai_nb.guard.urls import Target

try:
    import httpx2
except ImportError as exc:
    raise MissingPackage("httpx2", "tools") from exc

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Cookies", "closed_jar", "origin_of"]

MOST_ORIGINS = 50
MOST_COOKIES = 50  # of an origin
LONGEST = 4096  # characters of one

_PORTS = {"http": 80, "https": 443}


def origin_of(url: httpx2.URL) -> Target:
    """The origin of a URL, within which credentials may stay.

    Example:
        >>> origin_of(httpx2.URL("https://Example.com./a"))
        Target(scheme='https', host='example.com', port=443)
    """
    host = url.raw_host.decode("ascii").lower().rstrip(".")
    return Target(url.scheme, host, url.port or _PORTS.get(url.scheme, 0))


def closed_jar() -> CookieJar:
    """A jar that takes and gives nothing, for a client that is not to keep cookies itself."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


class Cookies:
    """The cookies of a session, by origin.

    Browsers give a cookie to every port of a host, to other schemes, and to subdomains if it asks for that. Here it
    goes to the origin that set it, whatever it asks for.
    """

    def __init__(self) -> None:
        self._jars: OrderedDict[Target, httpx2.Cookies] = OrderedDict()

    def add(self, origin: Target, values: Mapping[str, str]) -> None:
        """Add cookies for an origin."""
        host = f"[{origin.host}]" if ":" in origin.host else origin.host  # as a jar reads it in a URL
        domain = host if "." in host else f"{host}.local"
        for name, value in values.items():
            self._jar(origin).set(name, value, domain=domain)

    def put(self, request: httpx2.Request) -> None:
        """Write into a request the cookies of its origin."""
        request.headers.pop("cookie", None)
        jar = self._jars.get(origin_of(request.url))
        if jar is not None:
            jar.set_cookie_header(request)

    def keep(self, response: httpx2.Response) -> None:
        """Keep what an answer sets, for its origin."""
        if response.headers.get("set-cookie") is None:
            return
        jar = self._jar(origin_of(response.request.url))
        jar.extract_cookies(response)
        for number, cookie in enumerate(list(jar.jar)):
            if number >= MOST_COOKIES or len(cookie.name) + len(cookie.value or "") > LONGEST:
                jar.jar.clear(cookie.domain, cookie.path, cookie.name)

    def names(self) -> list[str]:
        """The names of all cookies."""
        return sorted({cookie.name for jar in self._jars.values() for cookie in jar.jar})

    def _jar(self, origin: Target) -> httpx2.Cookies:
        jar = self._jars.setdefault(origin, httpx2.Cookies())
        self._jars.move_to_end(origin)
        while len(self._jars) > MOST_ORIGINS:
            self._jars.popitem(last=False)
        return jar
