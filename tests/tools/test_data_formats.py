"""Data from one format to another, and data made to harm."""

from __future__ import annotations

import base64
import datetime
import resource
from decimal import Decimal
from pathlib import Path

import pyarrow
import pytest
from data_bombs import ENTITIES
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.tools.builtin.data.formats import read_data, write_data
from genxai_nb.tools.registry import find

transform = find("data_transformer")


@pytest.mark.parametrize("source", ["json", "csv", "yaml", "parquet"])
@pytest.mark.parametrize("target", ["json", "csv", "yaml", "parquet", "xml"])
def test_tables_go_from_each_format_to_each(source: str, target: str):
    """A list of objects comes out as it went in, whatever is between."""
    rows = [{"n": 1, "t": "ä", "b": True, "f": 1.5}, {"n": -2, "t": "no", "b": False, "f": 0.25}]
    made = write_data(rows, source)
    text = base64.b64encode(made).decode() if source == "parquet" else made.decode()
    found = transform(text, "convert", source, target)
    data = base64.b64decode(found.data) if target == "parquet" else found.data
    back = read_data(data, target)
    if target == "xml":
        back = [
            {name: read_data(f"x\n{value}", "csv")[0]["x"] for name, value in row.items()}
            for row in back["data"]["item"]
        ]
    assert back == rows
    assert found.rows == 2


def test_files_are_converted():
    """From file to file, under the roots only."""
    Path("a.csv").write_text("n\n1\n2\n", encoding="utf-8")
    made = transform(
        source_path="a.csv", source_format="csv", target_format="parquet", output_path="out/a.parquet"
    )
    assert (made.path, made.rows, made.data) == ("out/a.parquet", 2, "")
    assert read_data(Path("out/a.parquet").read_bytes(), "parquet") == [{"n": 1}, {"n": 2}]
    for options in ({"source_path": "../a.csv"}, {"data": "[]", "output_path": "/etc/x"}):
        with pytest.raises(Denied):
            transform(**options)


def test_plain_texts_are_changed():
    """Case and blanks are changed as said."""
    assert [transform(" aB ", name).data for name in ("uppercase", "lowercase", "trim")] == [
        " AB ",
        " ab ",
        "aB",
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("!!python/object/apply:os.system ['id']", "yaml"),
        ("a: &x [1]\nb: *x", "yaml"),
        ("a: 1\na: 2", "yaml"),
        ("{" * 5000, "yaml"),
        ("gASVKgAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjA9pZA==", "parquet"),
        ("no base64!", "parquet"),
        ("UEFSMQ==", "parquet"),
        (ENTITIES, "xml"),
        ("", "json"),
        ('["\\ud800"]', "json"),
    ],
)
def test_data_made_to_harm_is_refused(text: str, kind: str):
    """No tag makes an object, no alias grows, and what is of another format is told."""
    with pytest.raises(ToolFailed):
        transform(text, "convert", kind, "json")


@pytest.mark.parametrize(
    "text", ["no", "0E0", "12", "~", "a\x85b", "\u2028", "", " x ", "- a", "a: b", "#", "0o7", "null"]
)
def test_texts_that_look_like_something_else_stay_texts(text: str):
    """YAML is written so that it is read as it was, by the rules of YAML 1.2."""
    assert read_data(write_data({text: [text]}, "yaml"), "yaml") == {text: [text]}


def test_what_is_nested_too_deeply_is_told():
    """A format that cannot be written is an error in words."""
    deep = "[" * 900 + "]" * 900
    for target in ("yaml", "xml"):
        with pytest.raises(ToolFailed, match="deep"):
            transform(deep, "convert", "json", target)


def test_what_would_take_too_long_is_refused():
    """A long list in YAML, and a table with a column of its own in each row, are refused in words."""
    for source, target in (("yaml", "json"), ("json", "yaml")):
        with pytest.raises(ToolFailed, match="too much for YAML"):
            transform("[" + "1," * 500_000 + "1]", "convert", source, target)
    many = "[" + ",".join(f'{{"k{n}": 1}}' for n in range(20_000)) + "]"
    for target in ("csv", "parquet"):
        with pytest.raises(ToolFailed, match="20000 rows and 20000 columns"):
            transform(many, "convert", "json", target)


@pytest.mark.parametrize(
    ("text", "source"),
    [("[1e999]", "json"), ('{"a": -1e999}', "json"), ("a: .inf", "yaml"), ("a: .nan", "yaml")],
)
def test_numbers_that_json_lacks_are_told(text: str, source: str):
    """What is no number, or larger than any, is not written as JSON that nobody else can read."""
    with pytest.raises(ToolFailed, match=r"number|Out of range"):
        transform(text, "convert", source, "json")


