"""Which hosts and addresses may be reached over HTTP.

A URL is read once, here, and a connection is made only to an address that was looked at here. A private
address is reached only when its host is allowed by its exact name.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from genxai_nb.errors import Denied

from .visible import visible

__all__ = [
    "Target",
    "host_allowed",
    "read_url",
    "refuse_address",
    "refuse_host",
    "why_not_public",
    "written_inside",
]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PORTS = {"http": 80, "https": 443}
_LONGEST = 8000
_NAMES = re.compile(r"[a-z0-9_.:-]+")
_TWO_WAYS = frozenset("\u00df\u03c2\u200c\u200d")  # letters that IDNA of 2003 and of 2008 write differently
_ADVICE = (
    "Only a host that the policy names exactly under hosts, or an MCP server with private=True, may be at such "
    "an address."
)

# IANA's special-purpose registries, whole, since the standard library's is_global differs between versions
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "168.63.129.16/32",  # the metadata service of Azure, at a public address
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
            "2001::/23",
            "2001:db8::/32",
            "3fff::/20",
        ),
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")


class Target(NamedTuple):
    """Where a URL leads, read strictly. ``host`` is in lower case, without a final dot, in ASCII."""

    scheme: str
    host: str
    port: int


def read_url(
    url: str, hosts: Sequence[str] | None = None, *, bounded: bool = True, called: str = ""
) -> Target:
    """Read a URL and refuse what no tool may ask for.

    Args:
        url: The URL.
        hosts: The hosts that are allowed, as in a policy; None for every public one.
        bounded: Refuse other hosts; else ``hosts`` says only which ones may be at a private address.
        called: What to call it in errors, where it is a secret.

    Returns:
        Where it leads. A name in it has still to be resolved, and its addresses checked.

    Raises:
        Denied: The URL is malformed, of another scheme than http and https, carries a user, leads to a
            host that is not allowed, or is written as an address that is not public.

    Example:
        >>> read_url("https://Example.com./a")
        Target(scheme='https', host='example.com', port=443)
    """
    shown = called or f"URL '{visible(url, 200)}'"
    parts = _split(url, shown)
    if parts.scheme not in _PORTS:
        raise Denied(f"{shown} is of scheme {parts.scheme!r}.", hint="Give an http or https URL.")
    if parts.username is not None or parts.password is not None:
        raise Denied(f"{shown} has a user before the '@'.", hint="Leave it out: credentials are configured.")
    try:
        port = parts.port or _PORTS[parts.scheme]
    except ValueError as exc:
        raise Denied(f"{shown} has no valid port.", hint="Take 1 to 65535.") from exc
    host = _host(parts.hostname or "", shown)
    if bounded:
        refuse_host(host, port, hosts)
    address = _as_address(host)
    if address is not None:
        refuse_address(str(address), host, port, hosts)
    return Target(parts.scheme, host, port)


def host_allowed(host: str, port: int, hosts: Sequence[str] | None) -> bool:
    """Whether a host is in the list: by name, by ``name:port``, by ``*.domain``, or by ``*`` for any.

    Example:
        >>> host_allowed("api.example.com", 443, ["*.example.com"]), host_allowed("example.com", 443, [])
        (True, False)
    """
    if hosts is None or host_named(host, port, hosts):
        return True
    return any(
        entry == "*" or (entry.startswith("*.") and host.endswith(entry[1:].lower())) for entry in hosts
    )


def refuse_host(host: str, port: int, hosts: Sequence[str] | None, what: str = "") -> None:
    """Refuse a host that a policy does not list.

    Args:
        host: The host.
        port: The port.
        hosts: The hosts of the policy.
        what: What to call it; by default its name is told.

    Raises:
        Denied: It is not in the list.
    """
    if not host_allowed(host, port, hosts):
        listed = ", ".join(hosts or ()) or "none"
        raise Denied(f"{what or f'Host {host!r}'} is not allowed by the policy.", hint=f"Allowed: {listed}.")


def host_named(host: str, port: int, hosts: Iterable[str] | None) -> bool:
    """Whether a host is in the list by its exact name, so that it may be at a private address."""
    exact = {entry.lower().rstrip(".") for entry in hosts or ()}
    written = f"[{host}]" if ":" in host else host
    return bool(exact & {host, written, f"{written}:{port}"})


def written_inside(host: str) -> bool:
    """Whether a host says itself that it is at an address that is not public: as such an address, or as localhost.

    Example:
        >>> written_inside("localhost"), written_inside("10.0.0.7"), written_inside("intranet.example")
        (True, True, False)
    """
    address = _as_address(host)
    return address is not None and why_not_public(str(address)) != ""


def refuse_address(
    address: str, host: str, port: int, hosts: Iterable[str] | None = None, *, own: bool = False
) -> None:
    """Refuse an address that a host resolved to, unless the host is allowed by its exact name.

    Args:
        address: The address to connect to.
        host: The host that it was found for.
        port: The port.
        hosts: The hosts of the policy.
        own: It is one of this machine's, whose servers may listen on all of its addresses.

    Raises:
        Denied: It is not public, or this machine's own.
    """
    why = why_not_public(address) or ("an address of this machine" if own else "")
    if why and not host_named(host, port, hosts):
        leads = "is" if host == address else f"resolves to {address}, which is"
        raise Denied(f"Host {host!r} {leads} {why}.", hint=_ADVICE)


def why_not_public(address: str) -> str:
    """Say what an address is if it is not one of the public internet; empty if it is.

    Example:
        >>> why_not_public("127.0.0.1"), why_not_public("8.8.8.8")
        ('a private or reserved address', '')
    """
    try:
        found: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "no address"
    if isinstance(found, ipaddress.IPv6Address):
        inner = _inside(found)
        if inner is not None:
            return why_not_public(str(inner))
        if found not in _GLOBAL_V6:
            return "a private or reserved address"
    if any(found in network for network in _NOT_PUBLIC if network.version == found.version):
        return "a private or reserved address"
    return ""


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _SIX_TO_FOUR:
        return address.sixtofour
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return None


def _split(url: str, shown: str) -> SplitResult:
    if not url or len(url) > _LONGEST:
        raise Denied(f"{shown} is no URL.", hint=f"Give text of 1 to {_LONGEST} characters.")
    if any(character <= " " or character == "\\" or character == "\x7f" for character in url):
        raise Denied(
            f"{shown} holds a blank, a backslash or a control character.",
            hint="Write them percent-encoded.",
        )
    try:
        return urlsplit(url)
    except ValueError as exc:
        raise Denied(f"{shown} is no URL: {exc}.", hint="Write https://host/path.") from exc


def _host(host: str, shown: str) -> str:
    """A host as it is looked up: no final dot, full-width forms folded, other scripts in punycode."""
    folded = unicodedata.normalize("NFKC", host).lower().rstrip(".")
    if _TWO_WAYS & set(folded):
        raise Denied(
            f"{shown} names a host that is read in two ways.",
            hint="Write its ASCII form, which begins with xn--.",
        )
    try:
        written = folded if folded.isascii() else folded.encode("idna").decode("ascii").rstrip(".")
    except UnicodeError as exc:
        raise Denied(f"{shown} names no host that can exist.", hint="Check its spelling.") from exc
    if not _NAMES.fullmatch(written):
        raise Denied(f"{shown} names no host.", hint="Write https://host/path.")
    return written


def _as_address(host: str) -> Address | None:
    """A host that is an address, also as the old notations write it: ``127.1``, ``0x7f000001``, ``0``."""
    if host == "localhost" or host.endswith(".localhost"):
        return ipaddress.IPv4Address("127.0.0.1")
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if host[:1].isdigit():
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    return None
