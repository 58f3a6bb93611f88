"""Tools for data: every operation, and data made to harm."""

from __future__ import annotations

import json

import pytest
from data_bombs import ENTITIES

from genxai_nb.errors import ToolFailed
from genxai_nb.tools.registry import find

js, table, xml = find("json_processor"), find("csv_processor"), find("xml_processor")
analyze = find("text_analyzer")

SHOP = (
    '{"items": [{"name": "pen", "price": 2}, {"name": "ink", "price": 9}, {"name": "cup"}], "owner": "Ann"}'
)
SALES = "kind,price,amount\na,1.5,2\nb,5,\nA,3,4\n"


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.items[*].name", ["pen", "ink", "cup"]),
        ("$.items[?@.price < 5].name", ["pen"]),
        ("$..price", [2, 9]),
        ("$.items[-1:].name", ["cup"]),
        ("$.none", []),
        ("$.items[?match(@.name, '[pi]..')].name", ["pen", "ink"]),
    ],
)
def test_json_is_queried(path: str, found: list):
    """A JSONPath finds values with their places."""
    assert [match.value for match in js(SHOP, "query", path).matches] == found


def test_json_is_rewritten():
    """Each object of a list is made anew by rules, one value or a list of them."""
    rules = {"title": "$.name", "cost": "$.price"}
    assert js(json.loads(SHOP)["items"], "transform", transform_rules=rules).value == [
        {"title": "pen", "cost": 2}, {"title": "ink", "cost": 9}, {"title": "cup", "cost": None},
    ]  # fmt: skip
    assert js(SHOP, "transform", transform_rules={"names": "$.items[*].name"}).value == {
        "names": ["pen", "ink", "cup"]
    }


def test_json_is_read_and_written():
    """Text becomes data and data text."""
    assert js('{"a": [1, "ä"]}', "parse").value == {"a": [1, "ä"]}
    assert js({"a": [1, "ä"]}, "minify").text == '{"a":[1,"ä"]}'
    assert js('{"a":1}', "prettify").text == '{\n  "a": 1\n}'
    assert js("[1]", "validate").valid
    assert js(" [1,] ", "validate").problem.endswith("at line 1, column 5.")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nul",
        '{"a": NaN}',
        "[Infinity]",
        '{"a": 1, "a": 2}',
        "[" * 100_000,
        "1" * 5000,
        '"\x01"',
        "\ufeff[]",
        "[1] x",
    ],
)
def test_json_that_is_none_is_told(text: str):
    """NaN, a key twice, endless nesting and numbers without end are refused in words."""
    found = js(text, "validate")
    assert not found.valid
    assert found.problem
    with pytest.raises(ToolFailed):
        js(text, "parse")


@pytest.mark.parametrize("path", ["items", "$[", "$.items[?@.a == ]", "$..", None, "$[?match(@.a, '(')]x"])
def test_paths_that_are_none_are_told(path: str | None):
    """A malformed JSONPath shows how to write one."""
    with pytest.raises(ToolFailed, match=r"JSONPath|query_path"):
        js(SHOP, "query", path)


def test_queries_that_would_not_end_are_stopped():
    """A query that goes through the data again and again, or matches without end, ends in time."""
    data = {"a": "a" * 60}
    with pytest.raises(ToolFailed, match="longer than 1 s"):
        js(data, "query", "$[?match(@, '(a|aa)+b')]", timeout=1)
    deep = [0]
    for _ in range(18):
        deep = [deep, deep]
    with pytest.raises(ToolFailed):
        js(deep, "query", "$[?count($..*..*) > 5]", timeout=1)


# ── CSV ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("column", "operator", "value", "prices"),
    [
        ("kind", "eq", "a", [1.5, 3]),
        ("kind", "ne", "a", [5]),
        ("price", "gt", 1.5, [5, 3]),
        ("price", "ge", "3", [5, 3]),
        ("price", "lt", 3, [1.5]),
        ("price", "le", 3, [1.5, 3]),
        ("kind", "in", ["a", "c"], [1.5, 3]),
        ("kind", "contains", "A", [1.5, 3]),
        ("kind", "starts_with", "b", [5]),
        ("kind", "ends_with", "x", []),
        ("amount", "empty", None, [5]),
        ("amount", "not_empty", None, [1.5, 3]),
        ("kind", "gt", 1, []),
    ],
)
def test_rows_are_filtered(column: str, operator: str, value, prices: list):
    """Each operator compares numbers as numbers and texts without regard to case."""
    found = table(SALES, "filter", filter_column=column, filter_operator=operator, filter_value=value)
    assert [row["price"] for row in found.rows] == prices


