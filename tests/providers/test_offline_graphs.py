"""Whole graphs on the offline model: they end because their conditions say so, not because of their limits."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.workflow import Graph
from genxai_nb.journal.events import CallFinished, CallStarted, NodeFinished
from genxai_nb.tools.base import tool

LEAFLET = """
A tent keeps out wind. Its poles weigh more than its cloth. A sleeping bag holds the warmth of the body at night.
Cooking needs a stove and dry fuel. In the hills rain comes without warning, so a rain jacket belongs on top.
Fires are forbidden from May to September. A torch helps after sunset. Dogs have to be kept on a lead.
"""
KILOGRAMS = {"tent": 2.4, "sleeping bag": 1.1, "stove": 0.6, "rain jacket": 0.4, "torch": 0.1}


@tool(read_only=True)
def weight_of(item: str) -> float:
    """Tell the weight of an item in kilograms."""
    return KILOGRAMS[item]


class Readiness(BaseModel):
    readiness: float = Field(description="how much of the gear is there, from 0 to 1")
    remarks: str


def visits(events: list[Any], node: str) -> int:
    return sum(isinstance(event, NodeFinished) and event.node == node for event in events)


def tool_calls(events: list[Any]) -> list[dict[str, Any]]:
    finished = {event.slot for event in events if isinstance(event, CallFinished)}
    started = (event for event in events if isinstance(event, CallStarted) and event.kind == "tool")
    return [event.request for event in started if event.slot in finished]


def make_trip() -> Graph:
    packer = Agent(
        "packer",
        role="Outfitter",
        goal="Plan what to take",
        task="Write a packing plan for {{place}}. Mend what the checker said: {{remarks?}}",
        reads=["leaflet"],
        writes="plan",
    )
    checker = Agent(
        "checker", task="Check whether the plan names the gear.", output=Readiness, reads=["plan", "gear"]
    )
    scale = Agent("scale", task="Weigh the items.", tools=[weight_of], reads=["items"], writes="load")
    graph = Graph("trip")
    for agent in (packer, checker, scale):
        graph.node(agent.name, agent)
    graph.parse(
        """
        START -> [packer, scale]
        packer -> checker
        checker -> packer if readiness < 0.9 max 4
        checker -> done else
        scale -> done
        done -> END
        """
    )
    graph.node("done", lambda state: {"words": len(state["plan"].split())})
    return graph


def test_packing_list_is_mended_until_it_is_complete():
    """A writer and a critic with a tool beside them come to a complete plan within the limit."""
    gear = list(KILOGRAMS)
    run = make_trip().start(
        {"place": "a weekend in the hills", "leaflet": LEAFLET, "gear": gear, "items": gear}, store=":memory:"
    )
    result = run.resume()
    events = list(run.events())

    assert result.status == "done"
    assert result.limits == []
    assert visits(events, "packer") == visits(events, "checker") == 2
    assert result.state["readiness"] == 1
    assert result.state["remarks"].startswith("Nothing is missing.")
    assert all(item in result.state["plan"] for item in gear)
    assert "Dogs" not in result.state["plan"]
    assert tool_calls(events) == [{"item": item} for item in gear]
    assert "weight_of(tent) gives 2.4." in result.state["load"]


class Ticket(BaseModel):
    report: str
    checklist: list[str] = ["version", "steps to repeat", "operating system"]
    handbook: str = ""
    severity: Literal["cosmetic", "serious", "critical", ""] = ""
    complete: float = 0
    missing: list[str] = []
    reply: str = ""


class Assessment(BaseModel):
    severity: Literal["cosmetic", "serious", "critical"] = Field(
        description="critical: data is lost or the program crashes; serious: a function gives wrong results; "
        "cosmetic: colours or labels"
    )
    complete: float = Field(ge=0, le=1)
    missing: list[str]


HANDBOOK = """
Thank the reporter first. Lost data can often be found in the backup folder. A crash leaves a dump file beside the log.
Wrong results are checked by a second person. Colours follow the theme of the desktop. Labels are translated in spring.
"""
DETAILS = {
    "version": "The version is 4.2.",
    "steps to repeat": "The steps are: open a file, press save; repeat this twice.",
    "operating system": "My operating system is Debian.",
}


def ask_reporter(state: Ticket) -> dict[str, str]:
    """The reporter answers one question at a time."""
    return {"report": f"{state.report} {DETAILS[state.missing[0]]}"}


def make_triage() -> Graph:
    graph = Graph("triage", state=Ticket)
    graph.node(
        "assess",
        Agent(
            "assess",
            role="Triage nurse for software",
            task="Judge how complete the report is against the checklist, and how severe it is.",
            output=Assessment,
            reads=["report", "checklist"],
        ),
    )
    graph.node("ask", ask_reporter)
    graph.node(
        "answer",
        Agent(
            "answer",
            instructions="Answer in one sentence.",
            task="Tell the reporter what the handbook says about this: {{report}}",
            reads=["handbook"],
            writes="reply",
        ),
    )
    graph.parse(
        """
        START -> assess
        assess -> ask if complete < 1 max 6
        assess -> answer else
        ask -> assess
        answer -> END
        """
    )
    return graph


def test_bug_report_is_asked_for_until_it_is_complete():
    """A triage that grades, asks back and answers ends when nothing is missing, for each kind of report."""
    cases = [
        ("It crashes on save and my data is lost.", "critical", "backup folder"),
        ("The sum gives wrong results.", "serious", "second person"),
        ("The colours of the title are ugly.", "cosmetic", "theme"),
    ]
    for report, severity, told in cases:
        run = make_triage().start({"report": report, "handbook": HANDBOOK}, store=":memory:")
        result = run.resume()
        events = list(run.events())

        assert result.status == "done"
        assert result.limits == []
        assert (visits(events, "assess"), visits(events, "ask")) == (4, 3)
        assert result.state.severity == severity
        assert (result.state.complete, result.state.missing) == (1, [])
        assert told in result.state.reply
        assert result.state.reply.count(".") == 1


def test_same_graph_gives_the_same_run():
    """Two runs of one graph on the offline model agree in all but time."""
    gear = list(KILOGRAMS)
    given = {"place": "the coast", "leaflet": LEAFLET, "gear": gear, "items": gear}
    runs = [make_trip().start(given, store=":memory:") for _ in range(2)]
    for run in runs:
        run.resume()
    assert runs[0].canonical() == runs[1].canonical()
