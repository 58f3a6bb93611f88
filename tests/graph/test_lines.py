"""The graph language: every form."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from genxai_nb.errors import DefinitionError
from genxai_nb.graph.lexer import identifier
from genxai_nb.graph.lines import EdgeStatement, NodeStatement, Statement, parse, write


def bare(statements: list[Statement]) -> list[Statement]:
    """Leave out where the statements stood."""
    return [replace(statement, number=0, column=0, text="") for statement in statements]


def arrows(text: str) -> list[str]:
    """Read edges as short texts, and check that they survive being written."""
    statements = parse(text)
    assert bare(parse(write(statements))) == bare(statements)
    return [
        f"{edge.source}>{edge.target}{edge.clause}" for edge in statements if isinstance(edge, EdgeStatement)
    ]


def node(text: str) -> NodeStatement:
    """Read one node line, and check that it survives being written."""
    (statement,) = parse(text)
    assert isinstance(statement, NodeStatement)
    assert bare(parse(write([statement]))) == bare([statement])
    return statement


def test_chain_is_one_arrow_after_another():
    """A chain gives its arrows in order."""
    assert arrows("START -> writer -> critic -> END") == ["START>writer", "writer>critic", "critic>END"]


def test_group_forks_after_an_arrow_and_joins_before_one():
    """A group stands for each of its names."""
    assert arrows("a -> [b, c] -> d") == ["a>b", "a>c", "b>d", "c>d"]


def test_group_to_group_is_every_pair():
    """Two groups give all pairs, source by source."""
    assert arrows("[a, b] -> [c, d]") == ["a>c", "a>d", "b>c", "b>d"]


def test_condition_belongs_to_its_arrow():
    """`if` takes a Python expression over the state."""
    assert arrows("critic -> writer if score < 0.8") == ["critic>writer if score < 0.8"]


def test_condition_of_a_group_belongs_to_each_arrow():
    """With groups each of the arrows has the condition."""
    assert arrows("[a, b] -> c if x") == ["a>c if x", "b>c if x"]


def test_final_max_of_a_condition_is_its_limit():
    """`max INT` at the end is the limit, also beside a function max and a conditional expression."""
    edge = parse("a -> b if max(x, 2) < (3 if y else 4) max 5")[0]
    assert isinstance(edge, EdgeStatement)
    assert (edge.when, edge.limit) == ("max(x, 2) < (3 if y else 4)", 5)


def test_field_called_max_is_no_limit():
    """A condition may end in a field of that name."""
    assert arrows("a -> b if x < draft.max") == ["a>b if x < draft.max"]


def test_limit_can_stand_alone():
    """`max INT` limits an unconditional arrow."""
    assert arrows("a -> b max 3") == ["a>b max 3"]


def test_else_goes_with_an_if_of_the_same_node():
    """`else` may come before or after the node's `if`, may have a limit and may fork."""
    assert arrows("a -> b if x\na -> [c, d] else max 2") == ["a>b if x", "a>c else max 2", "a>d else max 2"]
    assert arrows("a -> c else\na -> b if x") == ["a>c else", "a>b if x"]


def test_for_each_names_the_item_and_the_key():
    """`for each NAME in KEY` maps over a key of the state."""
    edge = parse("split -> worker for each one-item in all_items")[0]
    assert isinstance(edge, EdgeStatement)
    assert (edge.item, edge.each) == ("one_item", "all_items")
    assert arrows("split -> worker for each item in items\nworker -> merge") == [
        "split>worker for each item in items",
        "worker>merge",
    ]


def test_branches_leave_from_the_source_above():
    """Lines that begin with an arrow are further branches of the source above them."""
    assert arrows("critic\n  -> writer if score < 0.8 max 3\n  -> END else") == [
        "critic>writer if score < 0.8 max 3",
        "critic>END else",
    ]
    assert arrows("critic -> writer if x\n  -> note\n  -> END else") == [
        "critic>writer if x",
        "critic>note",
        "critic>END else",
    ]


def test_branch_may_be_a_chain_and_have_a_group_as_source():
    """A branch can go on as a chain; the next branch leaves from the same source."""
    assert arrows("[a, b]\n -> c -> d\n -> e") == ["a>c", "b>c", "c>d", "a>e", "b>e"]


def test_branch_below_a_chain_leaves_from_the_last_source():
    """The nearest source above a branch is the one before the chain's last arrow."""
    assert arrows("a -> b -> c\n -> d") == ["a>b", "b>c", "b>d"]