def test_rows_are_grouped_and_summed_up():
    """Groups have counts without aggregates, and one column for each with them."""
    assert table(SALES, "aggregate", group_by=["amount"]).rows[0] == {"amount": 2, "count": 1}
    found = table(SALES, "aggregate", aggregates={"price": "sum", "amount": "mean", "kind": "distinct"})
    assert found.rows == [{"price_sum": 9.5, "amount_mean": 3, "kind_distinct": 2}]
    for function, value in (
        ("median", 3),
        ("min", 1.5),
        ("max", 5),
        ("count", 3),
        ("first", 1.5),
        ("last", 3),
    ):
        assert table(SALES, "aggregate", aggregates={"price": function}).rows == [
            {f"price_{function}": value}
        ]
    with pytest.raises(ToolFailed, match="has no sum"):
        table(SALES, "aggregate", aggregates={"kind": "sum"})


def test_columns_are_computed_kept_and_sorted():
    """A new column is an expression over the others, a later one over it; the order is as said."""
    found = table(
        "n,m\n1,2\n3,4\n", "transform", transform_rules={"total": "n * m", "double": "total * 2"},
        columns=["double", "n"], sort_by="n", descending=True, limit=1,
    )  # fmt: skip
    assert (found.rows, found.count, found.truncated) == ([{"double": 24, "n": 3}], 2, True)
    assert found.csv == "double,n\n24,3\n"


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({f"c{n}": f"c{n - 1} + c{n - 1}" if n else "m" for n in range(50)}, "characters"),
        ({f"c{n}": "'x' * 99999" for n in range(50)}, "characters"),
        ({"c": "[m] * 1000"}, "is a list"),
        ({"c": "{'a': m}"}, "is a dict"),
    ],
)
def test_computed_columns_stay_small(rules: dict, said: str):
    """Columns that double one another, or hold more than a cell can, are refused before they fill the memory."""
    with pytest.raises(ToolFailed, match=said):
        table("n,m\n" + "1,xxxxxxxxxx\n" * 1_000, "transform", transform_rules=rules)


@pytest.mark.parametrize(
    "rule", ["__import__('os')", "n.__class__", "(lambda: 1)()", "n +", "missing + 1", "n / 0", "'a' * 10**9"]
)
def test_expressions_do_nothing_else(rule: str):
    """A rule reaches no attribute, no function of Python and no memory without end."""
    with pytest.raises(ToolFailed):
        table("n\n1\n", "transform", transform_rules={"x": rule})


def test_tables_are_checked():
    """Rows of another length and texts among numbers are told by their number."""
    found = table("a,n\n" + "x,1\n" * 12 + "x\nx,oops\n", "validate")
    assert not found.valid
    assert [(problem.row, problem.what.partition(" in ")[0]) for problem in found.problems] == [
        (13, "has 1 cells"), (14, "holds 'oops'"),
    ]  # fmt: skip
    assert table(SALES, "validate").valid


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＠SUM(1)"]
)
def test_formulas_are_made_harmless(cell: str):
    """What a spreadsheet would run gets an apostrophe in front; a negative number does not."""
    quoted = '"' + cell.replace('"', '""') + '"'
    assert table(f"a\n{quoted}\n", "parse").csv.splitlines()[1].strip('"').startswith("'")
    assert table("a\n-5\n", "parse").csv == "a\n-5\n"


def test_long_names_of_columns_cut_the_rows():
    """Of a table whose columns have long names few rows are told; names of rules may be longer than all that is told."""
    found = table(f"{'n' * 90_000},b\n" + "1,2\n" * 500, "parse")
    assert (found.count, found.truncated) == (500, True)
    assert 0 < len(found.rows) * 90_000 < 5_000_000
    made = table("a\n1\n", "transform", transform_rules={"x" * 250_000: "a"})
    assert (made.rows, made.truncated) == ([], True)


def test_tables_that_are_none_are_told():
    """A wrong delimiter, a name twice and an unknown column are refused in words."""
    for data, options, words in (
        ("a,a\n1,2\n", {}, "named 'a'"),
        ("a\n1\n", {"delimiter": "ab"}, "cannot part"),
        ("price\n1\n", {"sort_by": "prise"}, "price"),
        ("a\n1\n", {"operation": "filter"}, "filter_column"),
    ):
        with pytest.raises(ToolFailed, match=words):
            table(data, **{"operation": "parse", **options})
    assert table("", "parse").count == 0
    assert table("1,2\n", "parse", has_header=False).columns == ["column_1", "column_2"]


