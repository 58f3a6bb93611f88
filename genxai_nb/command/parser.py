"""What can be typed after ``genxai-nb``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from typing import Any, NoReturn

from genxai_nb.errors import suggest

from .exits import WRONG

__all__ = ["read_arguments"]

_EPILOG = """\
exit codes:
  0 done   1 failed   2 wrong usage or definition   3 paused, or a person has to answer   130 interrupted
"""
_RUN = """\
Run a graph of a Python file or of a notebook, and print its final state.

A .py file is imported, without what stands below `if __name__ == "__main__"`. Of a notebook, the cells
%%genxai agent, schema and graph are read, and code cells that only import and define; other code cells run
with --trust, as far as the first run cell. The graph's own functions run in any case. The input is that of
the notebook's last run cell of the graph, with what --input says in its place.
"""
_MEMORY = """\
Show what an agent remembers: facts that last, and the conversation and values of its latest run.
"""
_RESUME = """\
Go on with a run where it stands: finished nodes do not run again, finished calls are not repeated.
Of a run that has ended, print its final state again.
"""
_EXPORT = """\
Write a graph of a Python file or of a notebook as one script of plain Python, with all that it uses and
nothing else, and prove that it does the same: the script runs in a fresh interpreter on the recorded calls of
a run, and its events are compared with that run's one by one.
"""
_CHECK = """\
Run a script's graph in a fresh interpreter on the recorded calls of a run, and compare the two event by event. No call
reaches the world, and a script that would run a graph by itself while it is loaded is refused. The first difference is
told, in definitions, prompts, calls or values, with both sides.
"""
_PRUNE = """\
Take runs out of the journal, with the large values that only they refer to, and make its file smaller. Without --yes
it only says which would go. By --older and --last only runs that have ended are meant. A run that is being driven
stays, and one that a run which stays was forked from. What agents remember stays.
"""
_MCP = """\
Offer builtin and installed tools by the Model Context Protocol.

Without --http it talks on standard input and output, as a program that starts it expects. Nobody is there to be
asked, so what the policy asks a person about is denied. Each call is a run in the store.
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong as all our errors do."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG, f"✕ {message[:1].upper()}{message[1:]}.\n  {self._hint(message)}\n")

    def _hint(self, message: str) -> str:
        word = re.search(r"(?:unrecognized arguments: |invalid choice: ')([^\s']+)", message)
        names = [name for action in self._actions for name in action.option_strings]
        commands = [name for action in self._actions for name in (action.choices or ())]
        near = suggest(word[1], names if word[1].startswith("-") else commands) if word else ""
        return near if near.startswith("Did") else f"See: {self.prog} --help"


