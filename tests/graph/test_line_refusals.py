"""What the graph language refuses, where, and with which advice."""

from __future__ import annotations

import pytest

from genxai_nb.errors import LineInvalid
from genxai_nb.graph.lines import parse


def refusal(text: str) -> LineInvalid:
    with pytest.raises(LineInvalid) as caught:
        parse(text)
    return caught.value


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
        "1 line above",
    ),
    "definition of two kinds": (
        "node a = agent x\nnode b = tool x",
        5,
        "'x' is of two kinds",
        "It is agent 1 line above",
    ),
    "node declared twice, once with a kind": (
        "node a\nnode a = tool y",
        5,
        "'a' is declared twice",
        "1 line above",
    ),
    "group alone": ("[a, b]\nc -> d", 1, "Nothing leads from 'a'", "a -> NODE"),
    "node declared twice": ("node a: cache\nnode a: retry 1", 5, "'a' is declared twice", "1 line above"),
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
    "each on a node": ("node x: each items", 8, "Unknown option 'each'", "a -> b for each item in items"),
    "on without error": ("node x: on fail", 8, "Unknown option 'on'", "on error"),
    "option twice": ("node x: retry 1, retry 2", 17, "'retry' is given twice", "Leave one out"),
    "keys without brackets": ("node x: reads a, b", 17, "Unknown option 'b'", "reads [a, b]"),
    "choices without brackets": ("node x: choices yes, no", 21, "Unknown option 'no'", "choices [yes, no]"),
    "at without once": ("node x: at 3", 8, "Unknown option 'at'", "at once 8"),
    "at once without a number": ("node x: at once", 15, "at once takes a whole number from 1", "at once 3"),
    "at once none": ("node x: at once 0", 16, "at once takes a whole number from 1", "at once 3"),
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
