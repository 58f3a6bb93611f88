"""Cells with a mistake: one sentence, the place, one hint."""

from __future__ import annotations

import pytest

from genxai_nb.errors import DefinitionError, LineInvalid, UnknownName


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (
            "%%genxai agnt x\nrole: y",
            LineInvalid,
            "✕ Unknown cell kind 'agnt'.\n  cell line 1: %%genxai agnt x\n"
            "                        ^\nDid you mean 'agent'?",
        ),
        (
            "%genxai stat",
            UnknownName,
            "✕ Unknown verb 'stat'.\n  cell line 1: %genxai stat\n                       ^\nDid you mean 'state'?",
        ),
        (
            "x = 1\n\n%genxai state --rum r1",
            UnknownName,
            "✕ Unknown option '--rum'.\n  cell line 3: %genxai state --rum r1\n"
            "                             ^\nDid you mean '--run'?",
        ),
        (
            "%time x = 1\ndef grade(state):\n    return {}\n\n%%genxai graph g\nSTART -> grade",
            LineInvalid,
            "✕ %%genxai begins a cell, and here it stands below something else.\n"
            "  cell line 5: %%genxai graph g\n               ^\nPut it, and what belongs to it, into a cell of its own.",
        ),
        (
            "\n%%genxai agent x\nrole: y\ngaol: z",
            LineInvalid,
            "✕ Unknown field 'gaol'.\n  cell line 4: gaol: z\n               ^\nDid you mean 'goal'?",
        ),
        (
            "%%genxai agent x\nrole: y\ntools: calculater",
            UnknownName,
            "✕ Unknown tool 'calculater'.\n  cell line 3: tools: calculater\n"
            "                      ^\nDid you mean 'calculator'?",
        ),
        (
            "%%genxai graph g\nSTART -> writr -> END",
            UnknownName,
            "✕ Unknown agent, tool or function 'writr'.\n  cell line 2: START -> writr -> END\n"
            "                        ^\nDid you mean 'writer'?",
        ),
        (
            "%%genxai graph g\n# a comment\nSTART => writer",
            LineInvalid,
            "✕ '=>' does not belong here.\n  cell line 3: START => writer\n"
            "                     ^\nWrite -> for an arrow.",
        ),
        (
            "%%genxai run reviw\ntopic: x",
            UnknownName,
            "✕ Unknown graph 'reviw'.\n  cell line 1: %%genxai run reviw\n"
            "                            ^\nDid you mean 'review'?",
        ),
        (
            "%%genxai run review\ntopc: x",
            LineInvalid,
            "✕ Unknown field 'topc'.\n  cell line 2: topc: x\n               ^\nDid you mean 'topic'?",
        ),
        (
            "%%genxai graph g --state Draught\nSTART -> writer",
            UnknownName,
            "✕ Unknown schema 'Draught'.\n  cell line 1: %%genxai graph g --state Draught\n"
            "                                        ^\nDid you mean 'Draft'?",
        ),
        (
            "%%genxai runs\nx",
            DefinitionError,
            "✕ runs has no body.\n  cell line 1: %%genxai runs\n                        ^\nWrite: %genxai runs",
        ),
        (
            "%genxai agent x",
            DefinitionError,
            "✕ agent needs a body.\n  cell line 1: %genxai agent x\n"
            "                       ^\nWrite a cell: %%genxai agent NAME",
        ),
        (
            "%genxai ask",
            DefinitionError,
            "✕ The AGENT is missing.\n  cell line 1: %genxai ask\n"
            "                          ^\nWrite: %%genxai ask AGENT [--as NAME] [--model MODEL] [--budget BUDGET] [--cassette FILE] [--interactive] TEXT",
        ),
        (
            "%genxai show nothing",
            UnknownName,
            "✕ Unknown definition or run 'nothing'.\n  cell line 1: %genxai show nothing\n"
            "                            ^\nKnown: Draft, grade, review, writer.",
        ),
    ],
)
def test_mistakes_are_shown_with_caret_and_hint(review, code, kind, text):
    """A mistake is what happened, the line with a caret, and one hint; no traceback."""
    reply = review(code)

    assert type(reply.content["error"]) is kind
    assert reply.error == text


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("%%genxai agent grade\nrole: x", "The notebook has a 'grade' of its own already, of type function."),
        ("%%genxai agent print\nrole: x", "'print' would hide Python's own 'print'."),
        (
            "mine = 1\n%genxai run review --as mine --input topic=x",
            "The notebook has a 'mine' of its own already, of type int.",
        ),
    ],
)
def test_nothing_foreign_is_bound_over(review, shell, code, what):
    """A name that holds something of the person's own is refused before anything runs."""
    reply = review(code)

    assert what in reply.error
    assert "result" not in shell.user_ns


def test_a_result_of_the_persons_own_is_not_overwritten(review, shell):
    """A variable called result is kept, and the error names --as by its hint to choose another name."""
    reply = review("result = [1]\n%genxai run review --input topic=x")

    assert shell.user_ns["result"] == [1]
    assert "of type list" in reply.error