# ── XML ──────────────────────────────────────────────────────────────────────────────────────────


def test_xml_is_read():
    """Elements are counted, found, told as data and written with indents."""
    text = "<r><i id='1'>x</i><i id='2'><b>y</b>z</i></r>"
    assert (xml(text, "parse").root, xml(text, "parse").elements) == ("r", 4)
    (found,) = xml(text, "query", ".//i[@id='2']").matches
    assert (found.tag, found.text, found.attributes) == ("i", "yz", {"id": "2"})
    assert xml(text, "to_dict").value == {"r": {"i": [{"@id": "1", "#text": "x"}, {"@id": "2", "b": "y"}]}}
    assert xml("<a><b/></a>", "prettify").text == "<a>\n  <b />\n</a>"
    with pytest.raises(ToolFailed, match="XPath"):
        xml(text, "query", "//[")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<a>",
        "<a></b>",
        ENTITIES,
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><a/>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;]><a/>',
        "<a>" * 5_000 + "</a>" * 5_000,
        "<a>\x00</a>",
        '<?xml version="1.0" encoding="nonsense"?><a/>',
    ],
)
def test_xml_made_to_harm_is_refused(text: str):
    """Entities, document types and deep nesting are refused before they do anything."""
    assert not xml(text, "validate").valid
    for operation in ("parse", "to_dict", "query", "prettify"):
        with pytest.raises(ToolFailed):
            xml(text, operation, ".//a")


# ── texts ────────────────────────────────────────────────────────────────────────────────────────


def test_texts_are_counted():
    """Words, sentences and frequent words are those that a person would count."""
    text = "The cat sat. The cat ran!\n\nIt's late; isn't it?"
    found = analyze(text, "all", top_n=2)
    assert (found.words, found.characters) == (10, len(text))
    assert (found.statistics.sentences, found.statistics.paragraphs) == (3, 2)
    assert found.frequency == {"cat": 2, "the": 2}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I love it, it is wonderful!", "positive"),
        ("This is not good.", "negative"),
        ("Terrible service, and the food was awful.", "negative"),
        ("The meeting is at three.", "neutral"),
        ("", "neutral"),
    ],
)
def test_feelings_are_told(text: str, label: str):
    """The lexicon sees through a negation."""
    assert analyze(text, "sentiment").sentiment.label == label


def test_readability_follows_the_formulas():
    """The grades are those that the published formulas give by hand."""
    found = analyze("The cat sat on the mat. The dog ran.", "readability").readability
    words, sentences, letters = 9, 2, 26
    assert found.flesch_reading_ease == round(206.835 - 1.015 * words / sentences - 84.6 * 1, 2)
    assert found.flesch_kincaid_grade == round(0.39 * words / sentences + 11.8 - 15.59, 2)
    assert found.automated_readability == round(4.71 * letters / words + 0.5 * words / sentences - 21.43, 2)
    assert found.gunning_fog == round(0.4 * words / sentences, 2)
    hard = "Institutional considerations necessitate comprehensive organizational deliberation."
    assert analyze(hard, "readability").readability.flesch_reading_ease < 0
    assert analyze("...", "readability").readability is None


def test_patterns_are_found():
    """Addresses, links, dates, numbers and tags are told once each."""
    found = analyze(
        "Mail ann@example.com or see https://example.org/a?b=c. On 2026-11-24 call +49 30 1234567; pay 3.50 #now @bob",
        "patterns",
    ).patterns
    assert (found.emails, found.urls, found.dates) == (
        ["ann@example.com"],
        ["https://example.org/a?b=c"],
        ["2026-11-24"],
    )
    assert (found.phones, found.hashtags, found.mentions) == (["+49 30 1234567"], ["#now"], ["@bob"])
    assert "3.50" in found.numbers


@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000,
        "1" * 200_000,
        "a@" * 50_000,
        "a." * 100_000,
        "( " * 100_000,
        "@a" * 50_000,
        "'" * 100_000,
    ],
)
def test_texts_made_to_harm_are_read_within_time(text: str):
    """No pattern takes ever longer with the length of the text."""
    assert analyze(text, "all").characters == len(text)
