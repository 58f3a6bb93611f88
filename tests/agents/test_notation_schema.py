"""Schema cells, and graph cells over a schema."""

from __future__ import annotations

import contextlib
import datetime
import re
from enum import Enum
from typing import Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from genxai_nb import Graph
from genxai_nb.agents.notation import graph_from, parse_head, schema_from
from genxai_nb.errors import DefinitionError, LineInvalid, UnknownName
from genxai_nb.graph.reducers import BUILTIN


class Source(BaseModel):
    url: str


class Tone(Enum):
    DRY = "dry"
    WARM = "warm"


def longest(old: list[str], new: list[str]) -> list[str]:
    """Keep the longer list."""
    return max(old, new, key=len)


SPACE: dict[str, Any] = {"Source": Source, "Tone": Tone, "longest": longest, "__name__": "notebook", "n": 3}


def kinds(body: str) -> dict[str, Any]:
    model, _ = schema_from("Draft", body, SPACE)
    return {name: field.annotation for name, field in model.model_fields.items()}


def test_annotations_become_a_model():
    """Each line is a field, required unless it has a default."""
    model, reducers = schema_from(
        "Draft", "topic: str\nscore: float = 0\n\n# later\nnotes: list[str] = []", SPACE
    )
    assert (model.__name__, model.__module__, reducers) == ("Draft", "notebook", {})
    assert model(topic="x").model_dump() == {"topic": "x", "score": 0.0, "notes": []}
    assert isinstance(model(topic="x").score, float)
    with pytest.raises(ValidationError):
        model()


def test_comment_describes_its_field():
    """What stands behind # is the field's description; a # in quotes is part of the default."""
    model, _ = schema_from("Draft", "score: float = 0  # quality from 0 to 1\nmark: str = '# x'\nn: int #")
    assert [field.description for field in model.model_fields.values()] == ["quality from 0 to 1", None, None]
    assert model(n=1).mark == "# x"


def test_reducer_stands_behind_the_bar():
    """A reducer follows the default, or the type where there is none; it may be a function of the notebook."""
    model, reducers = schema_from(
        "Draft",
        "a: list[str] = [] | append\nb: int | add  # sum\nc: int | None\nd: list[str] = [] | longest",
        SPACE,
    )
    assert reducers == {"a": "append", "b": "add", "d": longest}
    assert Graph("g", state=model).schema.reducers.keys() == reducers.keys()
    assert Graph("g", state=model, reducers={"b": "last"}).schema.reducers["b"] is BUILTIN["last"]
    assert model(b=1, c=None).model_dump() == {"a": [], "b": 1, "c": None, "d": []}


def test_default_belongs_to_each_instance():
    """A list as default is not shared."""
    model, _ = schema_from("Draft", "notes: list[str] = []")
    first: Any = model()
    first.notes.append("x")
    assert model().model_dump() == {"notes": []}


def test_types_are_those_of_the_allow_list():
    """Plain types, containers, literals, unions, dates, and the models and enums of the notebook."""
    body = "\n".join(
        [
            "a: int",
            "b: list",
            "c: dict[str, list[int]]",
            "d: tuple[int, ...]",
            "e: tuple[int, str]",
            "f: set[bool]",
            'g: Literal["a", -1, None]',
            "h: Optional[str]",
            "i: int | str | None",
            "j: datetime.date",
            "k: datetime",
            "l: Any",
            "m: list[Source]",
            "n: Tone",
        ]
    )
    assert kinds(body) == {
        "a": int,
        "b": list,
        "c": dict[str, list[int]],
        "d": tuple[int, ...],
        "e": tuple[int, str],
        "f": set[bool],
        "g": Literal["a", -1, None],
        "h": Optional[str],  # noqa: UP045 - the form under test
        "i": int | str | None,
        "j": datetime.date,
        "k": datetime.datetime,
        "l": Any,
        "m": list[Source],
        "n": Tone,
    }


def test_default_is_made_to_fit_its_type():
    """The text of an enum or of a date becomes one."""
    model, _ = schema_from(
        "Draft", "tone: Tone = 'warm'\nday: datetime.date = '2024-05-06'\nn: int = -3", SPACE
    )
    assert model().model_dump() == {"tone": Tone.WARM, "day": datetime.date(2024, 5, 6), "n": -3}


