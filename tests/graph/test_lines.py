"""The graph language: every form, every refusal, and the way back to text."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from genxai_nb.errors import DefinitionError, LineInvalid
from genxai_nb.graph.lexer import RESERVED, identifier, node_name
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


def refusal(text: str) -> LineInvalid:
    with pytest.raises(LineInvalid) as caught:
        parse(text)
    return caught.value


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


REFUSALS = {
    "clause after a chain": ("a -> [b, c] -> d if x", 17, "'if' belongs to a single arrow", "[b, c] -> d if"),
    "max after a chain": ("a -> b -> c max 3", 12, "'max' belongs to a single arrow", "b -> c max"),
    "arrow after a condition": ("a -> b if x -> c", 7, "'if' belongs to a single arrow", "own line"),
    "arrow after else": ("a -> b else -> c", 7, "'else' belongs to a single arrow", "own line"),
    "else without if": ("a -> b else", 7, "Node 'a' has an else and no if", "a -> NODE if"),
    "two else": ("a -> b if x\na -> c else\na -> d else", 7, "Node 'a' has two else", "[a, b] else"),
    "for each without in": (
        "a -> b for each items",
        21,
        "which key holds the items",
        "for each item in items",
    ),
    "for without each": ("a -> b for item in items", 11, "not followed by 'each'", "for each NAME in KEY"),
    "for each without a key": ("a -> b for each item in", 23, "key that holds", "for each NAME in KEY"),
    "for each over an expression": (
        "a -> b for each x in d.items",
        22,
        "'.' does not belong",
        "After an arrow",
    ),
    "for each with a reserved item": (
        "a -> b for each node in xs",
        16,
        "word of the graph language",
        "another",
    ),
    "for each without a name": ("a -> b for each 2", 16, "name of one item", "for each NAME in KEY"),
    "for each with a limit": ("a -> b for each x in xs max 2", 24, "takes no max", "one instance"),
    "name with a space": ("fact checker -> b", 0, "'fact checker' is more than one name", '"fact checker"'),
    "name with a space in a group": (
        "a -> [b, fact checker 2]",
        9,
        "'fact checker 2' is",
        '"fact checker 2"',
    ),
    "quoted condition": ('a -> b if "score < 1"', 10, "in quotes", "Write if score < 1."),
    "fat arrow": ("a => b", 2, "'=>' does not belong", "Write -> for an arrow"),
    "broken arrow": ("a - > b", 2, "'-' does not belong", "Write -> for an arrow"),
    "typographic arrow": ("a → b", 2, "'→' does not belong", "Write -> for an arrow"),
    "second identical arrow": ("a -> b\nb -> c\na -> b", 5, "a -> b is there twice", "Leave one out"),
    "second identical condition": (
        "a -> b if x\na -> [c, b] if x",
        9,
        "a -> b is there twice",
        "Leave one out",
    ),
    "node of two kinds": (
        "node a = agent x\nnode a = tool y",
        5,
        "'a' is of two kinds: agent and tool",
        "line 1",
    ),
    "definition of two kinds": (
        "node a = agent x\nnode b = tool x",
        5,
        "'x' is of two kinds",
        "Line 1 says agent",
    ),
    "node declared twice, once with a kind": (
        "node a\nnode a = tool y",
        5,
        "'a' is declared twice",
        "line 1",
    ),
    "group alone": ("[a, b]\nc -> d", 1, "Nothing leads from 'a'", "a -> NODE"),
    "node declared twice": ("node a: cache\nnode a: retry 1", 5, "'a' is declared twice", "line 1"),
    "arrow to nowhere": ("a -> ", 4, "A name is missing", "name of a node"),
    "source alone": ("critic\na -> b", 0, "Nothing leads from 'critic'", "critic -> NODE"),
    "last source alone": ("a -> b\ncritic\n", 0, "Nothing leads from 'critic'", "critic -> NODE"),
    "clause without an arrow": ("critic if x", 7, "'if' needs an arrow", "NODE -> NODE if"),
    "branch without a source": ("-> b", 0, "no node above", "NODE -> NODE"),
    "reserved name": ("a -> node", 5, "'node' is a word of the graph language", "node_"),
    "reserved name in quotes": ('a -> "if"', 5, "'if' is a word of the graph language", "if_"),
    "empty name": ('a -> ""', 5, "'' is no name", "printable"),
    "name with space around it": ('a -> " b"', 5, "' b' is no name", "no space around"),
    "two spellings of one name": ("a -> b-c\nb_c -> d", 0, "'b-c' and 'b_c' are one name", "Write b-c"),
    "name that begins with a digit": ("2b -> c", 0, "'2b' does not begin with a letter", '"2b"'),
    "name that begins with an underscore": ("_b -> c", 0, "'_b' does not begin with a letter", '"_b"'),
    "way out of END": ("END -> a", 0, "Nothing leads from END", "the run ends"),
    "way to START": ("a -> START", 5, "Nothing leads to START", "first node"),
    "name twice in a group": ("[a, a] -> b", 4, "'a' is in the group twice", "Leave one out"),
    "open group": ("a -> [b, c", 10, "group is not closed", "[a, b]"),
    "comma without a group": ("a -> b, c", 6, "',' does not belong", "as a group"),
    "round brackets": ("a -> (b, c)", 5, "'(' stands where a name belongs", "square brackets"),
    "two statements on a line": ("a -> b; c -> d", 6, "';' does not belong", "one statement a line"),
    "open quote": ('a -> "b', 5, 'The quote " is not closed', 'Add "'),
    "open quote in a condition": ("a -> b if x == 'y", 15, "The quote ' is not closed", "Add '"),
    "open quote after a group": ("a 'b", 2, "The quote ' is not closed", "Add '"),
    "missing condition": ("a -> b if", 9, "The condition is missing", "if score < 0.8"),
    "missing condition before max": ("a -> b if max 3", 15, "The condition is missing", "if score < 0.8"),
    "condition that breaks off": ("a -> b if x <", 13, "breaks off", "Python expression"),
    "condition with an open bracket": ("a -> b if (x max 3\nb -> c", 10, "never closed", "Close it"),
    "condition with an unknown function": ("a -> b if é or lenn(x)", 15, "Unknown function 'lenn'", "'len'"),
    "condition with a mistake on its second line": (
        "a -> b if (x\n  or f(y))",
        5,
        "Unknown function 'f'",
        "Known",
    ),
    "max without a number": ("a -> b max", 10, "max takes a whole number", "max 3"),
    "max of nothing": ("a -> b max 0", 11, "from 1 up, not '0'", "max 3"),
    "max of a fraction": ("a -> b max 1.5", 11, "not '1.5'", "max 3"),
    "max in words": ("a -> b if x max three", 16, "not 'three'", "max 3"),
    "condition that ends in max": ("a -> b if x max", 15, "max takes a whole number", "max 3"),
    "else with a condition": ("a -> b else if x", 12, "else takes no condition", "every arrow"),
    "word of another language": ("a -> b when x", 7, "'when' is no word", "Write if."),
    "more after a limit": ("a -> b max 3 4", 13, "'4' does not belong", "After an arrow"),
    "option without a colon": ("node x retry 2", 7, "'retry' does not belong", "colon"),
    "node name with a space": ("node my x = agent y", 8, "'x' does not belong", "Quote"),
    "options without a comma": ("node x: cache retry 2", 14, "'retry' does not belong", "commas"),
    "node line with an arrow": ("node x -> y", 7, "'->' does not belong", "node NAME"),
    "node line without a name": ("node", 4, "A name is missing", "name of a node"),
    "START as a node": ("node START", 5, "START is no node", "between"),
    "no option": ("node x:", 7, "An option is missing", "retry"),
    "unknown option": ("node x: retri 2", 8, "Unknown option 'retri'", "'retry'"),
    "on without error": ("node x: on fail", 8, "Unknown option 'on'", "on error"),
    "option twice": ("node x: retry 1, retry 2", 17, "'retry' is given twice", "Leave one out"),
    "retry without a number": ("node x: retry", 13, "retry takes a whole number", "retry 3"),
    "time without a unit": ("node x: timeout 5", 16, "'5' is no time", "30s"),
    "no time at all": ("node x: timeout 0s", 16, "'0s' is no time", "30s"),
    "unknown way to join": ("node x: join both", 13, "'both' is no way to join", "all, any, each"),
    "unknown way on": ("node x: on error skip", 17, "'skip' is no way on", "continue"),
    "goto START": ("node x: on error goto START", 22, "No way leads to START", "mends"),
    "key in quotes": ('node x: into "y"', 13, "is no key", "without quotes"),
    "key with a hyphen": ("node x: into a-b", 13, "'a-b' is no key", "letters, digits and _"),
    "missing key": ("node x: into", 12, "The key is missing", "letters"),
    "choices without commas": ("node x: choices [yes no]", 21, "without a comma", "Quote"),
    "choice that is a number": ("node x: choices [1]", 17, "'1' is no name", "quoted"),
    "choices of an agent": ("node x = agent a: choices [b]", 18, "kind agent takes no choices", "human"),
    "unknown kind": ("node x = tol calculator", 9, "'tol' is no kind of node", "'tool'"),
    "tool without its kind": ("node x = calculator(a=1)", 9, "no kind of node", "tool calculator(...)"),
    "missing kind": ("node x =", 8, "A kind is missing", "tool"),
    "missing definition": ("node x = agent", 14, "A name is missing", "Write a name"),
    "definition that is no variable": ('node x = agent "my agent"', 15, "cannot be the name", "my_agent"),
    "question without quotes": ("node x = human Publish", 15, "question in quotes", 'human "Publish?"'),
    "argument without a value": ("node x = tool t(a=)", 18, "'a' has no value", "a=EXPRESSION"),
    "argument without a name": ("node x = tool t(1)", 16, "'1' is no argument", "letters"),
    "positional argument": ("node x = tool t(a)", 17, "'a' has no value", "a=EXPRESSION"),
    "argument twice": ("node x = tool t(a=1, a=2)", 21, "'a' is given twice", "Leave one out"),
    "argument that is no expression": ("node x = tool t(a=1 +)", 21, "breaks off", "Python expression"),
    "call without its end": ("node x = tool t(a=1", 19, "The call is not closed", "Close it"),
}


@pytest.mark.parametrize(("text", "column", "what", "hint"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusal_has_a_caret_and_a_hint(text, column, what, hint):
    """What is not of the language is refused where it stands, with what to write."""
    error = refusal(text)
    assert what in error.what
    assert hint in error.hint
    assert error.column == column
    assert error.line == text.split("\n")[error.number - 1]


def test_refusal_reads_as_line_caret_and_hint():
    """The message shows the line with a caret under the mistake."""
    assert str(refusal("a -> b\nb => c")) == (
        "Line 2: '=>' does not belong here.\n  b => c\n    ^\nWrite -> for an arrow."
    )


def test_first_mistake_is_the_one_that_is_told():
    """Of two mistakes the upper one is told, also when the lower one is an open quote."""
    assert refusal("a => b\nc -> 'd").number == 1


def test_writing_gathers_groups_and_chains():
    """What is written is short: plain arrows are gathered into groups and chains."""
    text = "START -> a -> [b, c] -> d -> END\n[d, e] -> f if x max 2\nnode a: retry 1\na -> g -> h"
    assert write(parse(text)) == text


def test_writing_takes_line_breaks_out_of_conditions():
    """A condition that was given over several lines is written on one."""
    edge = EdgeStatement(source="a", target="b", when="(x  # first\n   and y)\n")
    assert write([edge]) == "a -> b if (x and y)"


def test_names_of_definitions_are_variables():
    """`identifier` turns a hyphen into an underscore and refuses what cannot be a variable."""
    assert identifier("fact-checker") == "fact_checker"
    for name in ("my agent", "2x", "class", "node", "", "a.b"):
        with pytest.raises(DefinitionError):
            identifier(name)
    with pytest.raises(DefinitionError, match=r"Write my_agent\."):
        identifier("my agent")
    with pytest.raises(DefinitionError, match=r"Begin with a letter\."):
        identifier("class!")


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
