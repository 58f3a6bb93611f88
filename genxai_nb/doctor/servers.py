"""Which model servers of this machine answer; nothing beyond it is asked."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from genxai_nb.providers.vendors import VENDORS
from genxai_nb.settings import read_settings

from .finding import Finding, Status

__all__ = ["Place", "find_servers", "places"]

_USUAL = {
    "Ollama": "http://localhost:11434/v1",
    "LM Studio": "http://localhost:1234/v1",
    "llama.cpp": "http://localhost:8080/v1",
    "vLLM": "http://localhost:8000/v1",
}
_LACKING: dict[bool, Status] = {True: "warning", False: "absent"}
_PATIENCE = 2.0  # seconds
_MOST = 1_000_000  # bytes of an answer
_SHOWN = 3  # models


class Place(NamedTuple):
    """Where a server may be.

    Attributes:
        name: What names it: a server, a variable of the environment.
        url: Its base URL.
        meant: Somebody has configured it, so that it has to answer.
    """

    name: str
    url: str
    meant: bool = False


def places() -> list[Place]:
    """Where servers may be: where the settings say, and at the usual ports."""
    found = [
        Place(one.address, url, meant=True)
        for one in VENDORS.values()
        if (url := os.environ.get(one.address))
    ]
    model = read_settings().model
    if model.startswith("local:"):
        found.append(Place("GENXAI_MODEL", model.removeprefix("local:").partition("#")[0], meant=True))
    if host := os.environ.get("OLLAMA_HOST"):
        found.append(Place("OLLAMA_HOST", _ollama(host), meant=True))
    taken = {_address(place.url) for place in found}
    return [*found, *(Place(name, url) for name, url in _USUAL.items() if _address(url) not in taken)]


def find_servers(asked: Iterable[Place] | None = None) -> list[Finding]:
    """Ask servers of this machine for their models; of others it is only said that they are not asked.

    Args:
        asked: Where; None for `places`.
    """
    with ThreadPoolExecutor(max_workers=8) as threads:
        return list(threads.map(_find, places() if asked is None else asked))


def _find(place: Place) -> Finding:
    said, status, hint = "", _LACKING[place.meant], ""
    if not _is_here(place.url):
        said, status = f"{place.url} is another machine; not asked (--live asks)", "ok"
        return Finding(part="servers", name=place.name, status=status, value=said)
    try:
        models = list(_models(place.url))
    except ConnectionRefusedError:
        said = f"nothing answers at {place.url}"
    except (OSError, HTTPException) as exc:
        said = f"no answer at {place.url}: {str(exc) or type(exc).__name__}"
    except ValueError as exc:  # a vendor's own address need not list its models
        said, status = f"something answers at {place.url}: {exc}", "ok" if place.meant else "absent"
    else:
        shown = f": {', '.join(models[:_SHOWN])}{', ...' if len(models) > _SHOWN else ''}" if models else ""
        said = f"answers at {place.url} with {len(models)} model{'' if len(models) == 1 else 's'}{shown}"
        status, hint = "ok", f"model: local:{place.url}#{models[0]}" if models and not place.meant else ""
    if status == "warning":
        hint = f"Start the server, or change {place.name}."
    return Finding(part="servers", name=place.name, status=status, value=said, hint=hint)


def _models(url: str) -> Iterator[str]:
    """The models of a server that speaks as OpenAI's does.

    Raises:
        OSError: It does not answer.
        HTTPException: It does not speak HTTP.
        ValueError: It answers with something else.
    """
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_PATIENCE)
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/models", headers={"Accept": "application/json"})
        answer = connection.getresponse()
        body = answer.read(_MOST)
    finally:
        connection.close()
    if answer.status in {401, 403}:
        raise ValueError(f"it wants a key ({answer.status})")
    if answer.status != 200:
        raise ValueError(f"status {answer.status}")
    try:
        told = json.loads(body)
    except RecursionError:
        told = None
    match told:
        case {"data": [*listed]} | {"models": [*listed]}:
            yield from (
                str(model.get("id") or model.get("name")) for model in listed if isinstance(model, dict)
            )
        case _:
            raise ValueError("no list of models")


def _is_here(url: str) -> bool:
    """Whether an address is on this machine by its own words; no name is looked up."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _address(url: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(url)
        return "localhost" if _is_here(url) else str(parts.hostname), parts.port
    except ValueError:
        return url, None


def _ollama(host: str) -> str:
    """The base URL that Ollama's own variable means, which may lack its scheme or its port."""
    parts = urlsplit(host if "://" in host else f"http://{host}")
    name = "localhost" if parts.hostname in {None, "0.0.0.0", "::"} else parts.hostname  # noqa: S104 - what it is bound to
    try:
        return f"{parts.scheme}://{name}:{parts.port or 11434}/v1"
    except ValueError:
        return host
