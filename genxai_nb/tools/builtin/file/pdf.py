"""Reading PDF documents, in a process of their own: a crafted one can ask for any time and memory."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Interval
from msgspec import Struct, convert

from genxai_nb.errors import MissingPackage, ToolFailed
from genxai_nb.guard.policy import roots_of
from genxai_nb.tools.base import tool
from genxai_nb.tools.child import ask_child
from genxai_nb.tools.outcome import Outcome

__all__ = ["Document", "Page", "pdf_parser"]

LARGEST = 50 * 1024 * 1024
MOST_CHARACTERS = 200_000
MOST_PAGES = 500

_CHILD = str(Path(__file__).with_name("pdf_pages.py"))


class Page(Struct, frozen=True):
    """The text of one page; pages count from 1."""

    number: int
    text: str


class Document(Struct, Outcome, frozen=True, omit_defaults=True):
    """A PDF document.

    Attributes:
        path: The file, as it was asked for.
        page_count: How many pages it has.
        pages: The text of the pages that were asked for.
        metadata: Title, author and the like.
        truncated: There is more text than what is told.
    """

    path: str
    page_count: int
    pages: list[Page] = []
    metadata: dict[str, str] = {}
    truncated: bool = False


@tool(
    category="file",
    tags=["pdf", "read"],
    read_only=True,
    idempotent=True,
    timeout=90,
    permissions=["read"],
    subjects={"file_path": "roots"},
)
def pdf_parser(
    file_path: str,
    *,
    extract_text: bool = True,
    extract_metadata: bool = True,
    page_range: str = "all",
    timeout: Annotated[float, Interval(ge=1, le=60)] = 30,
    context: Any = None,
) -> Document:
    """Read the text and the metadata of a PDF document.

    Args:
        file_path: The document, relative to the working folder.
        extract_text: Tell the text of the pages.
        extract_metadata: Tell title, author and the like.
        page_range: Which pages, from 1: all, or numbers and ranges such as 1-3, 7.
        timeout: Seconds that it may take.
        context: The context of the call.

    Example:
        >>> from PIL import Image
        >>> Image.new("RGB", (40, 20)).save("one.pdf", title="One")
        >>> found = pdf_parser("one.pdf")
        >>> found.page_count, found.metadata["title"]
        (1, 'One')
    """
    if importlib.util.find_spec("pypdf") is None:
        raise MissingPackage("pypdf", "tools")
    asked = {
        "text": extract_text,
        "metadata": extract_metadata,
        "pages": page_range,
        "most_characters": MOST_CHARACTERS,
        "most_pages": MOST_PAGES,
    }
    with roots_of(context).open(file_path) as file:
        if file.seek(0, 2) > LARGEST:
            raise ToolFailed(f"{file_path!r} is larger than {LARGEST} bytes.")
        file.seek(0)
        said = ask_child(_CHILD, asked, file, seconds=timeout, what=repr(file_path))
    return convert({"path": file_path, **said}, Document)
