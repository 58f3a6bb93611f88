"""Run the quickstart's graph, a graph with a tool and a loop on each configured model, and say what was skipped and why.

python notebooks/live.py [MODEL ...]

Without a model it is a small one of each vendor whose package and key are there, and GENXAI_MODEL. Keys and other
addresses come from the environment, as docs/models.md tells. Every run has a budget of tokens.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from genxai_nb import END, START, Agent, GenXAIError, Graph, Result, run_log, tool
from genxai_nb.doctor import configured_models, find_servers
from genxai_nb.journal.cost import in_dollars
from genxai_nb.providers.vendors import VENDORS, lacking

HERE = Path(__file__).parent
PLACE = HERE.parent / "build" / "live"
TOPIC = "Function definitions"
BUDGET = "tokens=60000,calls=40"
SHORT = 12  # words


class Report(NamedTuple):
    """What a task came to: whether it did what it should, and a few words."""

    passed: bool
    said: str


@tool(read_only=True)
def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


def quickstart(model: str) -> Report:
    """Run the graph of quickstart.ipynb by the command line, as a user would."""
    command = [
        sys.executable,
        "-m",
        "genxai_nb",
        "run",
        str(HERE / "quickstart.ipynb"),
        "review",
        "--trust",
        "--json",
    ]
    options = ["--input", f"topic={TOPIC}", "--model", model, "--budget", BUDGET]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        return Report(passed=False, said=_first(done.stderr.rpartition("✕ ")[2]))
    state = json.loads(done.stdout)
    return Report(passed=bool(state["draft"]), said=f"score {state['score']}, {_first(state['draft'])}")


def use_a_tool(model: str) -> Report:
    """Let an agent add two numbers by a tool."""
    clerk = Agent(
        "clerk", role="Clerk", task="What is {{a}} + {{b}}? Call add to find out.", tools=[add], writes="sum"
    )
    graph = Graph("tool").node("clerk", clerk).edge(START, "clerk").edge("clerk", END)
    result = _run(graph, {"a": 1234, "b": 4321}, model)
    called = (result.timeline()["kind"] == "tool").sum()
    said = result.state["sum"].replace(",", "")
    return Report(bool(called) and "5555" in said, f"{called} calls, {_first(said)}")


def go_round(model: str) -> Report:
    """Let an agent shorten a text until it is short enough, at most three times."""
    editor = Agent("editor", task="Say this in fewer words, and nothing else: {{text}}", writes="text")
    graph = Graph("loop")
    graph.node("editor", editor).node("count", lambda state: {"words": len(state["text"].split())})
    graph.parse(f"START -> editor -> count\ncount -> editor if words > {SHORT} max 3\ncount -> END else")
    text = "A function definition is a statement that, when it is executed, binds the name of the function to an object."
    result = _run(graph, {"text": text}, model)
    rounds = (result.timeline()["node"] == "count").sum()
    return Report(bool(result.state["text"].strip()), f"{rounds} rounds, {result.state['words']} words")


TASKS: tuple[Callable[[str], Report], ...] = (quickstart, use_a_tool, go_round)


def main() -> int:
    """Run all tasks on all models and return the exit code: 1 if a task failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", metavar="MODEL", nargs="*", help="instead of the configured ones")
    parser.add_argument("--place", metavar="FOLDER", type=Path, default=PLACE, help="where the runs are kept")
    given = parser.parse_args()
    models = given.models or configured_models()
    given.place.mkdir(parents=True, exist_ok=True)
    os.chdir(given.place)
    os.environ["GENXAI_STORE"] = str(Path("journal.db").absolute())
    passed = [_try_one(model, task) for model in models for task in TASKS]
    for line in _skipped(models):
        print(f"○ {line}")
    if not models:
        print(
            "No model is configured, so nothing was run. docs/models.md tells which keys and addresses there are."
        )
    else:
        print(f"{sum(passed)} of {len(passed)} passed. The runs are in {os.environ['GENXAI_STORE']}")
    return 0 if all(passed) else 1


def _try_one(model: str, task: Callable[[str], Report]) -> bool:
    """Run one task, and print a line of it."""
    began, before = time.perf_counter(), len(run_log())
    try:
        report = task(model)
    except GenXAIError as exc:
        report = Report(passed=False, said=_first(str(exc)))
    costs = run_log()["cost"].iloc[: len(run_log()) - before]
    paid = "no run" if costs.empty else "cost unknown" if costs.isna().any() else in_dollars(costs.sum())
    figures = f"{time.perf_counter() - began:5.1f} s  {paid}"
    name = task.__name__.replace("_", " ")
    print(f"{'✓' if report.passed else '✕'} {model}  {name:<10}  {figures}  {report.said}", flush=True)
    return report.passed


def _skipped(models: list[str]) -> list[str]:
    """What was not tried, and why."""
    lines = [f"{name}: skipped. {lack}" for name in VENDORS if (lack := lacking(name)) is not None]
    others = [model for model in configured_models() if model not in models]
    lines += [f"{model}: skipped. Other models were named." for model in others]
    for server in find_servers():
        if server.hint.startswith("model: ") and server.hint.removeprefix("model: ") not in models:
            lines.append(
                f"{server.name}: skipped. It {server.value}; set GENXAI_MODEL={server.hint.removeprefix('model: ')}"
            )
    return lines


def _run(graph: Graph, given: dict[str, object], model: str) -> Result:
    return graph.run(given, model=model, budget=BUDGET)


def _first(text: str) -> str:
    """The first line of a text, shortened."""
    lines = text.strip().splitlines() or [""]
    return lines[0][:100]


if __name__ == "__main__":
    sys.exit(main())