def test_a_name_of_another_kind_says_which_verb_takes_it(review):
    """Running an agent or asking a graph names the verb that does it."""
    assert "'writer' is of kind agent: %genxai ask writer" in review("%genxai run writer").error
    assert "'review' is of kind graph: %genxai run review" in review("%genxai ask review Hello").error
    assert "'grade'" in review("%genxai run grade").error


def test_the_first_of_a_kind_is_asked_for(run):
    """With no graph, agent or schema at all, the hint is the cell that defines one."""
    assert "This notebook defines no graph yet: %%genxai graph NAME" in run("%genxai run g").error
    assert "This notebook defines no agent yet: %%genxai agent NAME" in run("%genxai ask a Hello").error


def test_an_input_that_does_not_fit_is_pointed_at(review):
    """A value that the schema refuses has the caret under its key in the body; nothing runs."""
    reply = review("%%genxai run review\ntopic: x\nscore: high")

    assert reply.error.splitlines()[1:3] == ["  cell line 3: score: high", "               ^"]
    assert reply.shown == []


def test_a_reducer_that_is_not_known_is_pointed_at_in_the_head(run):
    """An unknown word in an option of the head has its caret there."""
    run("async def one(state):\n    return {}")
    reply = run("%%genxai graph g --reduce notes=apend\nSTART -> one")

    assert reply.error.splitlines()[1:] == [
        "  cell line 1: %%genxai graph g --reduce notes=apend",
        "                                               ^",
        "Did you mean 'append'?",
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ok: 'yes\n", ["  answers.yml line 1: ok: 'yes", f"{' ' * 30}^"]),
        ("ok: yes\nbad: [a\nno: b\n", ["  answers.yml line 3: no: b", "                        ^"]),
    ],
)
def test_a_file_of_answers_that_breaks_off_is_pointed_at(review, tmp_path, monkeypatch, text, place):
    """The file's own line is shown with a caret, also where the file ends too early."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers.yml").write_text(text, encoding="utf-8")
    lines = review("%genxai run review --input topic=x --answers answers.yml").error.splitlines()

    assert lines[0].startswith("✕ The file of answers 'answers.yml' cannot be read: while ")
    assert lines[1:3] == place
    assert lines[3:] == ["It is a YAML or JSON file with one answer for each human node: NODE: ANSWER"]


def test_an_inserted_name_that_is_not_there_is_told_among_the_persons_own(run):
    """IPython's own variables are not offered; an attribute that is absent is said plainly, with the nearest."""
    run("class Box:\n    inner = None\nbox = Box()\nbox.inner = Box()\nbox.inner.width = 3")
    name = run("%%genxai agent w\ntools: $Draft")
    schema = run("%%genxai agent w\noutput: Draft")
    attribute = run("%%genxai agent w\noutput: $box.inner.widht")

    assert name.error.splitlines() == [
        "✕ Unknown variable 'Draft'.",
        "  cell line 2: tools: $Draft",
        "                      ^",
        "Known: Box, box.",
    ]
    assert schema.error.splitlines()[-1] == "Define it: %%genxai schema Draft"
    assert attribute.error.splitlines() == [
        "✕ 'box.inner' has no attribute 'widht'.",
        "  cell line 2: output: $box.inner.widht",
        "                       ^",
        "Did you mean 'width'?",
    ]


@pytest.mark.parametrize(
    ("code", "line", "under"),
    [
        ("%%genxai graph g\nSTART -> fx -> END\nnode fx = agent f", "cell line 3: node fx = agent f", "f"),
        ("%%genxai agent w\nrole: a\nmax_turns: 0", "cell line 3: max_turns: 0", "0"),
        ("%%genxai agent w\nrole: a\ntemperature: 7", "cell line 3: temperature: 7", "7"),
        (
            "%%genxai agent w\nrole: loose\ntools: calculator, loose",
            "cell line 3: tools: calculator, loose",
            "loose",
        ),
        ("%%genxai agent w\nrole: a\noutput: f\ngoal: b", "cell line 3: output: f", "f"),
        ("%%genxai agent w\nmemory: long", "cell line 2: memory: long", "long"),
        ("%%genxai run plain\nnote: thing\nthing: $lock", "cell line 3: thing: $lock", "thing: $lock"),
    ],
)
def test_a_value_that_cannot_be_is_pointed_at(run, code, line, under):
    """What reads well and yet cannot be has its line and a caret, too."""
    run(
        "import threading\nlock = threading.Lock()\ndef f(state):\n    return {}\ndef loose(x):\n    return x"
    )
    run("%%genxai graph plain\nSTART -> f -> END")
    shown = run(code).error.splitlines()

    assert shown[1] == f"  {line}"
    assert shown[2] == f"{' ' * (2 + len(line) - len(under))}^"


def test_asking_nothing_says_where_the_question_goes(review):
    """It goes on the line of a line, and below the head of a cell."""
    assert review("%genxai ask writer").error == "✕ Nothing is asked.\nWrite: %genxai ask writer QUESTION"
    assert review("%%genxai ask writer\n").error == "✕ Nothing is asked.\nWrite what to ask below the head."
