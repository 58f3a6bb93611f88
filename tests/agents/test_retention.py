"""What is kept of facts, procedures and all else that lasts, by age and by count, when a run remembers."""

from __future__ import annotations

from pathlib import Path
from time import time

import pytest

from genxai_nb.agents.agent import Agent
from genxai_nb.errors import DefinitionError, UnknownName
from genxai_nb.journal import open_store
from genxai_nb.journal.events import MemoryChanged
from genxai_nb.journal.items import Draft, Use
from genxai_nb.providers.scripted import Scripted

STORE = "journal.db"
DAY = 86400.0


def clerk(memory):
    return Agent("clerk", model=Scripted(lambda _: "Yes.").model, memory=memory)


def put(kind, text, days, **given):
    items = open_store(STORE).items
    return items.add("clerk", kind, [Draft(text=text, **given)], at=time() - days * DAY).added[0].number


def statuses(agent, kind, status=None):
    frame = agent.memory.table(kind, status=status, store=STORE)
    return dict(zip(frame["id"], frame["status"], strict=True))


def dropped(run_id):
    events = open_store(STORE).read(run_id)
    return [(e.what, e.items, e.why) for e in events if isinstance(e, MemoryChanged) and e.what != "added"]


def test_facts_that_hold_no_more_for_long_are_dropped():
    """What was replaced or expired a year ago stands in no table; what holds stays, however old; all can come back."""
    agent, now = clerk("semantic"), time()
    put("semantic", "My town is Ulm.", 900, about="user town")
    put("semantic", "My town is Bonn.", 400, about="user town")
    put("semantic", "My town is Rome.", 300, about="user town")
    put("semantic", "The code is 4711.", 900, expires=now - 500 * DAY)
    put("semantic", "The code is 4712.", 900, expires=now - 10 * DAY)
    put("semantic", "The door is green.", 900)
    answer = agent.ask("My name is Ada.", store=STORE)

    assert statuses(agent, "semantic") == {
        "m2": "replaced",
        "m3": "current",
        "m5": "expired",
        "m6": "current",
        "m7": "current",
    }
    assert statuses(agent, "semantic", "dropped") == {"m1": "dropped", "m4": "dropped"}
    assert dropped(answer.run_id) == [("dropped", ("m1", "m4"), "of no use for 365 days")]
    assert agent.memory.diff(answer, store=STORE)[["change", "before", "rule"]].to_numpy().tolist()[1:] == [
        ["ended", "My town is Ulm.", "dropped"],
        ["ended", "The code is 4711.", "dropped"],
    ]
    until = agent.memory.table("semantic", status="dropped", store=STORE)["until"]
    assert [round((now - at.timestamp()) / DAY) for at in until] == [400, 500]
    assert agent.memory.undo(answer, store=STORE) == 2  # the name, and the code whose time is over
    assert statuses(agent, "semantic")["m1"] == "replaced"
    assert statuses(agent, "semantic")["m4"] == "expired"


def test_a_fact_whose_day_is_over_can_be_told_again():
    """The same words a week later hold until their new day, and are recalled; what they said before stays expired."""
    agent, text = clerk("semantic"), "The code of the door is 4711 until Friday."
    put("semantic", text, 9, about="door code", expires=time() - DAY)
    agent.ask(text, store=STORE)
    frame = agent.memory.table("semantic", store=STORE)

    assert frame["status"].tolist() == ["replaced", "current"]
    assert round((time() - frame["until"][0].timestamp()) / DAY) == 1
    found = agent.memory.recall("What is the code of the door?", store=STORE)
    assert [one.item.id for one in found] == ["m2"]


def test_of_too_many_facts_the_least_sure_and_oldest_are_dropped():
    """Beyond the count that is given confidence and age decide; the fact of this visit is kept, and recall has the rest."""
    agent = clerk({"semantic": {"most": 2}})
    for text, confidence, days in (("Sure.", "1", 300), ("A word.", "0.9", 300), ("A doubt.", "0.5", 3)):
        put("semantic", text, days, fields={"confidence": confidence})
    put("semantic", "Another word.", 200, fields={"confidence": "0.9"})
    answer = agent.ask("My name is Ada.", store=STORE)

    assert dropped(answer.run_id) == [("dropped", ("m2", "m3"), "more than 2")]
    assert statuses(agent, "semantic") == {"m1": "current", "m4": "current", "m5": "current"}
    assert "A word." not in [one.item.text for one in agent.memory.recall("A word.", store=STORE)]
    assert agent.memory.undo(answer, store=STORE) == 3


