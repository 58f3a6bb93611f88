"""The first line of a cell."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genxai_nb.agents.notation import CELLS, Head, parse_head
from genxai_nb.errors import LineInvalid


def test_head_has_a_kind_a_name_and_options():
    """Options take their value after a space or an equals sign; switches take none."""
    assert parse_head("graph review --state Draft --reduce=notes=append,k=add --limit 50") == Head(
        "graph", ("review",), {"state": "Draft", "reduce": "notes=append,k=add", "limit": "50"}
    )
    assert parse_head(
        'run review --as my-result --model "local: x" --store :memory: --answers a.yaml --detach'
    ) == Head(
        "run",
        ("review",),
        {"as": "my_result", "model": "local: x", "store": ":memory:", "answers": "a.yaml", "detach": True},
    )


def test_options_may_stand_before_the_name():
    """The order of a head does not matter, and a comment may end it."""
    head = parse_head("  ask --as answer writer  # again")
    assert (head.kind, head.name, head.text("as"), head.text("model")) == ("ask", "writer", "answer", None)


def test_hyphens_in_names_become_underscores():
    """A definition is bound to a variable, so its name is one."""
    assert parse_head("agent fact-checker").names == ("fact_checker",)


@pytest.mark.parametrize("kind", CELLS)
def test_every_kind_of_cell_can_be_written(kind):
    """Each kind takes a name, and every option that its table lists."""
    values = {
        "NAME": "x",
        "SCHEMA": "Draft",
        "KEY=HOW": "a=add",
        "NUMBER": "2",
        "MODEL": "m",
        "STORE": "s",
        "FILE": "f",
        "BUDGET": "0.50",
    }
    options = [f"--{option.name} {values.get(option.takes, '')}" for option in CELLS[kind].options]
    head = parse_head(" ".join([kind, "name", *options]))
    assert head.kind == kind
    assert set(head.options) == {option.name for option in CELLS[kind].options}


def test_reducers_may_be_given_one_by_one():
    """`--reduce` may stand there for each key, or once with commas."""
    one_by_one = parse_head("graph g --reduce notes=append --limit 3 --reduce total=add")
    assert one_by_one.options == {"reduce": "notes=append,total=add", "limit": "3"}
    assert parse_head("graph g --reduce notes=append,total=add --limit 3") == one_by_one


def test_cells_that_may_call_a_model_or_a_person_wait():
    """The table says which kinds of cells wait."""
    assert [kind.name for kind in CELLS.values() if kind.waits] == ["run", "ask"]


REFUSALS = {
    "nothing": ("", 0, "The kind of cell is missing", "Known: agent"),
    "unknown kind": ("agnet writer", 0, "Unknown cell kind 'agnet'", "Did you mean 'agent'?"),
    "kind that comes later": ("trace writer", 0, "Unknown cell kind 'trace'", "Known: "),
    "missing name": ("graph --limit 3", 15, "The NAME is missing", "graph NAME [--state SCHEMA]"),
    "second name": ("agent my writer", 9, "'writer' is one word too many", "agent NAME"),
    "reserved name": ("agent max", 6, "'max' is a word of the graph language", "max_"),
    "name with a space": ('agent "my agent"', 6, "cannot be the name", "Write my_agent."),
    "name that is a keyword": ("schema class", 7, "cannot be the name", "Write class_."),
    "input in the head": (
        "run review --input a=1",
        11,
        "Unknown option '--input'",
        "Write it below the head: its input, a key a line: topic: batteries.",
    ),
    "unknown option": ("run review --modell x", 11, "Unknown option '--modell'", "Did you mean '--model'?"),
    "option of another kind": (
        "schema Draft --limit 3",
        13,
        "Unknown option '--limit'",
        "A schema cell takes no options",
    ),
    "option where there are none": (
        "agent a --limit 3",
        8,
        "Unknown option '--limit'",
        "An agent cell takes no",
    ),
    "reducer without its key": ("graph g --reduce append", 17, "takes KEY=HOW, not 'append'", "notes=append"),
    "option twice": ("run r --as a --as b", 13, "'--as' is given twice", "Leave one out"),
    "option without a value": ("run r --model --detach", 6, "'--model' needs a value", "--model MODEL"),
    "option with an empty value": ("run r --model=", 6, "'--model' needs a value", "--model MODEL"),
    "option with a bad name": ("run r --as 2x", 11, "cannot be the name", "letter"),
    "switch with a value": ("run r --detach=yes", 6, "'--detach' takes no value", "alone"),
    "limit that is no number": (
        "graph g --limit many",
        16,
        "takes a number from 1, not 'many'",
        "--limit 50",
    ),
    "limit of nothing": ("graph g --limit 0", 16, "takes a number from 1, not '0'", "--limit 50"),
}


@pytest.mark.parametrize(("line", "column", "what", "hint"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusal_has_a_caret_and_a_hint(line, column, what, hint):
    """What cannot be read is refused where it stands, with what to write."""
    with pytest.raises(LineInvalid) as caught:
        parse_head(line)
    error = caught.value
    assert what in error.what
    assert hint in error.hint
    assert (error.line, error.number, error.column) == (line, 1, column)


@given(
    st.lists(st.sampled_from([*CELLS, "--as", "--limit", "=", "x", "3", '"', "'", "#", "é-b"])).map(" ".join)
)
def test_any_line_is_read_or_refused(line):
    """No line makes the reader raise anything but LineInvalid."""
    with contextlib.suppress(LineInvalid):
        assert parse_head(line).kind in CELLS
