"""A panel's desk: it shows a run as it goes on, and does what is pressed, once and at its stand."""

from __future__ import annotations

import threading

from graphs import chain, nothing

from genxai_nb import END, START, Agent, Graph
from genxai_nb.notebook.panel.orders import carry_out
from genxai_nb.providers.scripted import Scripted


async def count(state):
    return {"n": state["n"] + 1}


def counting():
    """A graph whose nodes a and b each add one to n, then END."""
    return chain(count, count)


def test_next_runs_one_node_and_shows_where_the_run_stands(watch):
    """After Next the head, the cards, the state and the steps are those of the run."""
    panel = watch(counting().start({"n": 0}))
    assert (panel.shown["run"]["words"], panel.cards()) == ("Ready to start", {"a": "idle", "b": "idle"})
    panel.press("next")
    panel.wait_for("Paused before b, visit 1")
    panel.wait(lambda shown: shown["state"]["title"] == "before step 2")

    assert panel.cards() == {"a": "done", "b": "paused"}
    assert panel.shown["status"]["ways"][":1"][0] == 1
    assert panel.state() == {"n": "1"}
    assert panel.shown["state"]["rows"][0]["change"] == "changed"


def test_a_button_pressed_twice_at_one_stand_moves_the_run_once(watch):
    """Two windows press Next at the same stand: one node runs, and the second press is dropped."""
    panel = watch(chain(nothing, nothing, nothing).start({}))
    panel.press("next", stands=0)
    panel.press("next", stands=0)
    panel.wait_for("Paused before b, visit 1")
    panel.press("look", node="a")
    panel.wait(lambda shown: "a" in shown["details"])

    assert panel.run.steps == 1


def test_two_panels_of_one_run_move_it_once(watch):
    """Each stand is left once, whichever of several panels was pressed first."""
    run = chain(nothing, nothing, nothing).start({})
    panels = [watch(run), watch(run)]
    for panel in panels:
        panel.press("next", stands=0)
    for panel in panels:
        panel.wait_for("Paused before b, visit 1")

    assert run.steps == 1


def test_what_other_hands_do_is_seen(watch):
    """A run that is moved, taken back or given a breakpoint from a cell is shown as it is then."""
    run = chain(count, count).start({"n": 0})
    panel = watch(run)
    run.next()
    panel.wait_for("Paused before b, visit 1")
    run.set(n=7)
    panel.wait(lambda _: panel.state() == {"n": "7"})
    run.back()
    panel.wait_for("Paused before a, visit 1")
    run.break_at("b", "n > 0")
    assert panel.wait(lambda shown: shown["breaks"]) == [
        {"id": 1, "node": "b", "when": "n > 0", "after": False}
    ]


def test_pause_holds_a_run_that_goes_on(watch):
    """Pause is pressed while a node waits; the run stands before the next one."""
    begun, go_on = threading.Event(), threading.Event()

    def wait(state):
        begun.set()
        go_on.wait(10)
        return {}

    panel = watch(chain(wait, nothing).start({}))
    panel.press("go")
    assert begun.wait(10)
    panel.wait_for("Running")
    assert panel.shown["run"]["can"]["pause"]
    assert not panel.shown["run"]["can"]["next"]
    panel.press("pause")
    panel.press("look", node="a")
    panel.wait(lambda shown: "a" in shown["details"])
    go_on.set()
    panel.wait_for("Paused before b, visit 1")


def test_breakpoints_stop_the_run_and_go_away(watch):
    """A breakpoint with a condition stops where it holds; removed, it stops nothing."""
    panel = watch(counting().start({"n": 5}))
    panel.press("break", node="b", when="n > 5", after=False)
    panel.wait(lambda shown: shown["breaks"])
    panel.press("go")
    panel.wait_for("Paused before b, visit 1 · breakpoint 1")
    panel.press("clear", point=1)
    panel.wait(lambda shown: not shown["breaks"])
    panel.press("go")
    panel.wait_for("Done")


def test_a_breakpoint_can_be_given_another_condition(watch):
    """Setting a condition replaces the breakpoint; one that cannot be read leaves it as it was."""
    panel = watch(counting().start({"n": 5}))
    panel.press("break", node="b", when=None, after=False)
    panel.wait(lambda shown: shown["breaks"])
    panel.press("break", node="b", when="n >", after=False, replaces=1)
    panel.wait(lambda shown: shown["told"].get("text"))
    assert panel.shown["breaks"][0]["when"] is None
    panel.press("break", node="b", when="n > 100", after=False, replaces=1)
    panel.wait(lambda shown: [point["when"] for point in shown["breaks"]] == ["n > 100"])