@pytest.mark.parametrize("target", ["json", "yaml", "xml"])
def test_a_number_of_many_digits_is_told(target: str):
    """A number of a hundred thousand digits, short as YAML, is an error in words in each format."""
    with pytest.raises(ToolFailed, match=f"^{target} cannot hold the data"):
        transform("a: 0x" + "f" * 100_000, "convert", "yaml", target)


@pytest.mark.parametrize(
    ("text", "source", "said"),
    [
        (
            ",".join(f"c{n}" for n in range(1000)) + "\n" + "1\n" * 90_000,
            "csv",
            "90001 rows and 1000 columns",
        ),
        ("n" * 100_001 + "\n1", "csv", "names of the columns have 100001 characters"),
        ("n" * 99_000 + "\n" + "1\n" * 90_000, "csv", "names .* 99000 characters, .* each of 90000 rows"),
        (f"<a xmlns='{'n' * 90_000}'>{'<p><b/></p>' * 4000}</a>", "xml", "names .* more than 20000000"),
    ],
    ids=["cells", "names", "rows", "namespaces"],
)
def test_what_would_grow_is_refused(text: str, source: str, said: str):
    """Cells that are left out, and long names that each row or element repeats, do not make little data large."""
    with pytest.raises(ToolFailed, match=said):
        transform(text, "convert", source, output_path="out.json")
    assert not Path("out.json").exists()


def test_indents_do_not_grow_without_bound():
    """Lists in lists, which would be gigabytes of blanks when each has a line, are refused in words."""
    nested = f"[{','.join(['[' * 90 + '1' + ']' * 90] * 15_000)}]"
    for target in ("json", "xml"):
        with pytest.raises(ToolFailed, match="100000000 characters of indents"):
            transform(nested, "convert", "json", target, output_path="out")
    with pytest.raises(ToolFailed, match="100000000 characters of indents"):
        find("json_processor")(nested, "prettify")


def test_what_a_format_cannot_hold_is_told():
    """A table needs a list of objects, and names that XML does not know are kept as keys."""
    for target in ("csv", "parquet"):
        with pytest.raises(ToolFailed, match="list of objects"):
            transform("[1, 2]", "convert", "json", target)
    assert 'key="a b"' in transform('{"a b": "<&"}', "convert", "json", "xml").data
    assert transform("a: no\nb: 0x10", "convert", "yaml", "json").data == '{\n  "a": "no",\n  "b": 16\n}'


@settings(max_examples=60)
@given(st.text(max_size=120), st.sampled_from(["json", "yaml", "xml", "csv"]))
def test_any_text_is_data_or_an_error_in_words(text: str, kind: str):
    """No text makes a reader fail in another way, and what was read can be written."""
    starts = {"json": '{"a": ', "yaml": "a:\n - ", "xml": "<a>", "csv": "a,b\n"}
    for given_text in (text, starts[kind] + text):
        try:
            value = read_data(given_text, kind)
            write_data(value, "xml")
        except ToolFailed:
            continue


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=8,
    )
)
def test_data_comes_back_from_json_and_yaml(value):
    """What was written is read again, whatever it holds."""
    for kind in ("json", "yaml"):
        try:
            made = write_data(value, kind).decode()
        except UnicodeEncodeError:
            continue
        assert read_data(made, kind) == value


def test_a_table_that_unpacks_to_gigabytes_is_refused():
    """Half a kilobyte of Parquet that says the same megabyte two thousand times is not told nor held."""
    rows = pyarrow.table(
        {"a": pyarrow.array(["x" * 1_000_000]).dictionary_encode().take(pyarrow.array([0] * 2000))}
    )
    parquet.write_table(rows, "bomb.parquet", compression="zstd")
    assert Path("bomb.parquet").stat().st_size < 1000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ToolFailed, match="unpacks to more than 20000000 bytes"):
        transform(source_path="bomb.parquet", source_format="parquet", target_format="json")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_values_of_parquet_are_told_as_text():
    """Times, decimals and bytes have no form of their own in JSON, and what is no number is nothing there."""
    day = datetime.datetime(2026, 11, 24, 8, tzinfo=datetime.UTC)
    parquet.write_table(
        pyarrow.table(
            {"d": [day], "n": [Decimal("1.50")], "b": [b"ab"], "l": [[1, None]], "f": [float("nan")]}
        ),
        "v.parquet",
    )
    assert read_data(Path("v.parquet").read_bytes(), "parquet") == [
        {"d": "2026-11-24T08:00:00Z", "n": "1.50", "b": "YWI=", "l": [1, None], "f": None}
    ]
