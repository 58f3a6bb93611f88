"""Reads a PDF document in a child process, for ``pdf_parser``."""

from __future__ import annotations

import io
import logging

TYPE_CHECKING = False  # as in typing, which is not needed otherwise
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from pypdf import PdfReader

LONGEST_VALUE = 500  # characters, also of a name
MOST_NAMES = 100


def refuse(what: str, hint: str) -> NoReturn:
    """Say why it cannot be read."""
    raise SystemExit({"wrong": what, "hint": hint})


def numbers(wanted: str, count: int) -> list[int]:
    """The numbers of the pages, from ``all``, ``3`` or ``1-3, 7``."""
    if wanted.strip().lower() == "all":
        return list(range(1, count + 1))
    found: list[int] = []
    for part in wanted.split(","):
        first, dash, last = part.strip().partition("-")
        try:
            start = int(first)
            end = int(last) if dash and last.strip() else count if dash else start
        except ValueError:
            refuse(f"{part.strip()!r} is no page or range", "Write all, 3 or 1-3, 7.")
        if not 1 <= start <= end <= count:
            refuse(f"there are no pages {part.strip()}", f"It has pages 1 to {count}.")
        found.extend(range(start, end + 1))
    return list(dict.fromkeys(found))


def metadata(reader: PdfReader) -> dict[str, str]:
    """What the document says of itself."""
    told = {}
    for name, value in (reader.metadata or {}).items():
        text = str(value).strip()
        if text:
            told[str(name).lstrip("/").lower()[:LONGEST_VALUE]] = text[:LONGEST_VALUE]
        if len(told) == MOST_NAMES:
            break
    return told


def answer(data: bytes, asked: dict[str, Any]) -> dict[str, Any]:
    """Read what is asked."""
    logging.disable(logging.CRITICAL)
    try:
        return read(data, asked)
    except (MemoryError, RecursionError):
        raise
    except Exception as exc:  # noqa: BLE001 - a damaged document can make the parser raise anything
        return {"wrong": f"it is damaged or no PDF ({type(exc).__name__}: {str(exc)[:200]})"}


def read(data: bytes, asked: dict[str, Any]) -> dict[str, Any]:
    """Read what is asked; a damaged document can make the parser raise anything."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        refuse("it is protected by a password", "Ask for a copy without one.")
    count = len(reader.pages)
    told: dict[str, Any] = {"page_count": count}
    if asked["metadata"]:
        told["metadata"] = metadata(reader)
    if not asked["text"]:
        return told
    wanted = numbers(asked["pages"], count)
    left, pages = asked["most_characters"], []
    for number in wanted[: asked["most_pages"]]:
        text = reader.pages[number - 1].extract_text() or ""
        pages.append({"number": number, "text": text[:left]})
        left -= len(text)
        if left <= 0:
            break
    told["pages"] = pages
    told["truncated"] = left < 0 or len(pages) < len(wanted)
    return told