def test_until_runs_to_a_condition_or_a_node(watch):
    """Until stops behind the step after which the condition holds, or before the node."""
    panel = watch(chain(count, count, count, count).start({"n": 0}))
    panel.press("until", when="n == 2")
    panel.wait_for("Paused before c, visit 1")
    panel.press("until", node="d")
    panel.wait_for("Paused before d, visit 1")


def test_the_slider_looks_and_changes_nothing(watch):
    """At an earlier step cards, state and title are those of then; the run stays where it is."""
    panel = watch(chain(count, count, count).start({"n": 0}))
    panel.press("until", node="c")
    panel.wait_for("Paused before c, visit 1")
    panel.press("at", step=1)
    panel.wait(lambda shown: shown["state"]["title"] == "after step 1")

    assert panel.cards() == {"a": "done", "b": "idle", "c": "idle"}
    assert panel.state() == {"n": "1"}
    assert not panel.shown["run"]["can"]["next"]
    assert panel.run.steps == 2
    panel.press("at", step=None)
    panel.wait(lambda _: panel.state() == {"n": "2"})


def test_going_back_with_another_value_leaves_the_old_line_listed(watch):
    """Back, a changed value, next: what follows differs, and both lines are in the tree."""
    panel = watch(chain(count, count).start({"n": 0}))
    panel.press("go")
    panel.wait_for("Done")
    panel.press("back")
    panel.wait_for("Paused before b, visit 1")
    panel.press("set", key="n", text="41", plain=False)
    panel.wait(lambda _: panel.state() == {"n": "41"})
    panel.press("next")
    panel.wait_for("Done")
    panel.wait(lambda _: panel.state() == {"n": "42"})
    lines = panel.wait(lambda shown: len(shown["tree"]) == 2 and shown["tree"])

    assert [(line["name"], line["from"], line["here"]) for line in lines] == [
        ("r1.1", 0, False),
        ("r1", 1, True),
    ]
    panel.press("compare", other="r1.1")
    tables = panel.wait(lambda shown: shown["compare"].get("tables"))
    assert tables[0]["rows"] == [["n", "42", "2"]]


def test_a_fork_gets_its_change_and_is_handed_over(watch):
    """Fork makes another run with the value; this one stays, and the tree lists both."""
    forks = []
    panel = watch(chain(count, count).start({"n": 0}), forked=forks.append)
    panel.press("go")
    panel.wait_for("Done")
    panel.press("fork", step=1, key="n", text="10")
    panel.wait(lambda shown: len(shown["tree"]) == 2)

    assert forks[0].resume().state == {"n": 11}
    assert panel.run.state == {"n": 2}


def test_a_value_that_does_not_fit_is_told_where_it_was_typed(watch):
    """Text where JSON is needed changes nothing; the view that sent it hears what and how."""
    panel = watch(counting().start({"n": 0}))
    panel.press("set", key="n", text="many", plain=False)
    told = panel.wait(lambda shown: shown["told"].get("text") and shown["told"])

    assert told["view"] == "v"
    assert "not JSON" in told["text"]
    assert "double quotes" in told["hint"]
    assert panel.run.state == {"n": 0}


def test_a_subgraph_is_one_card_until_the_run_stands_in_it(watch):
    """Folded it is one card with the number of its nodes; stepping into it lays it open."""
    outer = Graph("outer").node("part", chain(nothing, nothing)).node("last", nothing)
    panel = watch(outer.parse("START -> part -> last").start({}))
    cards = {card["id"]: card for card in panel.shown["picture"]["cards"]}
    assert (cards["part"]["inner"], cards["part"]["open"], "part/a" in cards) == (2, False, False)
    panel.press("step")
    panel.wait_for("Paused before part/a, visit 1")
    panel.press("step")
    panel.wait(lambda shown: shown["status"]["cards"].get("part/b", [""])[0] == "paused")
    assert panel.cards() == {"part": "paused", "part/a": "done", "part/b": "paused", "last": "idle"}
    panel.press("fold", node="part", open=False)
    panel.wait(lambda shown: "part/a" not in shown["status"]["cards"])
    panel.press("out")
    panel.wait_for("Paused before last, visit 1")


