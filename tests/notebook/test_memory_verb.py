"""`%genxai memory`: tables of what an agent remembers, in a notebook and as plain text."""

from __future__ import annotations

import pandas as pd
import pytest

from genxai_nb.memory.frames import item_table
from genxai_nb.notebook.styled import styled

HOSTILE = "My cat is <img src=x onerror=alert(1)>."
CLERK = """%%genxai agent clerk
model: $echo
memory: short_term, semantic
"""
ECHO = """
from genxai_nb.providers.scripted import Scripted
echo = Scripted(lambda request: "Noted.").model
"""


@pytest.fixture
def told(run):
    """An agent that was told two things, one of which changed."""
    for code in (
        ECHO,
        CLERK,
        "%genxai ask clerk My name is Ada.",
        "%genxai ask clerk My name is Eve. I like tea.",
    ):
        reply = run(code)
        assert reply.status == "ok", reply.text
    return run


def test_the_table_of_an_agent_is_a_dataframe_that_reads_well(told, shell):
    """`%genxai memory clerk` shows all kinds; the value is a DataFrame with the documented columns."""
    told("table = %genxai memory clerk --kind semantic")
    table = shell.user_ns["table"]

    assert isinstance(table, pd.DataFrame)
    assert table[["id", "text", "status", "source", "rule", "run_id", "object"]].to_numpy().tolist() == [
        ["m1", "My name is Ada.", "replaced", "user", "my", "r1", "Ada"],
        ["m2", "My name is Eve.", "current", "user", "my", "r2", "Eve"],
        ["m3", "I like tea.", "current", "user", "taste", "r2", "tea"],
    ]
    reply = told("%genxai memory clerk")
    shown = reply.content["result"]
    assert "<table" in shown._repr_html_()
    assert "semantic: found by meaning (use-multilingual-3/0.2.1) and words." in reply.text
    assert "user: My name is Ada." in reply.text
    assert "until" in repr(shown).splitlines()[0]


def test_a_question_shows_what_it_recalls_and_why(told):
    """--query takes the rest of the line; each item has its score and the reason."""
    text = told("%genxai memory clerk --query What is my name?").text

    assert "My name is Eve." in text
    assert "My name is Ada." not in text
    assert "meaning 0." in text
    reply = told("%genxai memory clerk --query Which batteries are charged?")
    assert repr(reply.content["result"]) == "Nothing that is remembered fits this."


def test_why_tells_the_rules_and_what_stood_in_prompts(told):
    """--why gives the rules in words, then a row for each memory in each prompt of the latest run."""
    text = told("%genxai memory clerk --why").text

    assert 'semantic · my: "My NAME is VALUE"' in text
    assert "short_term · said:" in text
    assert "the conversation, 1 turn" in text
    assert "My name is Ada." in text


def test_diff_shows_before_and_after(told, shell):
    """--diff RUN has what held before the run and what holds since."""
    told("changed = %genxai memory clerk --kind semantic --diff r2")
    changed = shell.user_ns["changed"]
    changed = changed[changed["kind"] == "semantic"]

    assert changed[["change", "before", "after"]].to_numpy().tolist() == [
        ["replaced", "My name is Ada.", "My name is Eve."],
        ["added", "", "I like tea."],
    ]


def test_since_shows_what_was_written_from_then_on(told, shell):
    """--since takes a time ago or a day; what says no time, or another table with it, is refused."""
    told("recent = %genxai memory clerk --kind semantic --since 1h")
    assert list(shell.user_ns["recent"]["id"]) == ["m1", "m2", "m3"]
    reply = told("%genxai memory clerk --kind semantic --since tomorrow")
    assert repr(reply.content["result"]) == "Nothing was remembered since tomorrow."
    assert "'lately' says no time." in told("%genxai memory clerk --since lately").text
    assert "--since is for the table, not for --why." in told("%genxai memory clerk --since 1h --why").text


def test_changes_lists_what_was_changed_and_by_whom(told, shell):
    """--changes has each change with its name, of one run if that is said; what a person takes back is one more."""
    told("changes = %genxai memory clerk --changes")
    changes = shell.user_ns["changes"]
    assert changes[["change", "what", "items", "by", "run_id"]].to_numpy().tolist() == [
        ["c1", "added", "m1", "", "r1"],
        ["c2", "added", "m2", "", "r2"],
        ["c3", "replaced", "m1", "m2", "r2"],
        ["c4", "added", "m3", "", "r2"],
    ]
    told("undone = clerk.memory.undo('c4')")
    assert shell.user_ns["undone"] == 1
    told("changes = %genxai memory clerk --changes --run r1")
    assert list(shell.user_ns["changes"]["change"]) == ["c1"]
    assert "c5" in told("%genxai memory clerk --changes").text


def test_status_shows_what_holds_or_what_was_dropped(told, shell):
    """--status takes one status; another one is refused with the nearest, and another table with it as well."""
    told("current = %genxai memory clerk --kind semantic --status current")
    assert list(shell.user_ns["current"]["id"]) == ["m2", "m3"]
    reply = told("%genxai memory clerk --kind semantic --status dropped")
    assert repr(reply.content["result"]) == "Nothing is dropped."
    assert "Did you mean 'dropped'?" in told("%genxai memory clerk --status droped").text
    assert (
        "--status is for the table, not for --changes."
        in told("%genxai memory clerk --status current --changes").text
    )


def test_mistakes_are_told(told):
    """An unknown agent or kind, and two tables at once, are one error in words each."""
    assert "Did you mean 'clerk'?" in told("%genxai memory clark").text
    assert "memory: short_term, semantic, working" in told("%genxai memory clerk --kind working").text
    assert "--why and --diff are two tables." in told("%genxai memory clerk --why --diff r1").text


def test_an_agent_that_remembers_nothing_says_so(run):
    """An empty memory is a sentence, not an empty table."""
    run(ECHO)
    run(CLERK)

    assert repr(run("%genxai memory clerk").content["result"]) == "Nothing is remembered yet."


def test_remembered_text_is_escaped(told):
    """Markup in what was said is shown as it was said."""
    told(f"%genxai ask clerk {HOSTILE}")
    page = told("%genxai memory clerk").content["result"]._repr_html_()

    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_a_large_memory_shows_its_first_rows():
    """Of a hundred thousand rows the first are shown with the number of the rest; the frame holds all."""
    from genxai_nb.memory.base import Item

    frame = item_table(Item(kind="semantic", id=f"m{n}", text=f"Fact {n}.") for n in range(100_000))
    table = styled(frame, "nothing")

    assert len(table) == 100_000
    assert "99,800 more rows are in the DataFrame." in repr(table)
    assert table._repr_html_().count("<tr") == 201
    assert list(table[["id"]].head(1)["id"]) == ["m0"]
