"""The variables of the environment that are read, what each is for, and what is in force now."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from genxai_nb.journal.places import FILE, FOLDER
from genxai_nb.memory.chroma_vectors import TOKEN_VARIABLE
from genxai_nb.memory.embed import SENTENCES
from genxai_nb.memory.scopes import owner_of
from genxai_nb.memory.spaces import chosen
from genxai_nb.providers.local import VARIABLE as LOCAL_KEY
from genxai_nb.providers.openai import API
from genxai_nb.providers.vendors import VENDORS
from genxai_nb.secrets import learn_environment, mask
from genxai_nb.settings import Settings, read_settings
from genxai_nb.tools.connections import PREFIX, connection_names

FURTHER = {
    "OPENAI_API_KEY": "the key of `openai:` models; `OPENAI_BASE_URL` is another address",
    "GENXAI_OPENAI_API": "`responses` or `chat`: which API of OpenAI is asked, where the address does not tell",
    "ANTHROPIC_API_KEY": "the key of `anthropic:` models; `ANTHROPIC_BASE_URL` is another address",
    "GOOGLE_API_KEY": "the key of `google:` models, else `GEMINI_API_KEY`; `GOOGLE_GEMINI_BASE_URL` is another address",
    "CO_API_KEY": "the key of `cohere:` models, else `COHERE_API_KEY`; `CO_API_URL` is another address",
    "GENXAI_LOCAL_KEY": "the key of a server of `local:` models, if it wants one",
    "GENXAI_CHROMA_TOKEN": "the token of the server of Chroma that `GENXAI_VECTORS` names, if it wants one",
    "GENXAI_CONNECTION_NAME": "the address and key of the [connection](connections.md) `name`, for each connection one",
}
"""What the variables are for that are no settings, in Markdown."""

_LINK = re.compile(r"\[([^]]+)\]\([^)]+\)")


class Variable(Struct, frozen=True, kw_only=True):
    """A variable of the environment, and what holds because of it or without it.

    Attributes:
        name: Its name.
        value: What is in force; of a secret only whether it is set.
        origin: ``environment``; ``cell`` if it was set or changed after the notebook's extension was loaded;
            ``default``.
        meaning: What it is for.
    """

    name: str
    value: str
    origin: str
    meaning: str


def meanings() -> dict[str, str]:
    """What each setting is, by its field's name, in Markdown, as its class says."""
    told = inspect.getdoc(Settings) or ""
    found = re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", told.partition("Attributes:")[2], re.MULTILINE)
    plain = {name: " ".join(text.split()).replace("``", "`") for name, text in found}
    return {name: re.sub(r" \(`GENXAI_\w+`\)", "", text) for name, text in plain.items()}


def in_force(before: Mapping[str, str]) -> list[Variable]:
    """What is in force: first the settings, then keys and addresses, then connections.

    Args:
        before: The environment as it was before any cell could change it.
    """
    learn_environment()
    return [_told(name, value, meaning, before) for name, value, meaning in _all()]


def _all() -> Iterator[tuple[str, str, str]]:
    said, settings = meanings(), read_settings()
    usual = {
        "store": str(Path.cwd() / FOLDER / FILE),
        "policy": "default",
        "user": owner_of("", {"scope": "user"}).partition("/")[2],
        "project": owner_of("", {"scope": "project"}).partition("/")[2],
        "embedder": f"{SENTENCES}, if it is installed",
        "vectors": chosen(),
    }
    for name in Settings.__dataclass_fields__:
        value = getattr(settings, name) or usual.get(name, "")
        yield f"GENXAI_{name.upper()}", mask(value), said.get(name, "")
    for vendor in VENDORS.values():
        yield vendor.key_variable, _whether_set(vendor.key_variable), FURTHER[vendor.variable]
        address = os.environ.get(vendor.address) or vendor.home
        yield vendor.address, mask(address), f"the address that is asked with {vendor.key_variable}"
        if vendor is VENDORS["openai"]:
            yield API, os.environ.get(API, ""), FURTHER[API]
    for name in (LOCAL_KEY, TOKEN_VARIABLE):
        yield name, _whether_set(name), FURTHER[name]
    for name in connection_names():
        variable = f"{PREFIX}{name.upper()}"
        yield variable, _whether_set(variable), f"the address and key of the connection {name}"


def _told(name: str, value: str, meaning: str, before: Mapping[str, str]) -> Variable:
    now, origin = os.environ.get(name, ""), "default"
    if now:
        origin = "environment" if before.get(name) == now else "cell"
    return Variable(name=name, value=value, origin=origin, meaning=_LINK.sub(r"\1", meaning).replace("`", ""))


def _whether_set(variable: str) -> str:
    return "set" if os.environ.get(variable) else "not set"
