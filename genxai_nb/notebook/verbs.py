"""The table of verbs: cells, lines, what waits, options, help. Everything else reads it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import UnknownName

from .display import show_text
from .help_text import help_of, help_overview
from .verb import Option, Verb

if TYPE_CHECKING:
    from .session import Session
    from .verb import Request

AS = Option("as", "NAME", "bind the result to NAME instead of result")
ANSWERS = Option("answers", "FILE", "answers of people by node name, a YAML or JSON file")
DETACH = Option("detach", "", "return at once; %genxai wait joins the run")
INPUT = Option("input", "KEY=VALUE", "a value of the input", many=True)
RUN = Option("run", "ID", "a run other than the latest", names="run")


def _in(module: str, function: str) -> Callable[[Session, Request], Any]:
    """The function that does a verb; its module loads at the first use, so that loading the extension is quick."""

    def perform(session: Session, request: Request) -> Any:
        return getattr(import_module(f".{module}", __package__), function)(session, request)

    return perform


def give_help(_session: Session, request: Request) -> None:
    """Show help on all verbs, or on one.

    Raises:
        UnknownName: There is no such verb.
    """
    if not request.name:
        show_text(help_overview(VERBS))
        return
    verb = find(request.name)
    if verb is None:
        raise UnknownName("verb", request.name, names())
    show_text(help_of(verb))


VERBS: tuple[Verb, ...] = (
    Verb(
        "",
        _in("overview", "look_around"),
        "What is defined, stale, running and resumable, and what was spent.",
        "%genxai",
        "genxai_nb.notebook.overview()",
    ),
    Verb(
        "agent",
        _in("definitions", "define_agent"),
        "Define an agent by its fields.",
        "%%genxai agent writer\nrole: Technical writer\ntask: Write about {{topic}}.\nwrites: draft",
        'writer = Agent("writer", role="Technical writer", task="Write about {{topic}}.", writes="draft")',
        cell=True,
        line=False,
        argument="NAME",
        required=True,
        names="agent",
    ),
    Verb(
        "graph",
        _in("definitions", "define_graph"),
        "Define a graph by its lines.",
        "%%genxai graph review --state Draft\nSTART -> writer -> critic\n"
        "critic -> writer if score < 0.8 max 3\ncritic -> END else",
        'review = Graph("review", state=Draft).parse("START -> writer -> critic")',
        cell=True,
        line=False,
        argument="NAME",
        required=True,
        names="graph",
    ),
    Verb(
        "schema",
        _in("definitions", "define_schema"),
        "Define the schema of a state by Python annotations.",
        "%%genxai schema Draft\ntopic: str\nscore: float = 0  # quality from 0 to 1\nnotes: list[str] = [] | append",
        "class Draft(pydantic.BaseModel): ...",
        cell=True,
        line=False,
        argument="NAME",
        required=True,
        names="schema",
    ),
    Verb(
        "run",
        _in("running", "run_graph"),
        "Run a graph with the input below, and wait for it.",
        "%%genxai run review\ntopic: solid-state batteries",
        'result = review.run({"topic": "solid-state batteries"})',
        cell=True,
        waits=True,
        argument="GRAPH",
        required=True,
        names="graph",
        own=(INPUT,),
    ),
    Verb(
        "ask",
        _in("running", "ask_agent"),
        "Ask an agent, and wait for its answer.",
        "%genxai ask writer What is an anode?",
        'answer = writer.ask("What is an anode?")',
        cell=True,
        waits=True,
        argument="AGENT",
        required=True,
        names="agent",
        text=True,
    ),
    Verb(
        "resume",
        _in("running", "resume_run"),
        "Go on with a run that stands still, and wait for it.",
        "%genxai resume r7",
        'result = Run.load("r7", review).resume()',
        waits=True,
        argument="RUN",
        names="run",
        own=(AS, ANSWERS, DETACH, RUN),
    ),
    Verb(
        "wait",
        _in("running", "wait_for_run"),
        "Join a run that goes on beside, and wait for it.",
        "%genxai wait",
        "result = run.begin().result()",
        waits=True,
        argument="RUN",
        names="run",
        own=(AS, RUN),
    ),
    Verb(
        "agents",
        _in("tables", "list_agents"),
        "The agents of this notebook.",
        "%genxai agents",
        "genxai_nb.notebook.agents()",
    ),
    Verb(
        "tools",
        _in("tables", "list_tools"),
        "All tools.",
        "%genxai tools",
        "genxai_nb.tools.registry.describe()",
    ),
    Verb(
        "graphs",
        _in("tables", "list_graphs"),
        "The graphs of this notebook.",
        "%genxai graphs",
        "genxai_nb.notebook.graphs()",
    ),
    Verb("runs", _in("tables", "list_runs"), "All runs, newest first.", "df = %genxai runs", "run_log()"),
    Verb(
        "show",
        _in("showing", "show"),
        "The record of a run, the picture of a graph, or a definition.",
        "%genxai show review",
        "review   # a graph shows itself",
        argument="NAME",
        names="definition",
        own=(RUN,),
    ),
    Verb(
        "state",
        _in("tables", "show_state"),
        "The values of a run's state as it is now.",
        "%genxai state",
        "run.state",
        argument="RUN",
        names="run",
        own=(RUN,),
    ),
    Verb(
        "timeline",
        _in("tables", "show_timeline"),
        "The visits and calls of a run.",
        "df = %genxai timeline --run r7",
        "run.timeline()",
        argument="RUN",
        names="run",
        own=(RUN,),
    ),
    Verb(
        "help",
        give_help,
        "What there is, or how one verb is written.",
        "%genxai help run",
        'genxai_nb.notebook.help("run")',
        argument="VERB",
        names="verb",
    ),
)

AWAITED = tuple(verb.name for verb in VERBS if verb.waits)


def find(name: str) -> Verb | None:
    """The verb of that name."""
    return next((verb for verb in VERBS if verb.name == name), None)


def names() -> list[str]:
    """The names of all verbs."""
    return [verb.name for verb in VERBS if verb.name]