def test_a_map_shows_how_many_items_are_done(watch):
    """While instances run the card counts them; nothing else waits for them."""
    gates = {index: threading.Event() for index in range(3)}

    def work(state, context):
        gates[context.index].wait(10)
        return {"seen": [context.item]}

    graph = Graph("g", reducers={"seen": "append"}).node("work", work).node("last", nothing)
    graph.edge(START, "work", each="items", item="item").edge("work", "last").edge("last", END)
    panel = watch(graph.start({"items": [1, 2, 3], "seen": []}))
    panel.press("go")
    panel.wait(lambda shown: [head["status"] for head in shown["tree"]] == ["running"])
    for index, words in enumerate(("Running · 0 of 3", "Running · 1 of 3", "Running · 2 of 3")):
        panel.wait(lambda shown, words=words: shown["status"]["cards"]["work"][1] == words)
        gates[index].set()
    panel.wait_for("Done")

    assert panel.shown["status"]["cards"]["work"][1] == "Done · 3 items"


def test_a_failed_node_shows_its_line_and_locals(watch):
    """After an error the card has failed, and the failure names the place and the values there."""

    def body(state):
        half = state["n"] / 2
        raise ValueError(half)

    panel = watch(chain(body).start({"n": 3}))
    panel.press("go")
    panel.wait_for("Failed")
    failure = panel.wait(lambda shown: shown["failure"].get("locals") and shown["failure"])

    assert ["half", "1.5"] in failure["locals"]
    assert failure["place"].startswith("a, visit 1 · body, line ")
    assert panel.cards() == {"a": "failed"}


def test_what_went_into_a_node_of_a_subgraph_is_told(watch):
    """A node inside is shown with what it was given there, which the state around it need not hold."""
    inner = (
        Graph("inner")
        .node("a", lambda state: {"half": state["n"] / 2})
        .node("b", lambda state: {"m": state["half"]})
    )
    inner.parse("START -> a -> b")
    graph = Graph("outer").node("part", inner, into="made").parse("START -> part -> END")
    panel = watch(graph.start({"n": 3}))
    panel.press("go")
    panel.wait_for("Done")
    panel.press("look", node="part/b")
    detail = panel.wait(lambda shown: shown["details"].get("part/b"))

    assert [(row["key"], row["glance"]) for row in detail["in"]] == [("half", "1.5")]


def test_text_streams_into_the_node(watch):
    """While a model speaks its words are shown; when it has spoken they are in its reply."""
    go_on = threading.Event()

    class Slowly(list):
        def __iter__(self):
            yield from self[:2]
            go_on.wait(10)
            yield from self[2:]

    model = Scripted(lambda _: Slowly(["Once ", "upon", " a time"])).model
    graph = Graph("g").node("bard", Agent("bard", model=model)).parse("START -> bard")
    panel = watch(graph.start({"topic": "x"}))
    panel.press("go")
    panel.wait(lambda shown: shown["stream"].get("bard", {}).get("text") == "Once upon")
    go_on.set()
    panel.wait_for("Done")
    panel.wait(lambda shown: shown["stream"] == {})

    panel.wait(lambda _: panel.state().get("bard") == "Once upon a time")


def test_updates_are_gathered_and_the_last_one_is_sent(watch):
    """A thousand fast steps make few updates, and the last tells all of them."""
    graph = chain(count).edge("a", "a", when="n < 1000", limit=5000)
    panel = watch(graph.start({"n": 0}))
    panel.press("go")
    panel.wait_for("Done")
    panel.wait(lambda _: panel.state() == {"n": "1000"})

    assert panel.shown["status"]["cards"]["a"][1] == "Done · 1.0k visits"
    assert len(panel.updates) < 60


def test_a_message_that_means_nothing_changes_nothing(watch):
    """Unknown orders and broken messages are dropped or told; the panel goes on."""
    panel = watch(chain(nothing).start({}))
    carry_out(panel.desk, {"do": "format the disk", "view": "v", "id": 1, "stands": 0})
    panel.press("goto", step="first")
    panel.wait(lambda shown: "first" in shown["told"].get("text", ""))
    panel.press("clear", point=99)
    panel.wait(lambda shown: "99" in shown["told"].get("text", ""))
    panel.press("next")
    panel.wait_for("Done")


def test_who_is_told_of_rests_hears_of_each(watch):
    """The notebook hears each time the run stands, so that it can put the record in the panel's place."""
    rests = []
    panel = watch(chain(nothing, nothing).start({}), rested=lambda run: rests.append(run.status))
    panel.press("next")
    panel.wait_for("Paused before b, visit 1")
    panel.press("next")
    panel.wait_for("Done")
    panel.desk.close()

    assert rests == ["paused", "done"]