def test_line_goes_on_in_open_brackets_and_after_an_arrow():
    """A group, a condition in brackets, or a trailing arrow continues on the next line."""
    assert arrows("a ->  # to both\n  [b,\n   c]") == ["a>b", "a>c"]
    assert arrows("a -> b if (x  # why\n  and\n  y) max 2\nb -> c") == ["a>b if (x and y) max 2", "b>c"]


def test_comments_and_blank_lines_say_nothing():
    """`#` begins a comment, but not inside quotes."""
    assert arrows("# first\n\na -> b # then\n\n  # last\n") == ["a>b"]
    assert arrows("a -> b if '# -> max 3' in text # max 4") == ["a>b if '# -> max 3' in text"]
    assert parse("") == parse("\n# nothing") == []


def test_names_may_be_quoted_and_hyphens_become_underscores():
    """Quotes allow spaces; the name `a-b` is `a_b`."""
    assert arrows("\"fact checker\" -> 'b-c'") == ["fact checker>b_c"]
    assert arrows(r'a -> "say \"hi\" \u00e9"') == ['a>say "hi" é']
    assert arrows("a->b2-c->é") == ["a>b2_c", "b2_c>é"]


def test_windows_line_ends_are_line_ends():
    """Text from any editor is read."""
    assert arrows("a -> b\r\nb -> c\r\n") == ["a>b", "b>c"]


def test_statement_knows_where_it_stands():
    """Line, column and text of an arrow are those of its target, of a node those of its name."""
    edge, declared = parse("a -> [b,\n  c]\nnode x: cache")[1:]
    assert (edge.number, edge.column, edge.text) == (2, 2, "  c]")
    assert (declared.number, declared.column, declared.text) == (3, 5, "node x: cache")


def test_node_line_may_name_a_definition():
    """Agents, functions, graphs and tools are named by kind; a tool's name stays as it is."""
    assert node("node a").kind is None
    assert [node(f"node a = {kind} my-name").what for kind in ("agent", "function", "graph", "tool")] == [
        "my_name",
        "my_name",
        "my_name",
        "my-name",
    ]


def test_tool_takes_arguments_as_expressions():
    """Each argument of a tool is an expression over the state."""
    declared = node("node sum = tool calculator(expression=draft.sum, places=len([1, 2]), text=', (')")
    assert declared.arguments == {"expression": "draft.sum", "places": "len([1, 2])", "text": "', ('"}


def test_human_takes_a_question_and_choices():
    """A human node has its question in quotes and the answers it offers."""
    declared = node(
        'node ok = human "Publish, \\"now\\"?": choices [yes, no, "not yet", a-b], into verdict, timeout 1h'
    )
    assert declared.what == 'Publish, "now"?'
    assert declared.choices == ("yes", "no", "not yet", "a-b")
    assert (declared.into, declared.timeout) == ("verdict", 3600)


def test_question_is_no_name():
    """The question of a human node may be the name of something else."""
    assert len(parse('node a = human "x"\nnode b = agent x')) == 2


def test_all_options_are_read():
    """Options come after a colon, in any order, with commas between them."""
    declared = node(
        "node x: cache, join 2, retry 2, reads [a, b], on error goto fix-it, into out, timeout 1.5s"
    )
    assert bare([declared]) == [
        NodeStatement(
            name="x",
            cache=True,
            join=2,
            retry=2,
            reads=("a", "b"),
            on_error="goto:fix_it",
            into="out",
            timeout=1.5,
        )
    ]
    assert node("node x: reads topic, choices yes").reads == ("topic",)
    assert node("node x: on error continue").on_error == "continue"
    assert node("node x: on error fail, join each").join == "each"


@pytest.mark.parametrize(
    ("time", "seconds"), [("250ms", 0.25), ("30s", 30), ("1.5 m", 90), ("2h", 7200), ("0.0001s", 0.0001)]
)
def test_times_have_a_unit(time, seconds):
    """A time is a number with ms, s, m or h."""
    assert node(f"node x: timeout {time}").timeout == seconds


def test_names_of_definitions_are_variables():
    """`identifier` turns a hyphen into an underscore and refuses what cannot be a variable."""
    assert identifier("fact-checker") == "fact_checker"
    for name in ("my agent", "2x", "class", "node", "", "a.b"):
        with pytest.raises(DefinitionError):
            identifier(name)
    with pytest.raises(DefinitionError, match=r"Write my_agent\."):
        identifier("my agent")
    with pytest.raises(DefinitionError, match=r"Write class_\."):
        identifier("class!")
    with pytest.raises(DefinitionError, match=r"Begin with a letter\."):
        identifier("2x")
