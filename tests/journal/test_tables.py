"""Arrays and tables in the journal."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from genxai_nb.errors import NotStorable, StoreDamaged
from genxai_nb.journal.codec import from_plain, to_plain


def back(value):
    """Through strict JSON text and back."""
    return from_plain(json.loads(json.dumps(to_plain(value), allow_nan=False)))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([1.5, np.nan, -np.inf]),
        np.array([], dtype="f4"),
        np.zeros((0, 3), dtype="i8"),
        np.array(5),
        np.array([True, False]),
        np.array([1 + 2j]),
        np.array(["a", "", "long"]),
        np.array([""]),
        np.array([b"a", b"bc"]),
        np.array(["2024-01-01", "NaT"], dtype="M8[D]"),
        np.array([1, 2], dtype="m8[s]"),
        np.arange(4, dtype=">i4"),
        np.arange(10)[::3],
    ],
    ids=repr,
)
def test_arrays(array):
    """Arrays come back with values, dtype and shape, and can be written to."""
    again = back({"a": [array]})["a"][0]
    np.testing.assert_array_equal(again, array)
    assert (again.dtype, again.shape, again.flags.writeable) == (array.dtype, array.shape, True)


def test_arrays_of_objects():
    """An array of objects comes back with what is in it."""
    array = np.array([[1, "x"], [None, {2, 3}]], dtype=object)
    again = back(array)
    assert again.dtype == object
    assert again.tolist() == array.tolist()


@pytest.mark.parametrize(
    "scalar",
    [
        np.int8(-3),
        np.uint64(2**64 - 1),
        np.float32(0.1),
        np.float64("nan"),
        np.bool_(1),
        np.str_("é"),
        np.datetime64("2024-01-01T10"),
    ],
    ids=repr,
)
def test_scalars_of_numpy(scalar):
    """A scalar comes back as one of the same type."""
    again = back(scalar)
    assert type(again) is type(scalar)
    assert again.tobytes() == scalar.tobytes()


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame(columns)


FRAMES = {
    "plain": frame(a=[1, 2], b=[0.5, np.nan], c=[True, False]),
    "text": frame(a=["x", None], b=pd.array(["y", pd.NA], dtype="string")),
    "objects": frame(a=[[1], {"k": (1, 2)}], b=[None, pd.NaT]),
    "nullable": frame(
        a=pd.array([1, None], dtype="Int8"),
        b=pd.array([True, None], dtype="boolean"),
        c=pd.array([1.5, None], dtype="Float32"),
    ),
    "times": frame(a=pd.to_datetime(["2024-01-01", None]), b=pd.to_timedelta([1, None], unit="s")),
    "zones": frame(
        a=pd.to_datetime(["2024-10-27 02:30", None]).tz_localize("UTC").tz_convert("Europe/Berlin")
    ),
    "categories": frame(a=pd.Categorical(["u", None], ["v", "u"], ordered=True), b=pd.Categorical([3, 4])),
    "named index": frame(a=[1, 2]).set_index(pd.Index(["r", "s"], name="i")),
    "time index": frame(a=[1, 2]).set_index(pd.to_datetime(["2024-01-01", "2024-01-02"])),
    "levels": frame(a=[1, 2]).set_index(pd.MultiIndex.from_tuples([("r", 1), ("s", 2)], names=["i", None])),
    "gapped range": frame(a=[1, 2, 3])[::2],
    "twice the same name": pd.DataFrame([[1, "x"]], columns=["a", "a"]),
    "numbered columns": pd.DataFrame([[1, 2]]),
    "mixed columns": pd.DataFrame([[1, 2]], columns=["a", 3]),
    "no rows": frame(a=[1]).iloc[:0],
    "no columns": pd.DataFrame(index=[1, 2]),
    "nothing": pd.DataFrame(),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames(name):
    """Tables come back with values, dtypes, index and columns."""
    again = back({"report": FRAMES[name]})["report"]
    pd.testing.assert_frame_equal(again, FRAMES[name], check_freq=False)


def test_series_and_index():
    """A column or an index of its own comes back as such."""
    series = pd.Series(["x", None], index=[3, 4], name=("a", 1))
    pd.testing.assert_series_equal(back(series), series)
    for index in (
        pd.Index([1.5, 2.5], name="i"),
        pd.RangeIndex(2, 10, 3),
        pd.to_datetime(["2024-01-01"]).tz_localize("UTC"),
    ):
        pd.testing.assert_index_equal(back(index), index, exact=True)


@pytest.mark.parametrize(
    "value",
    [
        pd.Timestamp("2024-01-01 10:00:00.123456789"),
        pd.Timestamp("2024-10-27 00:30", tz="UTC").tz_convert("Europe/Berlin"),
        pd.Timestamp("2024-01-01").as_unit("s"),
        pd.Timedelta("1 days 00:00:00.000000001"),
    ],
    ids=str,
)
def test_times_of_pandas(value):
    """Times keep their nanoseconds, unit and zone."""
    again = back(value)
    assert (again, type(again), again.unit) == (value, type(value), value.unit)


def test_missing_values_of_pandas():
    """The missing values of pandas are the ones that there are."""
    assert back(pd.NaT) is pd.NaT
    assert back(pd.NA) is pd.NA


REFUSED = {
    "object in a cell": (frame(a=[1], b=[[object()]]), "update.report['b'][0][0] is a builtins.object"),
    "object in a column": (pd.Series([1, print]), "update.report[1] is a builtins.builtin_function"),
    "object in an array": (np.array([None, print]), "update.report[1] is a builtins.builtin_function"),
    "object as a name": (pd.Series([1], name=print), "update.report.name is a builtins.builtin_function"),
    "periods": (frame(a=pd.period_range("2024", periods=1)), "update.report is a pandas.DataFrame"),
    "intervals": (frame(a=[1]).set_index(pd.interval_range(0, 1)), "update.report is a pandas.DataFrame"),
    "sparse": (pd.Series(pd.arrays.SparseArray([0, 1])), "update.report is a pandas.Series"),
    "period": (pd.Period("2024"), "update.report is a pandas"),
    "structured": (np.array([(1, 2)], dtype="i4,i4"), "update.report is a numpy.ndarray"),
    "masked": (np.ma.array([1]), "update.report is a numpy.ma"),
    "function": (np.sin, "update.report is a numpy.ufunc"),
    "groups": (frame(a=[1]).groupby("a"), "update.report is a pandas"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_tables(name):
    """A dtype, type or object inside that is not kept is refused with its path."""
    value, words = REFUSED[name]
    with pytest.raises(NotStorable) as caught:
        to_plain({"report": value}, "update")
    assert words in str(caught.value)


def test_column_of_an_unknown_dtype():
    """A column's dtype is not a way to make anything else of pandas."""
    plain = to_plain(frame(a=pd.array([1], dtype="Int8")))
    plain["v"]["data"][0]["dtype"] = "Sparse[int]"
    with pytest.raises(StoreDamaged, match="Sparse"):
        from_plain(plain)


def test_table_read_where_pandas_is_not_loaded_yet(tmp_path):
    """A new process reads a table although it has not imported pandas."""
    (tmp_path / "frame.json").write_text(json.dumps(to_plain(FRAMES["plain"])), encoding="utf-8")
    text = "import json, pathlib\nfrom genxai_nb.journal.codec import from_plain\nprint(from_plain(json.loads(pathlib.Path('frame.json').read_text())).shape)"
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=tmp_path, capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "(2, 3)"