def read_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the words of the command line; ``act`` of what is returned does what they ask.

    Raises:
        SystemExit: They cannot be read, or ask for help.
    """
    parser = _parser()
    given, left = parser.parse_known_args(words)
    if len(left) == 1 and not left[0].startswith("-") and getattr(given, "graph", "") is None:
        given.graph = left.pop()  # a graph's name behind the options, which argparse does not look for
    if left:
        given.parser.error(f"unrecognized arguments: {' '.join(left)}")
    return given


def _parser() -> _Parser:
    parser = _Parser(
        prog="genxai-nb",
        description="Run graphs of agents from the command line.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"genxai-nb {metadata.version('genxai-nb')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    run = _command(commands, "run", "run a graph of a file", "running:run_file", _RUN)
    _file(run)
    run.add_argument(
        "--input",
        metavar="KEY=VALUE",
        nargs="+",
        action="extend",
        default=[],
        help="values of the input, typed by the schema; without one, numbers, true, false, null, [...] and "
        "{...} are such, and all else is text",
    )
    run.add_argument("--model", metavar="MODEL", help="use this model for all agents")
    run.add_argument(
        "--cassette",
        metavar="FILE",
        help="answer models from this file if it is there, else record them in it",
    )
    _driving(run)

    resume = _command(commands, "resume", "go on with a run", "running:resume_file", _RESUME)
    resume.add_argument("run", metavar="RUN", help="its id, such as r7; see genxai-nb runs")
    _file(resume)
    _driving(resume)

    _scripts(commands)
    _journal(commands)
    _memory(commands)
    _mcp(commands)
    doctor = _command(
        commands, "doctor", "say what is installed, and what is missing", "doctoring:look_at_all"
    )
    doctor.add_argument(
        "--live",
        action="store_true",
        help="try each configured model with tiny calls, which may cost a fraction of a cent each",
    )
    doctor.add_argument(
        "--model", metavar="MODEL", action="append", default=[], help="with --live: ask this model instead"
    )
    _store(doctor)
    doctor.add_argument("--json", action="store_true", help="print what was found as one line of JSON")

    tools = _command(commands, "tools", "list the tools that agents and graphs may name", "lists:list_tools")
    tools.add_argument("--json", action="store_true", help="print them as one line of JSON")
    return parser


def _command(commands: Any, name: str, help_: str, place: str, text: str = "") -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_,
        description=text or f"{help_.capitalize()}.",
        epilog=_EPILOG if text else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(act=_later(place), parser=parser)
    parser.add_argument("--traceback", action="store_true", help="show where in Python an error came from")
    return parser


def _scripts(commands: Any) -> None:
    export = _command(commands, "export", "write a graph as a script", "exporting:export_file", _EXPORT)
    _file(export)
    export.add_argument(
        "-o",
        "--out",
        metavar="OUT.py",
        help="where to write the script; by default GRAPH.py in the working folder",
    )
    export.add_argument(
        "--run", metavar="RUN", help="the run to compare with; by default the latest that fits"
    )
    export.add_argument(
        "--check",
        action=argparse.BooleanOptionalAction,
        help="run the script on that run's recorded calls and compare; by default where there is such a run",
    )
    export.add_argument(
        "--force", action="store_true", help="write over a file that is not ours or was edited"
    )
    _store(export)
    export.add_argument("--json", action="store_true", help="print what was done as one line of JSON")

    check = _command(commands, "check", "compare a script with a run", "exporting:check_file", _CHECK)
    check.add_argument("file", metavar="FILE.py", help="the script, as the export wrote it or edited by hand")
    check.add_argument(
        "run", metavar="RUN", nargs="?", help="the run; by default the latest of its graph that has ended"
    )
    check.add_argument("--graph", metavar="NAME", help="what the script calls its graph, if it has several")
    _store(check)
    check.add_argument("--json", action="store_true", help="print what was found as one line of JSON")


def _journal(commands: Any) -> None:
    runs = _command(commands, "runs", "list the runs, newest first", "lists:list_runs")
    _store(runs)
    runs.add_argument("--json", action="store_true", help="print them as one line of JSON")

    prune = _command(commands, "prune", "take runs out of the journal for good", "lists:prune", _PRUNE)
    prune.add_argument("runs", metavar="RUN", nargs="*", help="runs by their ids")
    prune.add_argument(
        "--older", metavar="TIME", help="runs that began before that, such as 30d, 12h or 2026-12-01"
    )
    prune.add_argument("--last", metavar="N", type=int, help="all runs but the newest so many")
    prune.add_argument("--yes", action="store_true", help="take them out; this cannot be undone")
    _store(prune)
    prune.add_argument("--json", action="store_true", help="print what goes as one line of JSON")


def _memory(commands: Any) -> None:
    memory = _command(commands, "memory", "show what agents remember", "memories:show_memory", _MEMORY)
    memory.add_argument(
        "agent", metavar="AGENT", nargs="?", help="its name; without one, the agents there are"
    )
    memory.add_argument("--kind", metavar="KIND", help="one kind of memory, with its own columns")
    memory.add_argument("--query", metavar="TEXT", help="what this question recalls, with score and reason")
    memory.add_argument(
        "--since", metavar="TIME", help="what was written since then, such as 7d or 2026-12-01"
    )
    memory.add_argument(
        "--status", metavar="STATUS", help="what is current, expired, replaced, dropped or forgotten"
    )
    memory.add_argument(
        "--changes", action="store_true", help="each change in order, with its name, by whom and why"
    )
    memory.add_argument("--why", action="store_true", help="which memories stood in which prompt of a run")
    memory.add_argument("--diff", metavar="RUN", help="what a run changed, before and after")
    memory.add_argument("--run", metavar="RUN", help="the run whose conversation and values are shown")
    _store(memory)
    memory.add_argument("--json", action="store_true", help="print the rows as one line of JSON")


def _mcp(commands: Any) -> None:
    mcp = _command(commands, "mcp", "offer tools to other programs by MCP", "offering:offer_tools", _MCP)
    mcp.add_argument(
        "--tools", metavar="NAME", nargs="+", action="extend", default=[],
        help="tools by name, @category or @tag; by default @computation, @data and @file",
    )  # fmt: skip
    mcp.add_argument(
        "--policy", metavar="NAME", default="default", help="what they may do: default, safe or open"
    )
    mcp.add_argument(
        "--http", metavar="HOST:PORT", help="serve at http://HOST:PORT/mcp instead of standard input"
    )
    _store(mcp)


def _later(place: str) -> Callable[[argparse.Namespace], int]:
    """The function of a command, imported when it is called, so that help stays quick."""

    def act(given: argparse.Namespace) -> int:
        module, _, name = place.partition(":")
        code: int = getattr(import_module(f".{module}", __package__), name)(given)
        return code

    return act


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a .py or .ipynb file that defines the graph")
    parser.add_argument("graph", metavar="GRAPH", nargs="?", help="the graph's name, if it defines several")
    parser.add_argument("--trust", action="store_true", help="run a notebook's other code cells too")


def _driving(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--answer",
        metavar="NODE=VALUE",
        nargs="+",
        action="extend",
        default=[],
        help="answers of people to human nodes",
    )
    parser.add_argument(
        "--answers", metavar="FILE", help="a YAML or JSON file of answers by node (GENXAI_ANSWERS)"
    )
    parser.add_argument(
        "--interactive",
        action=argparse.BooleanOptionalAction,
        help="ask on standard input what nobody has answered; by default where that is a terminal",
    )
    parser.add_argument(
        "--policy", metavar="NAME", help="what tools may do: default, safe or open (GENXAI_POLICY bounds it)"
    )
    parser.add_argument(
        "--budget",
        metavar="BUDGET",
        help="what the run may spend in all: dollars, or calls=10,tokens=20000,seconds=60",
    )
    _store(parser)
    parser.add_argument(
        "--json", action="store_true", help="print the final state as one line of JSON, and no progress"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="show progress with --json too")


def _store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store", metavar="STORE", help="where runs are kept (GENXAI_STORE; else .genxai/journal.db)"
    )
