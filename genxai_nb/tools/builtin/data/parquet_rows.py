"""Reads Parquet in a child process: a file of some hundred bytes can say that it unpacks to gigabytes."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as in typing, which is not needed otherwise
if TYPE_CHECKING:
    from typing import Any, NoReturn

PIECE = 64  # rows that are unpacked at once


def refuse(what: str) -> NoReturn:
    """Say why it cannot be read."""
    raise SystemExit({"wrong": what, "hint": "Take a smaller table."})


def answer(data: bytes, asked: dict[str, Any]) -> dict[str, Any]:
    """Read the rows."""
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # the others reserve more than they use
    os.environ["OMP_NUM_THREADS"] = "1"
    from msgspec import to_builtins
    from msgspec.json import decode, encode
    from pyarrow import ArrowException, BufferReader
    from pyarrow.parquet import ParquetFile

    rows: list[dict[str, Any]] = []
    told = 0
    try:
        file = ParquetFile(BufferReader(data), pre_buffer=False)
        meta = file.metadata
        if meta.num_rows > asked["most_rows"] or meta.num_columns > asked["most_columns"]:
            refuse(f"it has {meta.num_rows} rows and {meta.num_columns} columns, which is too large")
        for batch in file.iter_batches(PIECE, use_threads=False):
            piece = encode(to_builtins(batch.to_pylist(), str_keys=True))  # null for what is no number
            told += len(piece)  # a value that all rows share is told in each
            if told > asked["most_bytes"]:
                refuse(f"it unpacks to more than {asked['most_bytes']} bytes")
            rows += decode(piece)
    except MemoryError:
        raise
    except (ArrowException, OSError, ValueError) as exc:
        return {"wrong": f"it is no Parquet: {str(exc)[:200]}"}
    return {"rows": rows}
