"""Reads a page of HTML in a child process."""

from __future__ import annotations

import logging
import re
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

TYPE_CHECKING = False  # as in typing, which is not needed otherwise
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from selectolax.lexbor import LexborNode

MOST_CHARACTERS = 100_000
MOST_ITEMS = 500
MOST_CELLS = 20_000
_LONGEST_TEXT = 2_000

_UNREAD = (
    "script, style, template, noscript, iframe, object, svg, [hidden], [aria-hidden=true], "
    '[style*="display:none" i], [style*="display: none" i], [style*="display : none" i], '
    '[style*="visibility:hidden" i], [style*="visibility: hidden" i]'
)
# marks that reorder text, that show nothing, and the invisible copies of bytes in which orders to a model are hidden
_DECEIVING = re.compile(
    "[\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\U000e0000-\U000e01ef]"
    "|[\ufe00-\ufe0f]{2,}|[\u200c\u200d]{2,}"
)
_BLANKS = re.compile(r"[^\S\n]+")
_SAFE = frozenset({"http", "https", "mailto", ""})


def refuse(what: str, hint: str) -> NoReturn:
    """Say why it cannot be read."""
    raise SystemExit({"wrong": what, "hint": hint})


def answer(data: bytes, asked: dict[str, Any]) -> dict[str, Any]:
    """Read what is asked."""
    logging.disable(logging.CRITICAL)
    tree = LexborHTMLParser(_DECEIVING.sub("", data.decode("utf-8", "replace")))
    base = asked.get("base") or ""
    page: dict[str, Any] = {
        "url": base,
        "title": _folded(tree.css_first("title"))[:_LONGEST_TEXT],
        "description": _attribute(tree.css_first("meta[name=description]"), "content")[:_LONGEST_TEXT],
        "language": _attribute(tree.css_first("html"), "lang")[:40],
    }
    for node in tree.css(_UNREAD):
        node.decompose()
    for name, read in {"links": _links, "images": _images, "tables": _tables, "forms": _forms}.items():
        if asked.get(name):
            page[name] = read(tree, base)
    if asked.get("selectors"):
        page["selected"] = {name: _found(tree, selector) for name, selector in asked["selectors"].items()}
    elif asked.get("text", True):
        whole = (asked.get("readable") and _article(tree)) or _text(tree, clean=asked.get("clean", True))
        page["text"] = whole[:MOST_CHARACTERS]
        page["truncated"] = len(whole) > MOST_CHARACTERS
    if any(len(page.get(name, ())) == MOST_ITEMS for name in ("links", "images", "tables")):
        page["truncated"] = True
    return page


def _article(tree: LexborHTMLParser) -> str:
    """The readable part of a page; empty if there is none that could be told apart."""
    import trafilatura

    try:
        return trafilatura.extract(tree.html or "", include_tables=True, favor_recall=True) or ""
    except (RecursionError, ValueError, AssertionError):
        return ""


def _text(tree: LexborHTMLParser, *, clean: bool) -> str:
    if tree.body is None:
        return ""
    text = tree.body.text(separator="\n" if clean else "")
    if not clean:
        return text
    lines = (_BLANKS.sub(" ", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _found(tree: LexborHTMLParser, selector: str) -> list[str]:
    try:
        nodes = tree.css(selector) if selector.strip() and len(selector) <= 1000 else None
    except SelectolaxError:
        nodes = None
    if nodes is None:
        refuse(f"{selector[:200]!r} is no CSS selector", "Write one such as h1, .price or a[href].")
    return [_folded(node) for node in nodes[:MOST_ITEMS]]


def _links(tree: LexborHTMLParser, base: str) -> list[dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for node in tree.css("a[href]"):
        url = _joined(base, _attribute(node, "href"))
        if url and url not in found:
            found[url] = {"url": url, "text": _folded(node)[:_LONGEST_TEXT]}
        if len(found) == MOST_ITEMS:
            break
    return list(found.values())


def _images(tree: LexborHTMLParser, base: str) -> list[dict[str, str]]:
    images = (
        {"url": url, "description": _attribute(node, "alt")[:_LONGEST_TEXT]}
        for node in tree.css("img[src]")
        if (url := _joined(base, _attribute(node, "src")))
    )
    return [image for image, _ in zip(images, range(MOST_ITEMS), strict=False)]


def _joined(base: str, target: str) -> str:
    """A whole address; empty for one that runs a script or carries its own data."""
    try:
        url = urljoin(base, target.strip())
        return url if urlsplit(url).scheme in _SAFE and len(url) <= _LONGEST_TEXT else ""
    except ValueError:
        return ""


def _tables(tree: LexborHTMLParser, _base: str) -> list[list[list[str]]]:
    left = MOST_CELLS
    tables: list[list[list[str]]] = []
    for table in tree.css("table")[:MOST_ITEMS]:
        rows: list[list[str]] = []
        for row in table.css("tr"):
            cells = [_folded(cell)[:_LONGEST_TEXT] for cell in row.css("th, td")[:left]]
            left -= len(cells) + 1
            if cells:
                rows.append(cells)
            if left <= 0:
                return [*tables, rows]
        tables.append(rows)
    return tables


def _forms(tree: LexborHTMLParser, base: str) -> list[dict[str, Any]]:
    return [
        {
            "action": _joined(base, _attribute(form, "action")) or base,
            "method": (_attribute(form, "method").upper() or "GET")[:10],
            "fields": [_field(node) for node in form.css("input, select, textarea, button")[:MOST_ITEMS]],
        }
        for form in tree.css("form")[:MOST_ITEMS]
    ]


def _field(node: LexborNode) -> dict[str, Any]:
    tag = node.tag or ""
    kind = _attribute(node, "type") or {"input": "text"}.get(tag, tag)
    options = [_attribute(option, "value") or _folded(option) for option in node.css("option")[:MOST_ITEMS]]
    value = "" if kind == "password" else _attribute(node, "value")
    return {"name": _attribute(node, "name"), "kind": kind, "value": value, "options": options}


def _attribute(node: Any, name: str) -> str:
    return "" if node is None else (node.attributes.get(name) or "")


def _folded(node: Any) -> str:
    return "" if node is None else " ".join(node.text(separator=" ").split())
