"""The commands ``run`` and ``resume``."""

from __future__ import annotations

import sys
import traceback
from argparse import Namespace
from contextlib import redirect_stdout
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING

from msgspec import structs

from genxai_nb.errors import GenXAIError, NodeFailed, RunBusy, RunNotFound
from genxai_nb.graph.absent import absent_input
from genxai_nb.graph.build import Graph
from genxai_nb.graph.question import question_in
from genxai_nb.graph.run import Run
from genxai_nb.guard.policy import policy_from
from genxai_nb.journal import open_store
from genxai_nb.journal.cost import Cost, cost_in_words
from genxai_nb.journal.events import CallFinished, CallStarted
from genxai_nb.journal.summary import summarize
from genxai_nb.settings import read_settings
from genxai_nb.templates import readable

from .definitions import opened
from .exits import DONE, WAITING, exit_of, unanswered
from .joining import drive
from .keeping import keep_script_of
from .lists import journal_of
from .person import Person
from .printing import as_json, error_block, plain, put, tell
from .progress import Progress
from .values import read_answers, read_inputs

if TYPE_CHECKING:
    from genxai_nb.graph.result import Result

__all__ = ["resume_file", "run_file"]

MEMORY = ":memory:"


def run_file(given: Namespace) -> int:
    """Run a graph of a file to its end, and print its final state.

    Returns:
        The exit code.

    Raises:
        GenXAIError: The file, the graph or the input is not sound, so that no run has begun.
    """
    store, answers = _store(given), read_answers(given.answers, given.answer)
    with redirect_stdout(sys.stderr), opened(given.file, given.graph, trust=given.trust) as file:
        for notice in file.notices:
            tell(notice)
        values = file.start_values(read_inputs(given.input, file.graph.schema.model))
        run = file.graph.start(
            values,
            model=given.model or file.model,
            store=store,
            answers={**file.answers, **answers},
            interactive=_somebody_is_there(given),
            policy=given.policy,
            budget=given.budget,
            cassette=given.cassette,
        )
        keep_script_of(file, run)
        code, result = _carried_on(run, given)
    if code == DONE and result is not None:
        _print_state(result, given)
    return code


def resume_file(given: Namespace) -> int:
    """Go on with a run, and print its final state.

    Returns:
        The exit code.

    Raises:
        RunNotFound: No run of that id is in the store.
        GenXAIError: The file or its graph is not sound, or is not the run's.
    """
    store, answers = _store(given), read_answers(given.answers, given.answer)
    name = given.graph or _graph_of(given, store)
    with redirect_stdout(sys.stderr), opened(given.file, name, trust=given.trust) as file:
        for notice in file.notices:
            tell(notice)
        run = Run.load(given.run, file.graph, store)
        run.options = structs.replace(
            run.options,
            answers={**file.answers, **answers},
            interactive=_somebody_is_there(given),
            policy=policy_from(given.policy),
        )
        if given.budget:
            run.set_budget(given.budget)
        keep_script_of(file, run)
        code, result = _carried_on(run, given)
    if code == DONE and result is not None:
        _print_state(result, given)
    return code


def _store(given: Namespace) -> str:
    """Where runs are kept, as a place that does not depend on the working folder."""
    place = journal_of(given.store)
    return MEMORY if place is None else str(place)


def _graph_of(given: Namespace, store: str) -> str:
    """The name of a run's graph."""
    place = Path(store)
    beside = Path(given.file).expanduser().resolve().parent / ".genxai" / "journal.db"
    hint = (
        f"There is a journal beside the file: --store {beside}"
        if beside.is_file() and beside != place
        else ""
    )
    if store != MEMORY and not place.is_file():
        raise RunNotFound(f"No run {given.run!r}: there is no journal {store}.", hint=hint, run_id=given.run)
    try:
        return open_store(store).row(given.run).graph
    except RunNotFound as exc:
        raise RunNotFound(exc.what, hint=f"{exc.hint} {hint}".strip(), run_id=given.run) from exc


def _somebody_is_there(given: Namespace) -> bool:
    if given.interactive is not None:
        return bool(given.interactive)
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _carried_on(run: Run, given: Namespace) -> tuple[int, Result | None]:
    """Drive a run and say how it ends; what stops it is printed here."""
    shown = not given.json or given.verbose
    progress = Progress(tell) if shown else None
    person = Person(_show, sys.stdin.readline) if run.options.interactive else None
    if shown:
        tell(f"  {getattr(run.graph, 'name', '')}, run {run.run_id}")
    try:
        result = drive(run, progress, person)
    except GenXAIError as exc:
        if given.traceback:
            tell("".join(traceback.format_exception(exc)))
        tell(_ending(exc, run, given))
        return exit_of(exc, driving=True), None
    if result.status != "done":
        tell(_standing(run, given))
        return WAITING, result
    if shown:
        tokens = result.usage.total
        spent = f" · {tokens:,} tokens" if tokens else ""
        cost = summarize(run.events()).cost
        spent += "" if cost == Cost() else f" · {cost_in_words(cost)}"
        tell(f"✓ {getattr(run.graph, 'name', '')}, run {run.run_id}: done · {run.steps} steps{spent}")
    return DONE, result


def _show(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _ending(error: GenXAIError, run: Run, given: Namespace) -> str:
    """What stopped a run, and the command that goes on with it."""
    if unanswered(error):
        return _waiting(run, given)
    absent = absent_input(run.events(), run.graph) if isinstance(run.graph, Graph) else ""
    if absent:
        return error_block(error, f"Run it anew with --input {absent}=...")
    again = "" if isinstance(error, RunBusy) else _again(run, given)
    mend = "Mend it, then: " if isinstance(error, NodeFailed) else "Go on with: "
    return error_block(error, f"{mend}{again}" if again else "")


def _waiting(run: Run, given: Namespace) -> str:
    """What a run asks, and the command that answers it."""
    asked: dict[str, CallStarted] = {}
    for event in run.events():
        if type(event) is CallStarted and event.kind == "human":
            asked[event.slot] = event
        elif type(event) is CallFinished:
            asked.pop(event.slot, None)
    lines = []
    for call in asked.values():
        question = question_in(call.request)
        answers = f" ({', '.join(question.offered)})" if question.offered else ""
        lines.append(f"node {call.node!r} asks {question.prompt!r}{answers}")
    option = " ".join(
        ["--answer", *(f"{node}=..." for node in dict.fromkeys(c.node for c in asked.values()))]
    )
    again = _again(run, given) or "genxai-nb run ..."
    return "\n  ".join(
        [
            f"◇ Run {run.run_id} needs an answer: {'; '.join(lines)}.",
            f"Give it with {option}: {again} {option}",
        ]
    )


def _standing(run: Run, given: Namespace) -> str:
    """Where a run stands, and the command that goes on with it."""
    if run.questions:
        return _waiting(run, given)
    why = f": {run.reason}" if run.reason else ""
    again = _again(run, given)
    lines = [f"‖ Run {run.run_id} is paused after step {run.steps}{why}."]
    return "\n  ".join([*lines, f"Go on with: {again}"] if again else lines)


def _again(run: Run, given: Namespace) -> str:
    """The command that resumes a run; empty when the run goes with this process."""
    if (given.store or read_settings().store) == MEMORY:
        return ""
    words = ["genxai-nb", "resume", run.run_id, given.file]
    words += [given.graph] if given.graph else []
    words += ["--trust"] if given.trust else []
    words += ["--store", given.store] if given.store else []
    return join(words)


def _print_state(result: Result, given: Namespace) -> None:
    state = result.state
    put(as_json(state) if given.json else plain(readable(state)))
