"""What is defined anew while a run stands, and what is watched, in its panel."""

from __future__ import annotations

from graphs import chain, nothing

from genxai_nb import END, Agent, Graph
from genxai_nb.errors import ResumeRefused
from genxai_nb.providers.scripted import Scripted


async def count(state):
    return {"n": state["n"] + 1}


def test_an_edited_agent_is_told_with_its_difference(watch):
    """A definition made anew while the run stands shows as lines taken and given, and as a mark on its card."""
    known = {"clerk": Agent("clerk", model=Scripted(lambda _: "x").model, goal="Be short")}
    graph = (
        Graph("g", lookup=_Known(known))
        .node("clerk")
        .node("clerk2", nothing)
        .parse("START -> clerk -> clerk2")
    )
    panel = watch(graph.start({}), where=lambda name: f"cell [7] of {name}")
    panel.press("next")
    panel.wait_for("Paused before clerk2, visit 1")
    assert panel.shown["edits"] == []
    known["clerk"] = Agent("clerk", model=known["clerk"].model, goal="Be long")
    panel.desk.refresh()
    edit = panel.wait(lambda shown: shown["edits"])[0]

    assert edit["where"] == "clerk, cell [7] of clerk"
    assert [sign for sign, text in edit["lines"] if "Be " in text] == ["-", "+"]
    assert edit["note"] == "Continue uses the new version from step 2 on."
    panel.desk.refresh()
    panel.wait(lambda shown: shown["status"]["cards"]["clerk"][3] == "edited")


def test_watched_expressions_are_shown_with_the_state(watch):
    """Their values are those of the step that is shown; one that cannot be told yet says so."""
    watches = ["n > 1", "m"]
    panel = watch(chain(count, count).start({"n": 0}), watches=lambda: watches)
    assert panel.shown["state"]["watches"][0] == ["n > 1", "false"]
    assert panel.shown["state"]["watches"][1][1].startswith("absent: ")
    panel.press("go")
    panel.wait(lambda shown: shown["state"]["watches"][0] == ["n > 1", "true"])
    panel.press("at", step=1)
    panel.wait(lambda shown: shown["state"]["watches"][0] == ["n > 1", "false"])
    watches.clear()
    panel.desk.refresh()

    panel.wait(lambda shown: shown["state"]["watches"] == [])


def test_a_changed_graph_is_refused_with_a_button_that_rebases(watch):
    """The press is refused with the difference and an offer; Rebase goes on in the new graph."""
    run = chain(count, count).start({"n": 0})
    changed = chain(count, count).node("c", count).edge("b", "c").edge("c", END)

    def adopt(rebase):
        if rebase:
            run.rebase(changed)
        elif run.graph is not changed:
            raise ResumeRefused("It has changed.\n  + b -> c", hint="Rebase it.")

    panel = watch(run, adopt=adopt)
    panel.press("next")
    told = panel.wait(lambda shown: shown["told"])
    assert (told["offer"], told["hint"]) == ("rebase", "Rebase it.")
    assert "+ b -> c" in told["text"]
    panel.press("rebase")
    panel.wait(lambda shown: "c" in shown["status"]["cards"])
    panel.press("go")
    panel.wait_for("Done")

    panel.wait(lambda _: panel.state() == {"n": "3"})


class _Known:
    """A lookup of what a test has defined."""

    def __init__(self, known):
        self._known = known

    def find(self, name):
        return self._known.get(name)

    def names(self):
        return dict.fromkeys(self._known, "agent")

    def resolve(self, kind, name):
        from genxai_nb.providers.registry import model_call

        return model_call(name)
