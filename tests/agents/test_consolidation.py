"""What changes in long-term memory by itself: merged, faded, condensed; each told, each undone, each whole after a kill."""

from __future__ import annotations

import subprocess
import sys
from time import time

import pytest
from remembering import calls

from genxai_nb.agents.agent import Agent
from genxai_nb.errors import DefinitionError
from genxai_nb.graph.run import Run
from genxai_nb.journal import open_store
from genxai_nb.journal.events import CallFinished
from genxai_nb.journal.items import Draft, Use
from genxai_nb.providers.scripted import Scripted

DAY = 86400.0
KILLED = """
import os, sys
from genxai_nb.journal.items import Draft
from genxai_nb.journal.sqlite import SqliteStore

items = SqliteStore("journal.db").items
old = items.add("clerk", "long_term", [Draft(text="We decided to use Postgres.")], at=1.0).added[0].number
statements = []

def count(statement):
    statements.append(statement)
    if len(statements) == int(sys.argv[1]):
        os._exit(9)

items._file.write(lambda connection: connection.set_trace_callback(count))
statements.clear()
items.add("clerk", "long_term", [Draft(text="We decided: use Postgres!", replaces=(old,))], at=2.0)
"""


def clerk(memory="long_term"):
    return Agent("clerk", model=Scripted(lambda request: "Yes.").model, memory=memory)


def statuses(agent):
    frame = agent.memory.table("long_term", store="journal.db")
    return dict(zip(frame["text"], frame["status"], strict=True))


def test_what_says_the_same_takes_the_place_of_what_was_said_before():
    """Other small words, another order: one item; another number or name: two."""
    agent = clerk()
    for said in (
        "We decided to use Postgres for the archive.",
        "For the archive, we decided to use Postgres.",
        "We decided to use SQLite for the archive.",
        "Remember room 7 for Monday.",
        "Remember room 8 for Monday.",
    ):
        answer = agent.ask(said, store="journal.db")

    assert statuses(agent) == {
        "We decided to use Postgres for the archive.": "replaced",
        "For the archive, we decided to use Postgres.": "current",
        "We decided to use SQLite for the archive.": "current",
        "Remember room 7 for Monday.": "current",
        "Remember room 8 for Monday.": "current",
    }
    frame = agent.memory.diff("r2", store="journal.db")
    assert frame[["change", "before", "after"]].to_numpy().tolist() == [
        [
            "replaced",
            "We decided to use Postgres for the archive.",
            "For the archive, we decided to use Postgres.",
        ]
    ]
    assert answer.run_id == "r5"


LONG = (
    "Remember that the {} meeting of the freight office about the contract with the harbour, the insurance of the red boxes "
    "and the new rules for drivers takes place in room {} of the old town hall."
)


@pytest.mark.parametrize(
    ("one", "other", "current"),
    [(("yearly", 17), ("annual", 17), 1), (("yearly", 17), ("yearly", 18), 2)],
)
def test_what_means_the_same_is_merged_unless_a_number_or_a_name_differs(one, other, current):
    """A synonym is no news; a number is, however much alike the sentences are otherwise."""
    agent = clerk()
    for words in (one, other):
        agent.ask(LONG.format(*words), store="journal.db")

    assert list(statuses(agent).values()).count("current") == current
    assert statuses(agent)[LONG.format(*other)] == "current"


def test_what_was_not_used_for_long_fades_in_a_normal_run():
    """An item that is older than the bound and was not used ends, is told, is not recalled, and can come back."""
    agent, items = clerk(), open_store("journal.db").items
    now = time()
    for text, age in (
        ("We decided to sell tea.", 400),
        ("We decided to sell cars.", 400),
        ("We decided to sell books.", 10),
    ):
        items.add("clerk", "long_term", [Draft(text=text, fields={"importance": "0.8"})], at=now - age * DAY)
    items.use("clerk", "long_term", [Use(number=2)], at=now - 10 * DAY)
    answer = agent.ask("We decided to sell hats.", store="journal.db")

    assert statuses(agent)["We decided to sell tea."] == "replaced"
    assert [text for text, status in statuses(agent).items() if status == "current"] == [
        "We decided to sell cars.",
        "We decided to sell books.",
        "We decided to sell hats.",
    ]
    frame = agent.memory.diff(answer, store="journal.db")
    assert frame[["change", "before", "after", "rule"]].to_numpy().tolist() == [
        ["added", "", "We decided to sell hats.", "decided"],
        ["ended", "We decided to sell tea.", "", "faded"],
    ]
    assert "We decided to sell tea." not in [
        one.item.text for one in agent.memory.recall("Who sells tea?", store="journal.db")
    ]
    assert agent.memory.undo(answer, store="journal.db") == 2
    assert agent.memory.recall("Who sells tea?", store="journal.db")[0].item.text == "We decided to sell tea."


def test_what_a_run_wrote_can_be_taken_back():
    """After undo the table says what held before, in every kind, and the run's record stays as it was."""
    agent = clerk(["long_term", "semantic"])
    agent.ask("My town is Ulm. We decided to stay.", store="journal.db")
    before = [
        agent.memory.table(kind, store="journal.db")["status"].tolist() for kind in ("semantic", "long_term")
    ]
    answer = agent.ask("My town is Rome. To stay: we decided.", store="journal.db")
    recorded = list(Run.load(answer.run_id, store="journal.db").events())
    changed = agent.memory.undo(answer.run_id, store="journal.db")
    after = {kind: agent.memory.table(kind, store="journal.db") for kind in ("semantic", "long_term")}

    assert changed == 5  # two facts, and three sentences
    assert [
        frame["status"].tolist()[: len(old)] for frame, old in zip(after.values(), before, strict=True)
    ] == before
    assert all(
        set(frame["status"].tolist()[len(old) :]) == {"replaced"}
        for frame, old in zip(after.values(), before, strict=True)
    )
    assert (
        agent.memory.recall("Which town?", kind="semantic", store="journal.db")[0].item.text
        == "My town is Ulm."
    )
    assert list(Run.load(answer.run_id, store="journal.db").events()) == recorded
    assert agent.memory.undo(answer.run_id, store="journal.db") == 0


