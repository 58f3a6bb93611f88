"""Readers of what a model or a stranger writes: whatever it is, it is read or refused in words."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import io
import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from genxai_nb.errors import GenXAIError
from genxai_nb.guard.policy import policy_from
from genxai_nb.tools.builtin.file.image_reader import FORMATS
from genxai_nb.tools.builtin.file.image_reader import answer as look
from genxai_nb.tools.connections import find_connection
from genxai_nb.tools.registry import find

ODD = st.text(alphabet=st.sampled_from("$@.[]()*/'\"?:,;=<>!|&{}-+ \n\x00\u202eaä1~^#"), max_size=25)
ANY = st.text(max_size=25) | ODD


def read(name: str, **arguments: object) -> None:
    """Call a tool; what it refuses, it has to refuse in words."""
    made = find(name)
    with contextlib.suppress(GenXAIError):
        given_ = made.validate(arguments)
        came = made.function(**given_)
        if inspect.isawaitable(came):
            asyncio.run(came)


@settings(max_examples=20, deadline=None)
@given(ANY)
@example("$[?@.a=='" + "(" * 500)
@example("$" + "[?@" * 300)
def test_any_text_is_a_jsonpath(text: str):
    """No JSONPath makes the reader fail."""
    read("json_processor", data='{"a": [1, {"b": 2}]}', operation="query", query_path=text)
    read("json_processor", data='[{"a": 1}]', operation="transform", transform_rules={"x": text, text: "$"})


@settings(max_examples=20, deadline=None)
@given(ANY)
@example(".//*[" * 200)
@example("a[1][2][x='y'")
def test_any_text_is_an_xpath(text: str):
    """No XPath makes the reader fail."""
    read("xml_processor", data="<a><b c='1'>x</b></a>", operation="query", xpath=text)


@settings(max_examples=20, deadline=None)
@given(ANY)
@example(":not(" * 100)
@example("a:has(> b:nth-child(2n+")
def test_any_text_is_a_css_selector(text: str):
    """No selector makes the reader fail."""
    read("html_parser", html="<div><p class=a>x</p></div>", selectors={"x": text, text: "p"})


@settings(max_examples=20, deadline=None)
@given(
    ANY,
    st.sampled_from(["sub", "split", "finditer", "fullmatch"]),
    ANY,
    st.text(alphabet="imsxaLut", max_size=3),
)
@example("(?P<a>x)(?P<a>y)", "sub", "\\g<", "")
@example("x{1,99999999999}", "split", "", "")
@example("(" * 200, "finditer", "", "x")
def test_any_text_is_a_pattern(pattern: str, operation: str, replacement: str, flags: str):
    """No pattern, replacement or flag makes the reader fail."""
    read(
        "regex_matcher",
        text="a1 ä\n",
        pattern=pattern,
        operation=operation,
        replacement=replacement,
        flags=flags,
    )


@settings(max_examples=60, deadline=None)
@example("[a]", "", "eq")
@example("[a, b] if a else {}", "", "gt")
@given(ANY, ANY, st.sampled_from(["eq", "gt", "in", "contains", "empty"]))
def test_any_text_is_a_rule_of_a_table(rule: str, value: str, operator: str):
    """No expression, filter or name of a column makes the reader fail."""
    data = "a,b\n1,x\n2,=y\n"
    read("csv_processor", data=data, operation="transform", transform_rules={"c": rule, rule: "a"})
    read(
        "csv_processor",
        data=data,
        operation="filter",
        filter_column="a",
        filter_operator=operator,
        filter_value=value,
    )
    read("csv_processor", data=data, operation="transform", transform_rules={"c": rule}, sort_by="c")
    read("csv_processor", data=value, operation="parse", delimiter=rule[:1] or ",", sort_by=rule)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(FORMATS), st.integers(0, 60))
def test_any_bytes_are_an_image(data: bytes, kind: str, at: int):
    """No bytes, alone or within a true image, make the reader fail, which runs in this process here."""
    made = io.BytesIO()
    Image.new("RGB", (3, 3), "red").save(made, kind)
    whole = made.getvalue()
    for number, content in enumerate(
        (data, whole[:at] + data + whole[at + len(data) :], whole[: at * 3] + data)
    ):
        for operation in ("analyze", "thumbnail", "resize"):
            asked = {"operation": operation, "width": 2, "height": 1, "longest": 9, "format": "PNG"}
            with Path(f"{number}.png").open("wb") as into, contextlib.suppress(SystemExit):
                assert look(content, {**asked, "into": into.fileno()})["format"] in FORMATS


@settings(max_examples=80, deadline=None)
@given(ANY)
@example("sqlite://[::1")
@example("postgresql://a:b@c:99999/d")
@example("twilio://a:b@host:x")
def test_any_text_is_a_connection(text: str):
    """No address of a connection makes a tool fail in other words, or repeats a password."""
    clean = text.replace("\x00", "").encode("utf-8", "ignore").decode()
    os.environ["GENXAI_CONNECTION_ODD"] = clean
    with contextlib.suppress(GenXAIError):
        find_connection("odd", "a test", ("postgresql", "sqlite", "twilio"))
    for tool, arguments in (
        ("database_inspector", {}),
        ("vector_search", {"store": "odd", "query": "x"}),
        ("api_caller", {"url": "https://example.com/", "method": "GET"}),
        ("hash_generator", {"data": "x", "hmac_key": "odd"}),
    ):
        if tool == "vector_search" or tool == "hash_generator":
            read(tool, **arguments)
        elif not clean.startswith(("http", "postgres")):
            read(tool, connection="odd", **arguments)


@pytest.mark.parametrize(
    "tool", ["database_inspector", "sql_query", "redis_cache", "mongodb_query", "sms_sender"]
)
@given(name=ANY)
@settings(max_examples=30, deadline=None)
def test_any_text_is_a_name_of_a_connection(tool: str, name: str):
    """What is no name of a connection is refused and not repeated, as it may be a key."""
    rest = {
        "database_inspector": {},
        "sql_query": {"query": "SELECT 1"},
        "redis_cache": {"operation": "get", "key": "a"},
        "mongodb_query": {"collection": "a"},
        "sms_sender": {"to_number": "+4930901820", "message": "x"},
    }[tool]
    read(tool, connection=name, **rest)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | ANY,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["allow", "deny", "roots", "hosts", "profile", "outside", "x"]), inner
            )
        ),
        max_leaves=5,
    )
)
def test_any_value_is_a_policy(value: object):
    """No value makes the reader of policies fail."""
    with contextlib.suppress(GenXAIError):
        policy_from(value)


@settings(max_examples=20, deadline=None)
@given(ANY)
@example("1-")
@example("9" * 400)
@example("1-99999999999999999999")
def test_any_text_is_a_range_of_pages(text: str):
    """No range of pages makes the reader fail."""
    if not Path("a.pdf").exists():
        Image.new("1", (9, 9)).save("a.pdf")
    read("pdf_parser", file_path="a.pdf", page_range=text)


@settings(max_examples=100, deadline=None)
@given(ANY, ANY)
def test_any_text_is_a_path(first: str, second: str):
    """No path and no pattern makes a tool for files fail."""
    for tool, arguments in (
        ("file_reader", {"path": first}),
        ("file_writer", {"path": f"out/{first}", "content": second}),
        ("directory_scanner", {"path": first, "file_pattern": second}),
        ("file_compressor", {"operation": "list", "source_path": first}),
        ("pdf_parser", {"file_path": first}),
        ("data_transformer", {"source_path": first, "output_path": second or "x"}),
    ):
        read(tool, **arguments)
