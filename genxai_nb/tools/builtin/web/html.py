"""A page of HTML as plain data."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TypedDict, Unpack

from msgspec import Struct, convert

from genxai_nb.errors import MissingPackage
from genxai_nb.tools.child import ask_child
from genxai_nb.tools.outcome import Outcome

__all__ = ["Field", "Form", "Image", "Link", "Page", "read_html"]

_CHILD = str(Path(__file__).with_name("html_reader.py"))


class Link(Struct, frozen=True):
    """A link: where it leads, and its text."""

    url: str
    text: str


class Image(Struct, frozen=True):
    """An image of a page: its address, and what it shows in words."""

    url: str
    description: str


class Field(Struct, frozen=True):
    """A field of a form."""

    name: str
    kind: str
    value: str = ""
    options: list[str] = []


class Form(Struct, frozen=True):
    """A form: where it is sent, how, and its fields."""

    action: str
    method: str
    fields: list[Field]


class Page(Struct, Outcome, omit_defaults=True):
    """A page.

    Attributes:
        url: Where it came from, after redirects.
        status: What the server answered.
        title: Its title.
        description: What it says of itself.
        language: Its language, such as ``en``.
        text: Its readable text.
        selected: The texts that each selector found.
        links: Its links.
        images: Its images.
        tables: Its tables, each a list of rows.
        forms: Its forms.
        truncated: There is more than what is told.
    """

    url: str = ""
    status: int | None = None
    title: str = ""
    description: str = ""
    language: str = ""
    text: str = ""
    selected: dict[str, list[str]] = {}
    links: list[Link] = []
    images: list[Image] = []
    tables: list[list[list[str]]] = []
    forms: list[Form] = []
    truncated: bool = False


class Wanted(TypedDict, total=False):
    """What is to be told of a page.

    Attributes:
        base: What relative addresses belong to.
        selectors: CSS selectors by name.
        readable: The article of a page without its menus and margins.
        text: The text, unless selectors are given.
        links: The links.
        images: The images.
        tables: The tables.
        forms: The forms.
        clean: Fold blanks and drop empty lines of the text.
    """

    base: str
    selectors: dict[str, str] | None
    readable: bool
    text: bool
    links: bool
    images: bool
    tables: bool
    forms: bool
    clean: bool


def read_html(html: str, seconds: float = 20, **wanted: Unpack[Wanted]) -> Page:
    """Read HTML, in a process of its own: markup can be made so that no parser comes to an end.

    Raises:
        ToolFailed: A selector is malformed, or the page takes too long to read.
        MissingPackage: The extra ``tools`` is not installed.
    """
    for package in ("selectolax", "trafilatura"):
        if importlib.util.find_spec(package) is None:
            raise MissingPackage(package, "tools")
    given = html.encode("utf-8", "replace")
    said = ask_child(_CHILD, wanted, given, seconds=seconds, what=wanted.get("base") or "The page")
    return convert(said, Page)
