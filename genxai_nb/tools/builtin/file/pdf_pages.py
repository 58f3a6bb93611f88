"""The child process of ``pdf_parser``: a document on standard input, what was read of it as JSON on the output.

It is run as a file, so it imports nothing of this package.
"""

from __future__ import annotations

import io
import json
import logging
import sys

TYPE_CHECKING = False  # as in typing, which is not needed otherwise
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from pypdf import PdfReader

MEMORY = 1024 * 1024 * 1024
LONGEST_VALUE = 500


def refuse(what: str, hint: str) -> NoReturn:
    """Say why it cannot be read, and end."""
    sys.stdout.write(json.dumps({"wrong": what, "hint": hint}))
    raise SystemExit


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
            told[str(name).lstrip("/").lower()] = text[:LONGEST_VALUE]
    return told


def answer(data: bytes, asked: dict[str, Any]) -> dict[str, Any]:
    """Read what is asked."""
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


def limit(seconds: float) -> None:
    """Take away what a document has no use for."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass  # no such limits on this system; the time is limited all the same


def main() -> None:
    """Answer one request."""
    asked = json.loads(sys.argv[1])
    limit(asked["seconds"])
    logging.disable(logging.CRITICAL)
    try:
        told = answer(sys.stdin.buffer.read(), asked)
    except (MemoryError, RecursionError):
        told = {"wrong": "it needs more memory than it may have"}
    except Exception as exc:  # noqa: BLE001 - a damaged document can make the parser raise anything
        told = {"wrong": f"it is damaged or no PDF ({type(exc).__name__}: {str(exc)[:200]})"}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
