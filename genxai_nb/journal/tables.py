"""Arrays and tables as tagged JSON. numpy and pandas are found, not imported, by writing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import MissingPackage

from .tags import read_bytes, tagged, write_bytes

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Walk = Callable[[Any, str], Any]

_BUFFERS = frozenset("biufcSUmM")
_NULLABLE = frozenset(
    ["str", "string", "boolean", "Float32", "Float64"]
    + [f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
)


def write_table(value: Any, plain: Walk) -> dict[str, Any] | None:
    """Write an array, a scalar of numpy or a table; None for what is none of these.

    Args:
        value: A value whose type is of numpy or pandas.
        plain: Writes what is inside, which is found at a place such as ``['price'][3]``.
    """
    kind = type(value)
    if kind.__module__.partition(".")[0] == "numpy":
        return _write_numpy(value, kind, plain)
    pandas: Any = sys.modules["pandas"]
    if kind is pandas.DataFrame:
        return _write_frame(value, plain)
    if kind is pandas.Series:
        column = _write_column(value.array, plain)
        return column and tagged(
            "series",
            {"index": _write_index(value.index, plain), "name": plain(value.name, ".name"), "values": column},
        )
    if isinstance(value, pandas.Index):
        return tagged("index", _write_index(value, plain))
    if value is pandas.NaT or value is pandas.NA:
        return tagged("missing", "NaT" if value is pandas.NaT else "NA")
    if kind is pandas.Timestamp:
        zone = None if value.tz is None else str(value.tz)
        return tagged("timestamp", [value.as_unit("ns").value, value.unit, zone])
    if kind is pandas.Timedelta:
        return tagged("duration", [value.as_unit("ns").value, value.unit])
    return None


def _write_numpy(value: Any, kind: type, plain: Walk) -> dict[str, Any] | None:
    numpy: Any = sys.modules["numpy"]
    if kind is numpy.ndarray:
        if value.dtype.kind == "O":
            return tagged("objects", {"shape": list(value.shape), "values": _write_items(value.flat, plain)})
        if value.dtype.kind in _BUFFERS:
            body = {
                "dtype": value.dtype.str,
                "shape": list(value.shape),
                "data": write_bytes(value.tobytes()),
            }
            return tagged("ndarray", body)
    elif isinstance(value, numpy.generic) and value.dtype.kind in _BUFFERS:
        return tagged("scalar", [value.dtype.str, write_bytes(value.tobytes())])
    return None


def _write_frame(frame: pd.DataFrame, plain: Walk) -> dict[str, Any] | None:
    columns = []
    for number, name in enumerate(frame.columns):
        place = partial(_write_at, plain, f"[{name!r}]")
        columns.append(_write_column(frame.iloc[:, number].array, place))
    index, names = _write_index(frame.index, plain), _write_index(frame.columns, plain)
    if None in columns or index is None or names is None:
        return None
    return tagged("frame", {"columns": names, "index": index, "data": columns})


def _write_index(index: pd.Index[Any], plain: Walk) -> dict[str, Any] | None:
    pandas: Any = sys.modules["pandas"]
    names = [plain(name, ".index.name") for name in index.names]
    if type(index) is pandas.RangeIndex:
        steps: Any = index
        return {"names": names, "range": [steps.start, steps.stop, steps.step]}
    levels = [index.get_level_values(number).array for number in range(index.nlevels)]
    columns = [_write_column(level, plain) for level in levels]
    return None if None in columns else {"names": names, "levels": columns}


def _write_column(array: Any, plain: Walk) -> dict[str, Any] | None:
    """Write the values of a column by its dtype; None if that dtype is not kept."""
    pandas: Any = sys.modules["pandas"]
    dtype, name = array.dtype, str(array.dtype)
    if isinstance(dtype, pandas.CategoricalDtype):
        categories = _write_column(dtype.categories.array, plain)
        codes = _write_numpy(array.codes, type(array.codes), plain)
        return categories and {"codes": codes, "categories": categories, "ordered": dtype.ordered}
    if isinstance(dtype, pandas.DatetimeTZDtype):
        moments = array.asi8
        return {"dtype": name, "moments": _write_numpy(moments, type(moments), plain)}
    if name in _NULLABLE:
        items = (None if pandas.isna(item) else _item(item) for item in array)
        return {"dtype": name, "values": _write_items(items, plain)}
    if isinstance(array, pandas.arrays.NumpyExtensionArray) or isinstance(dtype, sys.modules["numpy"].dtype):
        values = array.to_numpy()
        written = _write_numpy(values, type(values), plain)
        return written and {"array": written}
    return None


def _write_at(plain: Walk, place: str, item: Any, step: str) -> Any:
    return plain(item, place + step)


def _write_items(items: Iterable[Any], plain: Walk) -> list[Any]:
    return [plain(item, f"[{number}]") for number, item in enumerate(items)]


def _item(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def read_table(tag: str, body: Any) -> Any:
    """Read what :func:`write_table` wrote; what is inside has been read already.

    Raises:
        MissingPackage: The package that the value needs is not installed.
    """
    try:
        return _READERS[tag](body)
    except ModuleNotFoundError as exc:
        raise MissingPackage(exc.name or "pandas", "notebook") from exc


def _read_ndarray(body: dict[str, Any]) -> Any:
    import numpy as np

    dtype = _dtype(body["dtype"])
    return np.frombuffer(read_bytes(body["data"]), dtype).reshape(body["shape"]).copy()


def _read_objects(body: dict[str, Any]) -> Any:
    import numpy as np

    array = np.empty(len(body["values"]), dtype=object)
    for number, item in enumerate(body["values"]):
        array[number] = item
    return array.reshape(body["shape"])


def _read_scalar(body: list[str]) -> Any:
    import numpy as np

    dtype, data = body
    return np.frombuffer(read_bytes(data), _dtype(dtype))[0]


def _dtype(name: str) -> np.dtype[Any]:
    import numpy as np

    dtype = np.dtype(name)
    if dtype.kind not in _BUFFERS:
        raise ValueError(f"An array of dtype {name!r} cannot be read.")
    return dtype


def _read_column(body: dict[str, Any]) -> Any:
    import pandas as pd

    if "codes" in body:
        dtype = pd.CategoricalDtype(_read_column(body["categories"]), ordered=body["ordered"])
        return pd.Categorical.from_codes(body["codes"], dtype=dtype)
    if "moments" in body:
        zoned = pd.api.types.pandas_dtype(body["dtype"])
        if not isinstance(zoned, pd.DatetimeTZDtype):
            raise ValueError(f"{body['dtype']!r} is no time with a zone.")
        return (
            pd.DatetimeIndex(body["moments"].view(f"M8[{zoned.unit}]"), tz="UTC").tz_convert(zoned.tz).array
        )
    if "dtype" in body:
        if body["dtype"] not in _NULLABLE:
            raise ValueError(f"A column of dtype {body['dtype']!r} cannot be read.")
        return pd.array(body["values"], dtype=body["dtype"])
    return body["array"]


def _read_index(body: dict[str, Any]) -> Any:
    import pandas as pd

    names = body["names"]
    if "range" in body:
        start, stop, step = body["range"]
        return pd.RangeIndex(start, stop, step, name=names[0])
    levels = [pd.Index(column, dtype=column.dtype) for column in map(_read_column, body["levels"])]
    if len(levels) == 1:
        levels[0].name = names[0]
        return levels[0]
    return pd.MultiIndex.from_arrays(levels, names=names)


def _read_series(body: dict[str, Any]) -> Any:
    import pandas as pd

    values = _read_column(body["values"])
    return pd.Series(values, index=_read_index(body["index"]), name=body["name"], dtype=values.dtype)


def _read_frame(body: dict[str, Any]) -> Any:
    import pandas as pd

    index, columns = _read_index(body["index"]), [_read_column(column) for column in body["data"]]
    data = {
        number: pd.Series(column, index=index, dtype=column.dtype) for number, column in enumerate(columns)
    }
    frame = pd.DataFrame(data, index=index)
    frame.columns = _read_index(body["columns"])
    return frame


def _read_timestamp(body: list[Any]) -> Any:
    import pandas as pd

    value, unit, zone = body
    moment = pd.Timestamp(value).as_unit(unit)
    return moment if zone is None else moment.tz_localize("UTC").tz_convert(zone)


def _read_duration(body: list[Any]) -> Any:
    import pandas as pd

    value, unit = body
    return pd.Timedelta(value, "ns").as_unit(unit)


def _read_missing(name: str) -> Any:
    import pandas as pd

    return {"NaT": pd.NaT, "NA": pd.NA}[name]


_READERS: dict[str, Callable[[Any], Any]] = {
    "ndarray": _read_ndarray,
    "objects": _read_objects,
    "scalar": _read_scalar,
    "series": _read_series,
    "index": _read_index,
    "frame": _read_frame,
    "timestamp": _read_timestamp,
    "duration": _read_duration,
    "missing": _read_missing,
}

TABLE_TAGS = frozenset(_READERS)
