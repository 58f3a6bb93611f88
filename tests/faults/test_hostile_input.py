"""Whatever a person types, or pastes, is read or refused by an error of ours, in bounded time."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from genxai_nb import Graph
from genxai_nb.agents.notation import agent_from, graph_from, input_from, parse_head, prompt_from, schema_from
from genxai_nb.errors import DefinitionError, GenXAIError, InputError, LineInvalid
from genxai_nb.expressions import compile_expression
from genxai_nb.graph.text import describe
from genxai_nb.templates import compile_template

HANGS = 60  # seconds after which an example counts as one that never ends
MANY = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])


class Draft(BaseModel):
    topic: str = ""
    score: float = 0
    notes: list[str] = []


@contextmanager
def ending():
    """Fail where an example never ends."""

    def stop(number: int, frame: Any) -> None:
        raise AssertionError("It does not end.")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANGS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def refused(work: Callable[[], Any], kinds: type[GenXAIError] | tuple[type[GenXAIError], ...]) -> Any:
    """Do what may be refused; an error has to be readable, and its caret inside its line."""
    error = None
    with ending():
        try:
            return work()
        except kinds as exc:
            error = exc
    assert str(error)
    if isinstance(error, LineInvalid):
        assert error.number >= 1
        assert 0 <= error.column <= len(error.line)
    return None


def mixed(*words: str, whole: str) -> st.SearchStrategy[str]:
    """Texts of a language's own words, of what surprises readers, and of anything; and a whole one that was edited."""
    odd = [
        "\n",
        " ",
        "  ",
        "\t",
        "\r\n",
        "\f",
        "\0",
        "\ud800",
        "\u202e",
        "é",
        "İ",
        "ﬁ",
        "٣",
        "²",
        "_",
        "#",
        "\\",
        '"',
        "'",
        "`",
    ]
    odd += [
        "9" * 400,
        "(" * 300,
        "[" * 300,
        "{" * 300,
        "a" * 3000,
        "-" * 300,
        "$",
        "$x.y",
        "{{",
        "}}",
        "---",
        "...",
        "&a",
        "*a",
        "!!python/object:os.system",
    ]
    one = st.sampled_from([*words, *odd]) | st.text(max_size=8)
    place = st.integers(0, len(whole))
    edits = st.lists(st.tuples(place, place, one | st.just("")), max_size=3)
    return (
        st.lists(one, max_size=25).map("".join)
        | st.lists(one, max_size=25).map(" ".join)
        | edits.map(partial(edited, whole))
    )


def edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    """The text with some of its parts replaced."""
    for start, end, new in edits:
        text = text[:start] + new + text[min(start + end % 7, len(text)) :]
    return text


LINES = mixed(
    "START", "END", "->", "[", "]", ",", "a", "b", "c", "if", "else", "max", "3", "score > 1", "for", "each", "in",
    "items", "node", "retry", "timeout", "on", "error", "continue", "join", "any", ":", "=", "->", "\n", "reads", "into", "calculator", "human",
    whole="START -> a -> [b, c] -> d\nd -> a if score < 0.8 max 3\nd -> END else\nnode e: calculator expression=1 + 2 into=total\na -> e for each item in notes\n",
)  # fmt: skip
FIELDS = mixed(
    "role:", "goal:", "model:", "tools:", "memory:", "task:", "writes:", "output:", "temperature:", "max_turns:", "answers:", "topic:", "score:",
    "notes:", "\n", "\n  ", "- ", "|", ">", "[a, b]", "{a: 1}", "yes", "null", "1e999", "offline", "calculator", "{{topic}}", "{{topic?}}",
    whole="role: Writer of papers\ngoal: Be brief: three lines\ntask: Write about {{topic}}\ntools: calculator\nmodel: offline\ntopic: moss\nscore: 0.5\nnotes:\n  - a\n  - b\n",
)  # fmt: skip
HEADS = mixed(
    "agent", "graph", "schema", "run", "ask", "chat", "debug", "writer", "--state", "--reduce", "--limit", "Draft", "notes=append", "=", "-",
    "--", "99999999999999999999", "--from", "--help", "a-b", "class",
    whole="graph review --state Draft --reduce notes=append --limit 5",
)  # fmt: skip
EXPRESSIONS = mixed(
    "topic", "score", "notes", "+", "-", "*", "**", "//", "%", "<", "==", "and", "or", "not", "in", "is", "if", "else", "(", ")", "[", "]",
    "{", "}", ".", ",", ":", "0", "1", "2.5", "1e308", "'x'", "len", "sum", "sorted", "max", "str", "lambda", "for", "upper", "__class__",
    "format", "join", "'%s'", ":=", "await", "f'{x}'", "9**9**9", "'a'*10**9", "[0]*10**9",
    whole="score < 0.8 and len(notes) >= 2 or topic.upper() == 'MOSS' and not a.b.c in [1, 2]",
)  # fmt: skip
TEMPLATES = mixed("{{", "}}", "topic", "notes", ".", "?", "[0]", "|", "upper", " ", "score", "{{topic}}", "{{ a.b.c }}", "{%", "%}", "{#",
    whole="Write about {{topic}}. Mend what was said: {{notes?}} and {{a.b.c}}.",
)  # fmt: skip
SCHEMAS = mixed(
    "topic", ":", "str", "int", "float", "list", "[", "]", "dict", "=", "0", "''", "[]", "|", "append", "None", "Literal", "'a'", "\n", "#",
    "Optional", "lambda", "__import__('os')", "class", "_private", "model_config", "x" * 300,
    whole="topic: str\nscore: float = 0\nnotes: list[str] = [] | append  # what was said\nkind: Literal['a', 'b'] = 'a'\n",
)  # fmt: skip
STATE = {"topic": "moss", "score": 0.5, "notes": ["a", "b"], "a": {"b": {"c": 1}}}


