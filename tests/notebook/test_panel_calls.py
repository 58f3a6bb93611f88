"""Held calls and questions in a panel: edited, answered, skipped, made to fail, each once."""

from __future__ import annotations

from graphs import chain
from stepping import calling

from genxai_nb import Agent, Graph, human
from genxai_nb.providers.scripted import Scripted


def test_held_calls_are_answered_and_skipped_by_hand(watch):
    """A call that is held can be answered or left out; the body gets that, and the detail tells it."""
    panel = watch(chain(calling("one", "two", "three")).start({}))
    panel.press("step")
    panel.wait_for("Paused at a call of a, visit 1")
    panel.press("answer_call", slot=_held(panel, "one")["slot"], text="by hand")
    panel.press("skip", slot=_held(panel, "two")["slot"])
    _held(panel, "three")
    panel.press("look", node="a")
    calls = panel.wait(lambda shown: len(shown["details"].get("a", {"calls": []})["calls"]) == 2 and shown)
    marks = [call["marks"] for call in calls["details"]["a"]["calls"]]
    panel.press("go")
    panel.wait_for("Done")

    assert panel.run.state["said"] == ["by hand", None, "three 2"]
    assert marks == [["answered by hand"], ["answered by hand"]]


def _held(panel, name):
    found = panel.wait(lambda shown: [call for call in shown["pending"] if call["name"] == name])
    return found[0]


def test_a_held_call_is_made_with_edited_arguments(watch):
    """The arguments edited in the panel are what the tool gets; what is no JSON is refused."""
    panel = watch(chain(calling("one")).start({}))
    panel.press("step")
    call = _held(panel, "one")
    assert (call["edit"], call["text"]) == ("arguments", '{\n "n": 0\n}')
    panel.press("edit", slot=call["slot"], text='{"n": }')
    panel.wait(lambda shown: "not JSON" in shown["told"].get("text", ""))
    panel.press("edit", slot=call["slot"], text='{"n": 17}')
    panel.wait(lambda shown: shown["pending"][0]["rows"] == [["n", "17"]])
    panel.press("go")
    panel.wait_for("Done")

    assert panel.run.state["said"] == ["one 17"]


def test_a_held_call_can_be_made_to_fail(watch):
    """Raise ends the call with the words that were typed, which the run's failure shows."""
    panel = watch(chain(calling("one")).start({}))
    panel.press("step")
    panel.press("raise", slot=_held(panel, "one")["slot"], text="out of order")
    panel.press("go")
    panel.wait_for("Failed")
    failure = panel.wait(lambda shown: shown["failure"]["text"])

    assert "out of order" in failure
    assert panel.cards() == {"a": "failed"}


def test_the_prompt_of_an_agent_is_edited(watch):
    """The prompt edited in the panel is what the model gets, and its words come back."""
    echo = Scripted(lambda request: "You said: " + request.messages[-1].text).model
    graph = Graph("g").node("clerk", Agent("clerk", model=echo, task="Say {{word}}")).parse("START -> clerk")
    panel = watch(graph.start({"word": "yes"}))
    panel.press("step")
    call = panel.wait(lambda shown: shown["pending"])[0]
    assert (call["edit"], call["text"]) == ("prompt", "Say yes")
    panel.press("edit", slot=call["slot"], text="Say no")
    panel.wait(lambda shown: ["user", "Say no"] in shown["pending"][0]["rows"])
    panel.press("go")
    panel.wait_for("Done")

    panel.wait(lambda _: panel.state().get("clerk") == "You said: Say no")
    assert panel.shown["status"]["cards"]["clerk"][2][1] == "-"


def test_a_person_is_asked_and_answers_once(watch):
    """The question shows with its choices; an answer that is none of them is told, a right one goes on."""
    graph = Graph("g").node("ok", human("Publish?", choices=("yes", "no")), into="ok").parse("START -> ok")
    panel = watch(graph.start({}, interactive=True))
    panel.press("go")
    question = panel.wait(lambda shown: shown["questions"])[0]
    assert (question["prompt"], question["choices"]) == ("Publish?", ["yes", "no"])
    panel.wait_for("Waits for you")
    assert panel.cards() == {"ok": "waiting"}
    panel.press("answer", slot=question["slot"], value="maybe")
    panel.wait(lambda shown: "none of its choices" in shown["told"].get("text", ""))
    panel.press("answer", slot=question["slot"], value="yes")
    panel.wait_for("Done")

    assert panel.run.state == {"ok": "yes"}
