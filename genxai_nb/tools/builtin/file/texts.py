"""Reading and writing text files."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import Ge, Interval, MaxLen
from msgspec import Struct

from genxai_nb.errors import ToolFailed
from genxai_nb.guard.policy import roots_of
from genxai_nb.tools.base import tool
from genxai_nb.tools.outcome import Outcome

__all__ = ["FileText", "Written", "file_reader", "file_writer"]

LARGEST = 10 * 1024 * 1024
MOST_CHARACTERS = 200_000
MOST_LINES = 5_000

Encoding = Literal["utf-8", "ascii", "latin-1", "utf-16"]


class FileText(Struct, Outcome, frozen=True):
    """Lines of a file.

    Attributes:
        path: The file, as it was asked for.
        text: The lines.
        first_line: The number of the first one, from 1.
        lines: How many lines the whole file has.
        size: Its bytes.
        truncated: There is more after these lines.
    """

    path: str
    text: str
    first_line: int
    lines: int
    size: int
    truncated: bool


class Written(Struct, Outcome, frozen=True):
    """What was written: the file, the bytes that went into it, its size now, and whether it was made anew."""

    path: str
    written: int
    size: int
    created: bool


@tool(
    category="file",
    tags=["text", "read"],
    read_only=True,
    idempotent=True,
    timeout=30,
    permissions=["read"],
    subjects={"path": "roots"},
)
def file_reader(
    path: str,
    encoding: Encoding = "utf-8",
    *,
    max_size: Annotated[int, Interval(ge=1, le=LARGEST)] = LARGEST,
    start_line: Annotated[int, Ge(1)] = 1,
    max_lines: Annotated[int, Interval(ge=1, le=MOST_LINES)] = 2_000,
    context: Any = None,
) -> FileText:
    r"""Read a text file, or some lines of it.

    Args:
        path: The file, relative to the working folder.
        encoding: How its text is encoded.
        max_size: The largest file that is read, in bytes.
        start_line: The first line to read, from 1.
        max_lines: How many lines to read.
        context: The context of the call.

    Example:
        >>> _ = file_writer("notes.txt", "one\ntwo\nthree\n")
        >>> file_reader("notes.txt", start_line=2, max_lines=1).text
        'two\n'
    """
    with roots_of(context).open(path) as file:
        data = file.read(max_size + 1)
    if len(data) > max_size:
        raise ToolFailed(
            f"{path!r} is larger than {max_size} bytes.", hint=f"Raise max_size; {LARGEST} is the most."
        )
    if encoding != "utf-16" and b"\0" in data[:8192]:
        raise ToolFailed(
            f"{path!r} is no text file.", hint="Use pdf_parser, image_processor or file_compressor."
        )
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as exc:
        raise ToolFailed(
            f"{path!r} is not {encoding}: byte {exc.start} does not fit.", hint="Try encoding latin-1."
        ) from exc
    lines = text.splitlines(keepends=True)
    if start_line > max(len(lines), 1):
        raise ToolFailed(f"{path!r} has {len(lines)} lines, so none at {start_line}.")
    shown = "".join(lines[start_line - 1 : start_line - 1 + max_lines])
    cut = shown[:MOST_CHARACTERS]
    more = len(lines) > start_line - 1 + max_lines or len(cut) < len(shown)
    return FileText(path, cut, start_line, len(lines), len(data), more)


@tool(
    category="file",
    tags=["text", "write"],
    timeout=30,
    permissions=["write"],
    subjects={"path": "roots"},
)
def file_writer(
    path: str,
    content: Annotated[str, MaxLen(LARGEST)],
    encoding: Encoding = "utf-8",
    mode: Literal["write", "append"] = "write",
    *,
    create_dirs: bool = True,
    context: Any = None,
) -> Written:
    """Write a text file.

    The old content is replaced whole or not at all.

    Args:
        path: The file, relative to the working folder.
        content: The text.
        encoding: How the text is encoded.
        mode: write replaces what is there, append adds to its end.
        create_dirs: Make the folders above the file if they are missing.
        context: The context of the call.

    Example:
        >>> file_writer("out/hello.txt", "Hello").written
        5
    """
    try:
        data = content.encode(encoding)
    except UnicodeEncodeError as exc:
        raise ToolFailed(
            f"Character {content[exc.start]!r} cannot be written as {encoding}.", hint="Use utf-8."
        ) from exc
    roots = roots_of(context)
    before = roots.size(path)
    if mode == "append":
        with roots.append(path, parents=create_dirs) as file:
            file.write(data)
        return Written(path, len(data), (before or 0) + len(data), created=before is None)
    with roots.replace(path, parents=create_dirs) as file:
        file.write(data)
    return Written(path, len(data), len(data), created=before is None)