@MANY
@example("START -> a -> END\na -> a if x max 3")
@given(LINES)
def test_lines_of_a_graph(text):
    """A graph is read or refused as a whole, and what was read is written and read again as the same."""

    def declared(text):
        graph = Graph("fuzzed")
        try:
            graph.parse(text)
        except DefinitionError:
            assert (dict(graph.nodes), list(graph.edges)) == ({}, [])
            raise
        return graph

    graph = refused(lambda: declared(text), DefinitionError)
    if graph is None:
        return
    written = describe(graph)
    again = declared(written)
    assert describe(again) == written
    assert [(e.source, e.target, e.when, e.otherwise, e.limit, e.each, e.item) for e in again.edges] == [
        (e.source, e.target, e.when, e.otherwise, e.limit, e.each, e.item) for e in graph.edges
    ]
    refused(graph.build, DefinitionError)


@MANY
@given(HEADS, LINES)
def test_heads_of_cells(line, body):
    """A head is read or refused; the cell below a graph's head too."""
    head = refused(lambda: parse_head(line), DefinitionError)
    if head is not None and head.kind == "graph":
        refused(lambda: graph_from(head, body, {"Draft": Draft}), DefinitionError)


@MANY
@given(FIELDS)
def test_bodies_of_agents(body):
    """An agent is made or refused, in the same way again."""
    first = refused(lambda: agent_from("writer", body), DefinitionError)
    second = refused(lambda: agent_from("writer", body), DefinitionError)
    assert repr(first) == repr(second)


@MANY
@given(FIELDS, st.sampled_from([None, Draft]))
def test_bodies_of_runs(body, schema):
    """An input is read or refused, and a graph takes it or says why not."""
    read = refused(lambda: input_from(body, schema), DefinitionError)
    if read is not None:
        graph = Graph("fuzzed", schema)
        refused(lambda: graph.schema.start(read[0]), InputError)


@MANY
@given(FIELDS)
def test_bodies_of_questions(body):
    """A question is any text but an empty one."""
    prompt = refused(lambda: prompt_from(body), DefinitionError)
    assert prompt is None or prompt.strip()


@MANY
@given(SCHEMAS)
def test_schemas(body):
    """A schema is made or refused; nothing that it names is called."""
    refused(lambda: schema_from("Fuzzed", body), DefinitionError)


@MANY
@example("9**9**9**9")
@example("'a' * 10**10")
@example("sorted([[0] * 99999] * 99999)")
@given(EXPRESSIONS)
def test_expressions(text):
    """An expression is compiled or refused, and has a value or an error of ours."""
    expression = refused(lambda: compile_expression(text), LineInvalid)
    if expression is not None:
        refused(lambda: expression.evaluate(STATE), GenXAIError)


@MANY
@given(TEMPLATES)
def test_templates(text):
    """A template is compiled or refused, and rendered or told which key it lacks."""
    template = refused(lambda: compile_template(text), LineInvalid)
    if template is not None:
        said = refused(lambda: template.render(STATE), InputError)
        assert said is None or isinstance(said, str)


LARGE: dict[str, tuple[Callable[[int], str], Callable[[str], Any]]] = {
    "a long chain": (lambda n: "\n".join(f"a{i} -> a{i + 1}" for i in range(n // 10)), Graph("g").parse),
    "a wide fork": (lambda n: "a -> [" + ",".join(f"b{i}" for i in range(n // 50)) + "]", Graph("g").parse),
    "a deep condition": (lambda n: "a -> b if " + "(" * n, Graph("g").parse),
    "many nots": (lambda n: "not " * n + "x", compile_expression),
    "a long sum": (lambda n: "1" + " + 1" * n, compile_expression),
    "a long way in": (lambda n: "x" + "[0]" * n, compile_expression),
    "open braces": (lambda n: "{{" * n, compile_template),
    "many insertions": (lambda n: "{{topic}} " * n, compile_template),
    "a deep list for an agent": (lambda n: "role: x\ntools: " + "[" * n, lambda text: agent_from("w", text)),
    "a deep map": (lambda n: "topic: " + "{a: " * n, input_from),
    "deep lines": (lambda n: "topic:\n" + "".join(" " * i + "-\n" for i in range(1, n // 100)), input_from),
    "a deep type": (lambda n: "a: " + "list[" * n + "]" * n, lambda text: schema_from("S", text)),
    "many options": (lambda n: "graph " + "--state " * n, parse_head),
    "many backslashes": (lambda n: 'run "' + "\\" * n, parse_head),
}


@pytest.mark.parametrize("size", [10_000, 100_000])
@pytest.mark.parametrize(("make", "read"), LARGE.values(), ids=LARGE)
def test_large_input_ends(make, read, size):
    """Much of anything is read or refused, without a stack that overflows and without end."""
    refused(lambda: read(make(size)), GenXAIError)
