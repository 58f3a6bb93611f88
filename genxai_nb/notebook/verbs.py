"""The table of verbs: cells, lines, what waits, options, help. Everything else reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genxai_nb.errors import UnknownName

from .debug_verbs import ANSWERS, AS, BUDGET, DEBUG_VERBS, DETACH, INPUT, INTERACTIVE, POLICY, RUN
from .display import show_text
from .help_text import help_of, help_overview
from .session_verbs import SESSION_VERBS
from .verb import Option, Verb, done_in

if TYPE_CHECKING:
    from .session import Session
    from .verb import Request


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
        done_in("overview", "look_around"),
        "What is defined, stale, running and resumable, and what was spent.",
        "%genxai",
        "genxai_nb.notebook.overview()",
    ),
    Verb(
        "agent",
        done_in("definitions", "define_agent"),
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
        done_in("definitions", "define_graph"),
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
        done_in("definitions", "define_schema"),
        "Define the schema of a state by Python annotations.",
        '%%genxai schema Draft\ntopic: str\ndraft: str = ""\nscore: float = 0  # quality from 0 to 1\n'
        "notes: list[str] = [] | append",
        "class Draft(pydantic.BaseModel): ...",
        cell=True,
        line=False,
        argument="NAME",
        required=True,
        names="schema",
    ),
    Verb(
        "run",
        done_in("running", "run_graph"),
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
        done_in("running", "ask_agent"),
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
        "chat",
        done_in("chatting", "chat_with_agent"),
        "Chat with an agent in a live panel below the cell; running the cell again goes on with the conversation.",
        "%genxai chat writer",
        "writer.chat()",
        cell=True,
        argument="AGENT",
        required=True,
        names="agent",
        text=True,
    ),
    Verb(
        "resume",
        done_in("running", "resume_run"),
        "Go on with a run that stands still, and wait for it.",
        "%genxai resume r7",
        'result = Run.load("r7", review).resume()',
        waits=True,
        argument="RUN",
        names="run",
        own=(AS, ANSWERS, BUDGET, DETACH, INTERACTIVE, POLICY, RUN),
    ),
    Verb(
        "wait",
        done_in("running", "wait_for_run"),
        "Join a run that goes on beside, and wait for it.",
        "%genxai wait",
        "result = run.begin().result()",
        waits=True,
        argument="RUN",
        names="run",
        own=(AS, RUN),
    ),
    *DEBUG_VERBS,
    Verb(
        "agents",
        done_in("tables", "list_agents"),
        "The agents of this notebook.",
        "%genxai agents",
        "genxai_nb.notebook.agents()",
    ),
    Verb(
        "tools",
        done_in("tables", "list_tools"),
        "All tools: their category, tags, and the permissions that a policy decides on.",
        "%genxai tools",
        "genxai_nb.tools.registry.describe()",
    ),
    Verb(
        "tool",
        done_in("trying", "try_tool"),
        "Run a tool by hand, and wait for its value; the policy holds.",
        "%genxai tool calculator expression=2 + 3 * 4",
        'genxai_nb.tools.registry.find("calculator")(expression="2 + 3 * 4")',
        waits=True,
        argument="TOOL",
        required=True,
        names="tool",
        text=True,
        own=(AS, Option("store", "STORE", "where the run is kept")),
    ),
    Verb(
        "graphs",
        done_in("tables", "list_graphs"),
        "The graphs of this notebook.",
        "%genxai graphs",
        "genxai_nb.notebook.graphs()",
    ),
    Verb("runs", done_in("tables", "list_runs"), "All runs, newest first.", "df = %genxai runs", "run_log()"),
    Verb(
        "prune",
        done_in("tables", "prune"),
        "Take runs out of the journal for good; without --yes it only says which would go.",
        "%genxai prune --older 30d --last 100",
        'prune_runs(older="30d", last=100)   # dry=False takes them out',
        argument="RUN ...",
        names="run",
        whole=True,
        own=(
            Option("older", "TIME", "runs that began before that, such as 30d, 12h or 2026-12-01"),
            Option("last", "N", "all runs but the newest so many"),
            Option("yes", "", "take them out; this cannot be undone"),
        ),
    ),
    Verb(
        "show",
        done_in("showing", "show"),
        "The record of a run, the picture of a graph, or a definition.",
        "%genxai show review",
        "review   # a graph shows itself",
        argument="NAME",
        names="definition",
        own=(RUN,),
    ),
    Verb(
        "export",
        done_in("exporting", "export_script"),
        "Write a graph, an agent or a run as a script of plain Python, and prove by a run that it does the same.",
        "%genxai export review review.py",
        'genxai_nb.export(review, "review.py")',
        waits=True,
        argument="NAME",
        names="exportable",
        required=True,
        second="path",
        own=(
            Option("path", "FILE", "where to write it; without it NAME.py"),
            Option("run", "ID", "the run to compare with; without it the latest that fits", names="run"),
            Option("check", "", "compare also where no run fits: definitions only"),
            Option("no-check", "", "do not compare"),
            Option("force", "", "write over a file that is not ours or that was edited"),
        ),
    ),
    Verb(
        "check",
        done_in("exporting", "check_file"),
        "Compare a script, also one that was edited by hand, with a run, event by event.",
        "%genxai check review.py r7",
        'check_script("review.py", "r7")   # from genxai_nb.export.checking',
        waits=True,
        argument="FILE.py",
        required=True,
        second="run",
        own=(
            Option("run", "ID", "the run; without it the latest of its graph that has ended", names="run"),
            Option("graph", "NAME", "what the script calls its graph, if it has several"),
            Option("store", "STORE", "where the run is kept"),
        ),
    ),
    Verb(
        "state",
        done_in("tables", "show_state"),
        "The values of a run's state as it is now.",
        "%genxai state",
        "run.state",
        argument="RUN",
        names="run",
        own=(RUN, Option("step", "N", "as it was after so many steps")),
    ),
    Verb(
        "timeline",
        done_in("tables", "show_timeline"),
        "The visits and calls of a run.",
        "df = %genxai timeline --run r7",
        "run.timeline()",
        argument="RUN",
        names="run",
        own=(RUN,),
    ),
    Verb(
        "cost",
        done_in("tables", "show_costs"),
        "What the models of a run took and cost, by node.",
        "df = %genxai cost --run r7",
        "run.costs()",
        argument="RUN",
        names="run",
        own=(RUN,),
    ),
    Verb(
        "cassette",
        done_in("tables", "show_cassette"),
        "What models answered on a cassette, which runs are answered from.",
        "%genxai cassette calls.jsonl",
        'Cassette("calls.jsonl").table()   # from genxai_nb.calls.cassette',
        argument="FILE",
        required=True,
    ),
    Verb(
        "memory",
        done_in("memories", "show_memory"),
        "What an agent remembers, what a question recalls, what a run changed in it.",
        "%genxai memory writer --query What is my name?",
        'writer.memory.recall("What is my name?")',
        waits=True,
        argument="AGENT",
        names="agent",
        required=True,
        own=(
            Option("kind", "KIND", "one kind of memory, with its own columns", names="kind"),
            Option("query", "TEXT", "what this question recalls, with score and reason", rest=True),
            Option("since", "TIME", "what was written since then, such as 7d, 12h or 2026-12-01"),
            Option("status", "STATUS", "what is current, expired, replaced, dropped or forgotten"),
            Option("changes", "", "each change in order, with its name, by whom and why"),
            Option("why", "", "the rules, and which memories stood in which prompt"),
            Option("diff", "RUN", "what a run changed, before and after", names="run"),
            RUN,
        ),
    ),
    Verb(
        "take",
        done_in("taking", "take"),
        "Pack the notebook, its runs and a script of each graph into a zip, to go on at home.",
        "%genxai take work.zip",
        'genxai_nb.notebook.take("work.zip")',
        argument="FILE.zip",
        own=(Option("force", "", "write over a file that is there"),),
    ),
    *SESSION_VERBS,
    Verb(
        "doctor",
        done_in("doctoring", "look_at_all"),
        "What is installed and configured, and what is missing.",
        "%genxai doctor --live",
        "genxai_nb.notebook.doctor(live=True)",
        waits=True,
        own=(
            Option(
                "live",
                "",
                "try each configured model with tiny calls, which may cost a fraction of a cent each",
            ),
            Option("model", "MODEL", "ask this model, not the configured ones", names="model", many=True),
        ),
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