def test_a_conversation_that_was_condensed_is_kept_for_the_long_term():
    """The summary is an item, one at a time, that another run recalls; the call that wrote it tells of it."""
    script = Scripted(lambda request: "Ada wants teal." if request.messages[0].role == "system" else "Fine.")
    agent = Agent("clerk", model=script.model, memory=["short_term", "long_term"], memory_tokens=120)
    for _ in range(9):
        answer = agent.ask(
            "The weather in Ulm is fine and there is a lot to tell about every street.", store="journal.db"
        )
    frame = agent.memory.table("long_term", store="journal.db")

    assert frame[["text", "rule", "status", "source"]].to_numpy().tolist() == [
        ["Ada wants teal.", "condensed", "current", "clerk"]
    ]
    assert "Ada wants teal." in [
        one.item.text
        for one in agent.memory.recall("What does Ada want?", kind="long_term", store="journal.db")
    ]
    written = [
        row["rule"]
        for number in range(1, int(answer.run_id[1:]) + 1)
        for event in open_store("journal.db").read(f"r{number}")
        if isinstance(event, CallFinished) and isinstance(event.reply, dict) and "added" in event.reply
        for row in event.reply["added"]
    ]
    assert written == ["condensed"]


def test_fading_is_looked_for_once_a_day_and_may_be_off():
    """With 0 nothing fades; a second run of the same day does not look again."""
    items = open_store("journal.db").items
    for memory, faded in (({"long_term": {"fade": 0}}, False), ("long_term", True), ("long_term", False)):
        items.add("clerk", "long_term", [Draft(text=f"Old {memory} {faded}.")], at=1.0)
        answer = clerk(memory).ask("We decided to stay.", store="journal.db")
        replies = [
            event.reply
            for event in open_store("journal.db").read(answer.run_id)
            if isinstance(event, CallFinished) and isinstance(event.reply, dict)
        ]
        assert any("faded" in reply for reply in replies) is faded
    assert len([call for call in calls("r1", "memory") if call.request["op"] == "remember"]) == 1
    with pytest.raises(DefinitionError, match="0 for never"):
        Agent("clerk", memory={"long_term": {"fade": -1}})


def test_episodes_are_kept_as_long_as_is_said():
    """With fade an old episode is recalled no more and stays in the table; without it each is kept."""
    items, now = open_store("journal.db").items, time()
    for memory, statuses_found in (("episodic", ["current"]), ({"episodic": {"fade": 90}}, ["replaced"])):
        name = f"clerk{len(statuses_found[0])}"
        agent = Agent(name, model=Scripted(lambda _: "Done.").model, memory=memory)
        old = Draft(
            text="Weigh a box: failed",
            rule="failed",
            cue="Weigh a box",
            fields={"task": "Weigh a box"},
            again=True,
        )
        items.add(name, "episodic", [old], at=now - 100 * DAY)
        agent.ask("Sweep the floor", store="journal.db")
        table = agent.memory.table("episodic", store="journal.db")

        assert table["status"].tolist()[:1] == statuses_found
        found = [one.item.text for one in agent.memory.recall("Weigh a box", store="journal.db")]
        assert ("Weigh a box: failed" in found) is (statuses_found == ["current"])
    with pytest.raises(DefinitionError, match="episodic memory is to fade after -1 days"):
        Agent("clerk", memory={"episodic": {"fade": -1}})


def test_very_many_items_may_fade_at_once():
    """More than SQLite takes in one question as it comes (32,766): all of them end and are told."""
    items = open_store("journal.db").items
    items.add("clerk", "long_term", [Draft(text=f"Old {number}.") for number in range(40_000)], at=1.0)
    answer = clerk().ask("We decided to stay.", store="journal.db")
    frame = clerk().memory.diff(answer, store="journal.db")

    assert frame["change"].value_counts().to_dict() == {"ended": 40_000, "added": 1}
    assert clerk().memory.undo(answer, store="journal.db") == 40_001


def test_a_kill_during_a_merge_leaves_the_old_item_or_the_new_one(tmp_path):
    """Wherever the process dies, exactly one of the two holds when the store is opened again."""
    held = []
    for number in range(1, 40):
        (tmp_path / "journal.db").unlink(missing_ok=True)
        for rest in tmp_path.glob("journal.db-*"):
            rest.unlink()
        died = subprocess.run(
            [sys.executable, "-c", KILLED, str(number)], cwd=tmp_path, capture_output=True, text=True
        )
        assert died.returncode in {0, 9}, died.stderr
        rows = open_store(str(tmp_path / "journal.db")).items.read("clerk", "long_term")
        held.append([row.text for row in rows if row.holds])
        open_store(str(tmp_path / "journal.db")).close()
        if died.returncode == 0:
            break

    old, new = ["We decided to use Postgres."], ["We decided: use Postgres!"]
    assert all(texts in (old, new) for texts in held)
    assert held[0] == old
    assert held[-1] == new
    assert len(held) > 5
