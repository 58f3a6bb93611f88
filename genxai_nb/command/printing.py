"""What the command prints: errors as one block, tables, values as JSON."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genxai_nb.errors import GenXAIError, LineInvalid, NodeFailed, RunCancelled, RunPaused, StateInvalid
from genxai_nb.secrets import redact

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """Take terminal codes and other control characters out of text that others wrote."""
    return _CONTROL.sub("", text)


def tell(text: str) -> None:
    """Write lines for a person to standard error; known secrets stand in them by their names."""
    sys.stderr.write(plain(redact(text)) + "\n")
    sys.stderr.flush()


def put(text: str) -> None:
    """Write a result to standard output."""
    sys.stdout.write(text + "\n")


def error_block(error: GenXAIError, *further: str) -> str:
    """An error as lines: what happened, where, what to do."""
    calm = isinstance(error, RunCancelled | RunPaused)
    lines = [f"{'‖' if calm else '✕'} {error.what}"]
    if isinstance(error, LineInvalid) and error.line:
        prefix = f"line {error.number}: "
        lines += [prefix + error.line, " " * (len(prefix) + error.column) + "^"]
    lines += getattr(error, "__notes__", [])
    if isinstance(error, NodeFailed | StateInvalid) and (place := place_of(error)):
        lines.append(place)
    lines += [line for line in (error.hint, *further) if line]
    return "\n  ".join(line for text in lines for line in text.split("\n"))


def place_of(error: BaseException) -> str:
    """The last line of a person's own code that an error came through; empty if there is none."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    frames = [frame for frame in traceback.extract_tb(cause.__traceback__) if _is_own(frame.filename)]
    if not frames:
        return ""
    frame = frames[-1]
    return f"in {frame.name}, {Path(frame.filename).name} line {frame.lineno}: {frame.line}"


def _is_own(filename: str) -> bool:
    inside = filename.replace("\\", "/")
    ours = Path(__file__).parents[1].as_posix()
    return not (
        inside.startswith((f"{ours}/", "<frozen")) or "/site-packages/" in inside or "/lib/python" in inside
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts; columns that are empty everywhere are left out."""
    shown = [number for number in range(len(columns)) if any(row[number] for row in rows)]
    lines = [
        [columns[number] for number in shown],
        *([plain(row[number]) for number in shown] for row in rows),
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def as_json(value: Any) -> str:
    """A value as one line of JSON. What JSON has no word for is written as its nearest, at last as text."""
    import msgspec

    plain_data = msgspec.to_builtins(value, str_keys=True, enc_hook=_nearest)
    return msgspec.json.encode(plain_data).decode()


def _nearest(value: Any) -> Any:
    """Plain data for what msgspec does not know."""
    if hasattr(value, "model_dump"):  # a pydantic model; its fields may hold anything
        return {name: getattr(value, name) for name in type(value).model_fields}
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # a DataFrame
        return value.to_dict("records")
    if hasattr(value, "tolist"):  # an array, a number of numpy, a Series
        return value.tolist()
    return str(value)