def test_procedures_that_are_recalled_no_more_are_dropped():
    """One that fails and was not used for a year, and one that was replaced then, go; one that was never used stays."""
    agent, items = clerk("procedural"), open_store(STORE).items
    failing, late, good = (put("procedural", text, 900) for text in ("Fails.", "Fails late.", "Works."))
    put("procedural", "Never used.", 900)
    put("procedural", "Old way.", 900, about="way")
    put("procedural", "New way.", 500, about="way")
    for number, days, won in ((failing, 400, False), (late, 10, False), (good, 800, True)):
        for at in range(3):
            use = Use(number=number, won=won)
            items.use("clerk", "procedural", [use], at=time() - days * DAY + at)
    put("procedural", "Ping: pong", 0, cue="hello")
    answer = agent.ask("hello", store=STORE)

    assert dropped(answer.run_id) == [("dropped", ("m1", "m5"), "of no use for 365 days")]
    assert list(statuses(agent, "procedural")) == ["m2", "m3", "m4", "m6", "m7"]
    assert agent.memory.undo(answer, store=STORE) == 1  # the one that failed holds again
    assert len(statuses(agent, "procedural")) == 7


@pytest.mark.parametrize(
    ("kind", "best"),
    [("procedural", "m2"), ("long_term", "m3"), ("episodic", "m4")],
)
def test_a_count_keeps_what_is_worth_most(kind, best):
    """Of procedures those that work, of sentences the important ones, of episodes the newest."""
    agent, items = clerk({kind: {"most": 1}}), open_store(STORE).items
    for text, days, importance in (("a", 300, "0.5"), ("b", 300, "0.5"), ("c", 200, "1"), ("d", 100, "0.3")):
        fields = {"importance": importance, "task": text, "outcome": "failed"}
        put(kind, f"hello {text}", days, fields=fields, cue=f"hello {text}")
    if kind == "procedural":
        for _ in range(5):
            items.use("clerk", kind, [Use(number=2)], at=time() - 250 * DAY)
    answer = agent.ask("hello", store=STORE)

    (change,) = dropped(answer.run_id)
    assert (change[0], change[2]) == ("dropped", "more than 1")
    assert set(change[1]) == {"m1", "m2", "m3", "m4"} - {best}


def test_by_default_nothing_that_holds_is_dropped():
    """Old facts and procedures that hold are there after a run, and with 0 nothing is looked for at all."""
    kinds = ("semantic", "procedural")
    for kind in kinds:
        put(kind, f"hello {kind}", 3000)
    put("semantic", "x", 3000, about="x")
    put("semantic", "y", 2000, about="x")
    off = clerk({kind: {"fade": 0, "most": 0} for kind in kinds}).ask("hello. My name is Ada.", store=STORE)
    on = clerk(list(kinds)).ask("hello. My name is Eve.", store=STORE)

    assert dropped(off.run_id) == []
    assert [what for what, *_ in dropped(on.run_id)] == ["dropped", "replaced"]
    assert dropped(on.run_id)[0][1] == ("m3",)


def test_what_was_dropped_is_forgotten_too():
    """Forgetting by words reaches what stands in no table, and no file has it afterwards."""
    agent = clerk({"semantic": {"most": 1}})
    put("semantic", "The door is green.", 900)
    put("semantic", "The door is red.", 1)
    agent.ask("hello. My name is Ada.", store=STORE)
    assert "dropped" in statuses(agent, "semantic", "dropped").values()
    assert agent.memory.forget(status="dropped", store=STORE) == 1
    assert statuses(agent, "semantic", "dropped") == {}
    items = open_store(STORE).items
    assert items.read("clerk", "semantic")[0].text == ""
    assert agent.memory.forget(containing="red", store=STORE) == 1
    assert items.read("clerk", "semantic")[1].text == ""
    held = b"".join(path.read_bytes() for path in Path().rglob("*") if path.is_file())
    assert b"The door" not in held


@pytest.mark.parametrize("kind", ["semantic", "procedural", "long_term", "episodic"])
@pytest.mark.parametrize(
    ("option", "said"), [("fade", "to fade after -1 days"), ("most", "to hold -1 items")]
)
def test_a_bound_that_is_none_is_refused(kind, option, said):
    """The message names the kind, the value, and what to write."""
    with pytest.raises(DefinitionError, match=f"{kind} memory is {said}"):
        Agent("clerk", memory={kind: {option: -1}})
    with pytest.raises(UnknownName, match="status"):
        clerk(kind).memory.table(status="gone", store=STORE)