REFUSALS = {
    "no annotation": ("score = 0", 0, "The line is no annotation", "name: type"),
    "no type": ("score:", 6, "Not an annotation", "name: type"),
    "statement": ("import os", 0, "The line is no annotation", "name: type"),
    "two on a line": ("a: int; b: int", 0, "The line is no annotation", "name: type"),
    "attribute": ("a.b: int", 0, "The line is no annotation", "name: type"),
    "indented line": ("  a: int", 1, "Not an annotation", "name: type"),
    "unknown type": ("é: int\nb: Sorce", 3, "Unknown type 'Sorce'", "'Source'"),
    "type in an expression": ("a: list[flaot]", 8, "Unknown type 'flaot'", "'float'"),
    "value as a type": ("a: n", 3, "Unknown type 'n'", "Known"),
    "text as a type": ("a: 'int'", 3, "'int' is no type", "Did you mean 'int'?"),
    "call as a type": ("a: open('x')", 3, "is no type", "Known"),
    "dunder as a type": ("a: int.__class__", 3, "Unknown type 'int.__class__'", "Known"),
    "None alone": ("a: None | None", 3, "None alone", "Known"),
    "parts of a plain type": ("a: int[str]", 3, "int[str] is no type", "'int'"),
    "too few parts": ("a: dict[str]", 3, "dict[str] is no type", "'dict'"),
    "too many parts": ("a: list[str, int]", 3, "is no type", "'list'"),
    "literal without values": ("a: Literal", 3, "Literal needs brackets", "Literal[...]"),
    "literal of a name": ("a: Literal[x]", 3, "Literal takes texts", 'Literal["yes", "no"]'),
    "literal of a fraction": ("a: Literal[1.5]", 3, "Literal takes texts", 'Literal["yes", "no"]'),
    "default that is computed": ("a: str = open('x')", 9, "no literal value", "a text in quotes"),
    "default that does not fit": ("é: int = 'x'", 9, "does not fit the type", "Mend"),
    "unknown reducer": ("a: list = [] | apend", 15, "Unknown reducer 'apend'", "'append'"),
    "reducer that is a class": ("a: list = [] | Source", 15, "Unknown reducer 'Source'", "Known"),
    "unknown name behind a type": ("a: list | apend", 10, "Unknown type 'apend'", "Known"),
    "field twice": ("a: int\na: str", 0, "Field 'a' is there twice", "Leave one out"),
    "field with an underscore": ("_a: int", 0, "begins with an underscore", "letter"),
    "field that pydantic uses": ("copy: int", 0, "that pydantic itself uses", "copy_"),
    "no field": ("# nothing\n", 0, "The schema has no fields", "name: type"),
    "open bracket": ("a: list[", 7, "Not an annotation", "name: type"),
    "null byte": ("a: int = '\x00'", 0, "Not an annotation", "name: type"),
}


@pytest.mark.parametrize(("body", "column", "what", "hint"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusal_has_a_caret_and_a_hint(body, column, what, hint):
    """What is no field is refused where it stands, with what to write."""
    with pytest.raises(LineInvalid) as caught:
        schema_from("Draft", body, SPACE)
    error = caught.value
    assert what in error.what
    assert hint in error.hint
    assert error.column == column


def test_mistake_of_a_later_line_has_its_number():
    """Lines are counted in the body, empty ones and comments too."""
    with pytest.raises(LineInvalid) as caught:
        schema_from("Draft", "# first\n\na: int\nb: it")
    assert (caught.value.number, caught.value.line) == (4, "b: it")


def test_nothing_of_a_schema_is_run():
    """Names that do something when called or read are never touched."""

    class Trap(dict[str, Any]):
        def __getattr__(self, name):
            raise AssertionError(name)

    for text in ("a: trap.x", "a: trap()", "a: int = trap.x", "a: list[trap[0]]", "a: list = [] | trap"):
        with pytest.raises(LineInvalid):
            schema_from("Draft", text, {"trap": Trap()})


def test_name_of_a_schema_is_a_class_name():
    """A name that cannot be a variable is refused."""
    with pytest.raises(DefinitionError, match="my_draft"):
        schema_from("my draft", "a: int")


@given(st.text(alphabet="ab:= []|,.'\"#\n\\()_-1intstrlis", max_size=40))
def test_any_body_is_read_or_refused(body):
    """No text makes the reader raise anything but LineInvalid."""
    with contextlib.suppress(LineInvalid):
        schema_from("Draft", body, SPACE)


def test_graph_takes_its_schema_and_reducers():
    """`--state` names a model of the notebook, whose reducers are the graph's; `--reduce` adds to them."""
    draft, _ = schema_from(
        "Draft", "notes: list[str] = [] | append\nn: int = 0\nm: dict[str, int] = {} | last"
    )
    head = parse_head("graph review --state Draft --reduce n=add,m=longest --limit 4")
    graph = graph_from(head, "START -> a -> END", {"Draft": draft, "longest": longest})
    assert (graph.name, graph.schema.model, graph.limit) == ("review", draft, 4)
    assert [graph.schema.reducers[key].__name__ for key in ("notes", "n", "m")] == [
        "append",
        "add",
        "longest",
    ]
    assert graph.lines() == "START -> a -> END"


def test_graph_without_a_schema_has_a_dict_state():
    """`--reduce` alone names how writes to a key come together."""
    graph = graph_from(parse_head("graph review --reduce notes=append"), "START -> a")
    assert graph.schema.model is None
    assert list(graph.schema.reducers) == ["notes"]


@pytest.mark.parametrize(
    ("options", "error", "part"),
    [
        ("--state Sorce", UnknownName, "Did you mean 'Source'?"),
        ("--state n", UnknownName, "Known: Source"),
        ("--reduce notes=apend", UnknownName, "Did you mean 'append'?"),
        ("--reduce notes", DefinitionError, "Write --reduce notes=append."),
        ("--reduce a-b=add", DefinitionError, "Write --reduce notes=append."),
    ],
)
def test_graph_with_a_wrong_option_is_refused(options, error, part):
    """Unknown schemas and reducers are named with the nearest one."""
    with pytest.raises(error, match=re.escape(part)):
        graph_from(parse_head(f"graph review {options}"), "START -> a", SPACE)


def test_graph_without_any_schema_says_how_to_define_one():
    """Where there is no schema at all, the hint is the cell that makes one."""
    with pytest.raises(UnknownName, match=r"%%genxai schema Draft"):
        graph_from(parse_head("graph review --state Draft"), "START -> a")


def test_graph_whose_line_is_wrong_is_refused_there():
    """The error of a line passes through."""
    with pytest.raises(LineInvalid) as caught:
        graph_from(parse_head("graph review"), "START -> a\na => b")
    assert (caught.value.number, caught.value.column) == (2, 2)
