"""The command `memory`: what agents remember in a store."""

from __future__ import annotations

import json

import pytest

from genxai_nb import Agent
from genxai_nb.command import main
from genxai_nb.providers.scripted import Scripted


@pytest.fixture
def told():
    """A store in which an agent was told two things, one of which changed."""
    script = Scripted(lambda request: "Noted.")
    agent = Agent("clerk", model=script.model, memory=["short_term", "semantic"])
    agent.ask("My name is Ada.")
    agent.ask("My name is Eve and I like tea.")
    agent.ask("What is my name?")


def shown(capsys, *words):
    """What a command printed, once it went well."""
    assert main(["memory", *words]) == 0
    return capsys.readouterr()


def test_agents_that_remember_are_listed(told, capsys):
    """Without an agent the command lists them with their kinds."""
    assert shown(capsys).out == "agent  kind\nclerk  semantic\n"
    assert json.loads(shown(capsys, "--json").out) == [{"agent": "clerk", "kind": "semantic"}]


def test_what_an_agent_remembers_is_a_table(told, capsys):
    """Each item has a line; what they are compared by is told beside it."""
    printed = shown(capsys, "clerk", "--kind", "semantic")
    lines = printed.out.splitlines()

    assert lines[0].split()[:4] == ["kind", "id", "text", "status"]
    assert [" ".join(line.split()[:6]) for line in lines[1:]] == [
        "semantic m1 My name is Ada.",
        "semantic m2 My name is Eve.",
        "semantic m3 I like tea. current",
    ]
    assert "found by meaning" in printed.err


def test_the_rows_can_be_taken_as_json(told, capsys):
    """--json prints all columns, times as text and what is missing as null."""
    rows = json.loads(shown(capsys, "clerk", "--kind", "semantic", "--json").out)

    assert [(row["id"], row["status"], row["until"] is None) for row in rows] == [
        ("m1", "replaced", False),
        ("m2", "current", True),
        ("m3", "current", True),
    ]
    assert rows[0]["written"].endswith("+00:00")


def test_a_question_the_prompts_and_the_changes_are_tables(told, capsys):
    """--query, --why and --diff print what the notebook's verb shows."""
    assert "My name is Eve." in shown(capsys, "clerk", "--query", "What is my name?").out
    assert "the conversation, 2 turns" in shown(capsys, "clerk", "--why").out
    changed = json.loads(shown(capsys, "clerk", "--diff", "r2", "--json").out)
    assert [(row["before"], row["after"]) for row in changed if row["kind"] == "semantic"] == [
        ("My name is Ada.", "My name is Eve."),
        ("", "I like tea."),
    ]
    assert "fits this" in shown(capsys, "clerk", "--query", "Which batteries are charged?").err


def test_mistakes_and_empty_stores_are_told(told, capsys):
    """An unknown agent, kind or run ends with 2 or 1 and one block; an empty store is a sentence."""
    assert main(["memory", "clark"]) == 2
    assert "Did you mean 'clerk'?" in capsys.readouterr().err
    assert main(["memory", "clerk", "--kind", "semantics"]) == 2
    assert "Did you mean 'semantic'?" in capsys.readouterr().err
    assert main(["memory", "clerk", "--diff", "r99"]) != 0
    assert "r99" in capsys.readouterr().err
    assert "No agent remembers anything here." in shown(capsys, "--store", "other.db").err


def test_what_is_remembered_by_user_is_shown_under_that_name(capsys):
    """A scope is listed like an agent, and its items are shown; another user's are not."""
    for user in ("ada", "bo"):
        memory = Agent("clerk", memory={"long_term": {"scope": "user", "of": user}}).memory
        memory.remember(f"The key of {user} is blue.")

    assert shown(capsys).out.splitlines()[1:] == ["user/ada  long_term", "user/bo   long_term"]
    rows = json.loads(shown(capsys, "user/ada", "--json").out)
    assert [row["text"] for row in rows] == ["The key of ada is blue."]


def test_changes_and_what_is_of_one_status_are_shown(told, capsys):
    """--changes prints each change, of a run with --run; --status leaves out what is of another one."""
    rows = json.loads(shown(capsys, "clerk", "--changes", "--json").out)
    assert [(row["change"], row["what"], row["items"], row["by"]) for row in rows] == [
        ("c1", "added", "m1", ""),
        ("c2", "added", "m2", ""),
        ("c3", "replaced", "m1", "m2"),
        ("c4", "added", "m3", ""),
    ]
    rows = json.loads(shown(capsys, "clerk", "--changes", "--run", "r1", "--json").out)
    assert [row["change"] for row in rows] == ["c1"]
    rows = json.loads(shown(capsys, "clerk", "--status", "replaced", "--json").out)
    assert [row["id"] for row in rows] == ["m1"]
    assert main(["memory", "clerk", "--status", "droped"]) == 2
    assert "Did you mean 'dropped'?" in capsys.readouterr().err


def test_what_was_written_since_then_is_shown(told, capsys):
    """--since leaves out what is older, and says so if that is all."""
    rows = json.loads(shown(capsys, "clerk", "--kind", "semantic", "--since", "1h", "--json").out)
    assert [row["id"] for row in rows] == ["m1", "m2", "m3"]
    assert (
        shown(capsys, "clerk", "--kind", "semantic", "--since", "tomorrow").err == "Nothing is remembered.\n"
    )
