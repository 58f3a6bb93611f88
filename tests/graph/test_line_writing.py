"""The graph language written back, and fuzzed."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from genxai_nb.errors import DefinitionError, LineInvalid
from genxai_nb.graph.lexer import RESERVED, node_name
from genxai_nb.graph.lines import EdgeStatement, NodeStatement, Statement, parse, write


def bare(statements: list[Statement]) -> list[Statement]:
    """Leave out where the statements stood."""
    return [replace(statement, number=0, column=0, text="") for statement in statements]


def test_writing_gathers_groups_and_chains():
    """What is written is short: plain arrows are gathered into groups and chains."""
    text = "START -> a -> [b, c] -> d -> END\n[d, e] -> f if x max 2\nnode a: retry 1\na -> g -> h"
    assert write(parse(text)) == text


def test_writing_takes_line_breaks_out_of_conditions():
    """A condition that was given over several lines is written on one."""
    edge = EdgeStatement(source="a", target="b", when="(x  # first\n   and y)\n")
    assert write([edge]) == "a -> b if (x and y)"


KEYS = st.sampled_from(["score", "draft", "items_2", "x"])
NAMES = st.one_of(
    st.sampled_from(["a", "b", "c", "é2", "two words", "2", 'q"\\', "END", "START"]), st.text(max_size=4)
)
SEVERAL = ["a", "b", "c", "d", "e f"]
CONDITIONS = st.sampled_from(
    ["score < 0.8", "'->' in x and max(a, b) > 3", "(x\n and y)", "x if y else z", "d.max"]
)
EDGES = st.builds(
    lambda source, target, rest: EdgeStatement(source=source, target=target, **rest),
    st.sampled_from(["START", *SEVERAL]),
    st.sampled_from([*SEVERAL, "END"]),
    st.one_of(
        st.just({}),
        st.builds(lambda limit: {"limit": limit}, st.integers(1, 3)),
        st.builds(
            lambda when, limit: {"when": when, "limit": limit},
            CONDITIONS,
            st.none() | st.integers(1, 999_999_999),
        ),
        st.builds(lambda each: {"each": each, "item": "item"}, KEYS),
        st.just({"otherwise": True}),
    ),
)
TIMES = st.none() | st.floats(1e-6, 1e9) | st.sampled_from([0.001, 0.25, 1.0, 90.0, 3600.0, 5400.0])
NODES = st.builds(
    lambda definition, rest: NodeStatement(**definition, **rest),
    st.one_of(
        st.just({}),
        st.builds(
            lambda kind: {"kind": kind, "what": "name_of_" + kind},
            st.sampled_from(["agent", "function", "graph"]),
        ),
        st.builds(
            lambda arguments: {"kind": "tool", "what": "a-tool", "arguments": arguments},
            st.dictionaries(KEYS, CONDITIONS, max_size=2),
        ),
        st.builds(lambda text: {"kind": "human", "what": text}, st.text(max_size=8)),
    ),
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(SEVERAL),
            "retry": st.integers(0, 5),
            "at_once": st.none() | st.integers(1, 99),
            "timeout": TIMES,
            "on_error": st.sampled_from(["fail", "continue", "goto:c", "goto:e f", "goto:END"]),
            "join": st.sampled_from(["all", "any", "each", 1, 7]),
            "cache": st.booleans(),
            "reads": st.none() | st.lists(KEYS, max_size=3).map(tuple),
            "into": st.none() | KEYS,
        }
    ),
)


def allowed(statements: list[Statement]) -> list[Statement]:
    """Keep the statements that the language can say beside each other."""
    kept: list[Statement] = []
    arrows: set[object] = set()
    nodes: set[str] = set()
    for statement in statements:
        if isinstance(statement, NodeStatement):
            fresh = statement.name not in nodes
            nodes.add(statement.name)
        else:
            arrow = replace(statement, limit=None, item=None)
            if statement.otherwise:
                fresh = not any(
                    isinstance(e, EdgeStatement) and e.source == statement.source and e.otherwise
                    for e in kept
                )
            else:
                fresh = arrow not in arrows
            arrows.add(arrow)
        if fresh:
            kept.append(statement)
    sources = {e.source for e in kept if isinstance(e, EdgeStatement) and e.when}
    return [e for e in kept if isinstance(e, NodeStatement) or not e.otherwise or e.source in sources]


@given(st.lists(st.one_of(EDGES, EDGES, NODES), max_size=12))
def test_written_statements_are_read_back(statements):
    """Any statements survive text, and their text is stable."""
    statements = allowed(statements)
    text = write(statements)
    back = parse(text)
    assert bare(back) == [
        replace(e, when=e.when.replace("\n ", " "))
        if isinstance(e, EdgeStatement) and e.when
        else replace_arguments(e)
        for e in statements
    ]
    assert write(back) == text


def replace_arguments(statement: Statement) -> Statement:
    if isinstance(statement, NodeStatement):
        flat = {key: value.replace("\n ", " ") for key, value in statement.arguments.items()}
        return replace(statement, arguments=flat)
    return statement


@given(st.lists(NAMES, min_size=1, max_size=3), st.lists(NAMES, min_size=1, max_size=3))
def test_any_name_can_be_written(sources, targets):
    """Every name that is allowed is written so that it is read back."""
    edges: list[Statement] = []
    for source in sources:
        for target in targets:
            with contextlib.suppress(DefinitionError):
                edges.append(EdgeStatement(source=node_name(source), target=node_name(target)))
    edges = [
        e
        for e in dict.fromkeys(edges)
        if isinstance(e, EdgeStatement) and e.source != "END" and e.target != "START"
    ]
    assert bare(parse(write(edges))) == edges


LANGUAGE = [
    *("->", "[", "]", ",", "(", ")", "=", ":", "#", '"', "'", "\n", " ", " ", "\\", "=>", ".", "<", "-"),
    *RESERVED,
    *("a", "b", "START", "END", "3", "1.5s", "retry", "on", "error", "goto", "tool", "agent", "human", "é"),
]


@given(st.lists(st.sampled_from(LANGUAGE), max_size=25).map("".join) | st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    """No text makes the reader raise anything but LineInvalid, and what is read is stable."""
    with contextlib.suppress(LineInvalid):
        written = write(parse(text))
        assert write(parse(written)) == written


@given(st.lists(st.sampled_from([f" {word} " for word in LANGUAGE]), max_size=25).map("".join))
def test_any_words_are_read_or_refused(text):
    """The same for words with space between them, of which more are read."""
    with contextlib.suppress(LineInvalid):
        written = write(parse(text))
        assert write(parse(written)) == written
