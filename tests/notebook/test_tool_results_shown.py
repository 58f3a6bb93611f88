"""What a tool returned, as a cell shows it."""

from __future__ import annotations

import base64
import re
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from PIL import Image

from genxai_nb.notebook.tool_result import outcome_bundle, result_bundle
from genxai_nb.secrets import learn_environment
from genxai_nb.tools.registry import find


def page_of(value: Any) -> html.HtmlElement:
    return html.fromstring(result_bundle("reader", value)["text/html"])


def cells(page: html.HtmlElement) -> list[list[str]]:
    return [[cell.text_content() for cell in row.xpath("./td|./th")] for row in page.iter("tr")]


def test_rows_become_a_table_with_all_their_columns():
    """A list of dicts is a table: a missing part is an empty cell, and the head tells how many rows there are."""
    page = page_of({"rows": [{"town": "Bonn", "people": 3}, {"town": "Ulm", "river": "Danube"}], "count": 2})
    inner = page.xpath(".//table//table")[0]
    assert cells(inner) == [["town", "people", "river"], ["Bonn", "3", ""], ["Ulm", "", "Danube"]]
    assert "2 rows" in page.text_content()


def test_what_is_left_out_is_said():
    """More rows and columns than are shown are counted."""
    page = page_of([{f"c{n}": n for n in range(15)}] * 60)
    assert page.xpath(".//caption")[0].text_content() == "and 10 more rows, 3 more columns"
    assert len(page.xpath(".//tbody/tr")) == 50


@pytest.mark.parametrize("value", [[], {}, "", None])
def test_nothing_is_said_to_be_nothing(value: Any):
    """A search that found nothing does not look as if it had not run."""
    assert page_of(value).text_content().endswith("Nothing.")
    assert result_bundle("reader", value, "Run r1")["text/plain"] == "Nothing.\nRun r1"


def test_long_text_opens_to_the_whole():
    """A long text is folded, and all of it is there."""
    text = "\n".join(f"line {n}" for n in range(40))
    (details,) = page_of({"text": text}).xpath(".//details")
    assert details.xpath("./div")[0].text_content() == text


def test_image_is_shown_small(tmp_path, monkeypatch):
    """An image that lies where tools may read is shown; one outside is told in words."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (900, 300), "red").save("red.png")
    outcome = find("image_processor").function("red.png", "analyze")
    (drawn,) = html.fromstring(outcome_bundle(outcome)["text/html"]).xpath(".//img")
    small = Image.open(BytesIO(base64.b64decode(drawn.get("src").partition(",")[2])))
    assert small.size == (320, 107)
    monkeypatch.chdir("/")
    assert not html.fromstring(outcome_bundle(outcome)["text/html"]).xpath(".//img")


def test_image_that_is_too_large_or_none_is_told_in_words(tmp_path, monkeypatch):
    """Some hundred bytes that say they are many million pixels are not unpacked, and odd values are no image."""
    monkeypatch.chdir(tmp_path)
    Image.new("1", (9000, 9000)).save("large.png")
    Image.new("1", (90, 90)).save("small.png")
    shape = {"width": 1, "height": 1}
    for path, kind in (("large.png", "PNG"), ("none.png", "PNG"), (7, "PNG"), (None, None)):
        shown = result_bundle("look", {"path": path, "format": kind, **shape})["text/html"]
        assert not html.fromstring(shown).xpath(".//img")
    assert html.fromstring(
        result_bundle("look", {"path": "small.png", "format": "PNG", **shape})["text/html"]
    ).xpath(".//img")


def test_no_key_is_shown(monkeypatch):
    """A key of the environment stands by its name, in the page and in the plain text."""
    monkeypatch.setenv("SHOWN_API_KEY", "sk-canary-71c0ffee9d")
    learn_environment()
    value = {"text": "got sk-canary-71c0ffee9d", "rows": [{"a": "sk-canary-71c0ffee9d"}]}
    bundle = result_bundle("reader", value)
    assert not any("canary" in text for text in bundle.values())


_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
)


@given(_DATA)
def test_any_data_is_shown_without_markup_of_its_own(value: Any):
    """Whatever a tool returns is shown, and nothing in it becomes markup."""
    page = page_of({"it": value, "hostile": "<script>alert(1)</script><img src=x onerror=alert(1)>"})
    assert not page.xpath(".//script | .//img")
    assert "<script>alert(1)</script>" in page.text_content()


def test_value_of_a_tool_in_a_cell_is_shown_as_a_table(run):
    """What a builtin tool returns shows itself, called by hand and by `%genxai tool`, with the run to look at."""
    run("from genxai_nb.tools.registry import find\nread = find('csv_processor')")
    called = run("display(read('town,people\\nBonn,3', 'parse'))")
    by_hand = run("%genxai tool csv_processor data=town operation=parse")
    assert called.status == by_hand.status == "ok", called.text + by_hand.text
    for reply in (called, by_hand):
        assert any("gx-table" in bundle.get("text/html", "") for bundle in reply.shown)
    assert re.search(r"Run r\w+: %genxai show r\w+", by_hand.text)


@pytest.mark.parametrize("line", ["tool calculator expression=6*7", "tool calculator expression=1/0"])
def test_number_or_failure_is_shown(run, line: str):
    """A number is shown as it is; a failure has the record with its reason."""
    reply = run(f"%genxai {line}")
    assert ("42" in reply.text) or ("division by zero" in reply.text)
