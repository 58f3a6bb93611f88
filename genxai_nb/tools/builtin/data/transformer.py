"""From one format to another, as text or from file to file."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from annotated_types import MaxLen
from msgspec import Struct

from genxai_nb.errors import ToolFailed
from genxai_nb.guard.policy import roots_of
from genxai_nb.tools.base import tool
from genxai_nb.tools.outcome import Outcome

from .formats import LARGEST, Format, read_data, write_data

__all__ = ["Transformed", "data_transformer"]

MOST_CHARACTERS = 200_000

_PLAIN: dict[str, Callable[[str], str]] = {"uppercase": str.upper, "lowercase": str.lower, "trim": str.strip}


class Transformed(Struct, Outcome, frozen=True, omit_defaults=True):
    """What became of the data.

    Attributes:
        data: The new text; Parquet in base64. Empty when it went to a file.
        format: Its format, of what was converted.
        path: The file that was written.
        size: Its bytes.
        rows: How many rows or items it has, if it is a list.
    """

    data: str = ""
    format: str = ""
    path: str = ""
    size: int = 0
    rows: int | None = None


def _needs(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    named = {"source_path": "read", "output_path": "write"}
    return tuple(need for name, need in named.items() if arguments.get(name))


@tool(
    category="data",
    tags=["convert", "text"],
    idempotent=True,
    timeout=60,
    permissions=["read", "write"],
    needs=_needs,
    subjects={"source_path": "roots", "output_path": "roots"},
)
def data_transformer(
    data: Annotated[str, MaxLen(2 * LARGEST)] = "",
    operation: Literal["uppercase", "lowercase", "trim", "convert"] = "convert",
    source_format: Format = "json",
    target_format: Format = "json",
    *,
    csv_delimiter: str = ",",
    source_path: str | None = None,
    output_path: str | None = None,
    context: Any = None,
) -> Transformed:
    r"""Change the case of a text, or convert data between JSON, CSV, XML, YAML and Parquet.

    Args:
        data: The data as text; Parquet in base64. Left out when source_path is given.
        operation: uppercase, lowercase and trim change a text, convert changes its format.
        source_format: What the data is.
        target_format: What it is to become.
        csv_delimiter: What parts the cells of CSV.
        source_path: A file to read the data from.
        output_path: A file to write it to.
        context: The context of the call.

    Example:
        >>> data_transformer("a,b\n1,x\n", source_format="csv", target_format="yaml").data
        '- a: 1\n  b: x\n'
    """
    given: str | bytes = data
    if source_path is not None:
        with roots_of(context).open(source_path) as file:
            given = file.read(2 * LARGEST + 1)
        if len(given) > 2 * LARGEST:
            raise ToolFailed(f"{source_path!r} is larger than {2 * LARGEST} bytes.")
    elif not data:
        raise ToolFailed("There is no data.", hint="Give data or source_path.")
    if operation != "convert":
        text = given if isinstance(given, str) else given.decode("utf-8", "replace")
        return _given(_PLAIN[operation](text).encode(), "", output_path, context)
    if source_format == "parquet" and isinstance(given, str):
        given = _bytes(given)
    value = read_data(given, source_format, csv_delimiter)
    try:
        made = write_data(value, target_format, csv_delimiter)
    except UnicodeEncodeError as exc:
        raise ToolFailed(f"The data holds half a character, {exc.object[exc.start]!r}.") from exc
    except ValueError as exc:
        raise ToolFailed(f"{target_format} cannot hold the data: {exc}.") from exc
    except RecursionError as exc:
        raise ToolFailed(f"The data is nested too deeply for {target_format}.") from exc
    return _given(made, target_format, output_path, context, len(value) if isinstance(value, list) else None)


def _given(
    made: bytes, kind: str, output_path: str | None, context: Any, rows: int | None = None
) -> Transformed:
    if output_path is not None:
        with roots_of(context).replace(output_path) as file:
            file.write(made)
        return Transformed(format=kind, path=output_path, size=len(made), rows=rows)
    text = base64.b64encode(made).decode() if kind == "parquet" else made.decode()
    if len(text) > MOST_CHARACTERS:
        raise ToolFailed(
            f"The result has {len(text)} characters; {MOST_CHARACTERS} is the most.",
            hint="Give an output_path.",
        )
    return Transformed(data=text, format=kind, size=len(made), rows=rows)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise ToolFailed(
            f"Parquet as text is base64, which this is not: {exc}.", hint="Give source_path."
        ) from exc
