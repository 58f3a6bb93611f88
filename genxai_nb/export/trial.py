"""Inside a fresh interpreter: runs a script's graph on the calls that a run has recorded.

Usage: ``python -I -c "..." SCRIPT GRAPH RECORD OUTCOME``, as `check` starts it.
"""

from __future__ import annotations

import ast
import sys
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from genxai_nb.errors import GenXAIError, UnknownName
from genxai_nb.graph.build import Graph
from genxai_nb.graph.loading import only_loading
from genxai_nb.journal.codec import decode_event, encode_event
from genxai_nb.journal.events import Event, RunFailed, RunStarted

from .fingerprint import Fingerprint, fingerprint_of
from .replayed import take_from_record
from .visits import other_visits, versions_in

__all__ = ["Outcome", "main"]


class Outcome(msgspec.Struct):
    """What the script's run came to.

    Attributes:
        events: Its events, encoded.
        fingerprint: What its graph is made of.
        order: The order of its nodes, in which events are compared.
        error: What stopped the script before its run.
        name: The graph's name.
        structure: The version of its structure.
        definitions: The versions of its definitions, by node.
    """

    events: list[bytes] = []
    fingerprint: Fingerprint | None = None
    order: dict[str, int] = {}
    error: str = ""
    name: str = ""
    structure: str = ""
    definitions: dict[str, str] = {}


def main(script: str, graph: str, record: str, outcome: str) -> None:
    """Run the graph of a script and write down what came of it.

    Args:
        script: The script's file.
        graph: What it calls its graph; empty for the one that the run was of.
        record: The file with the recorded events.
        outcome: The file for the outcome.
    """
    with redirect_stdout(sys.stderr):
        found = _tried(Path(script), graph, Path(record))
    Path(outcome).write_bytes(msgspec.msgpack.encode(found))


def _tried(script: Path, name: str, record: Path) -> Outcome:
    events = [decode_event(line) for line in msgspec.msgpack.decode(record.read_bytes(), type=list[bytes])]
    ran = events[0].graph if events and isinstance(events[0], RunStarted) else ""
    try:
        graph = _graph_of(vars(_loaded(script)), name, ran)
        order = {place.name: place.order for place in graph.build().places}
        fingerprint = fingerprint_of(graph)
        found = Outcome(
            name=graph.name,
            structure=graph.structure,
            definitions={definition.name: definition.hash for definition in graph.definitions()},
            fingerprint=fingerprint,
            order=order,
        )
    except Exception as exc:  # noqa: BLE001 - a script that was edited may raise anything
        return Outcome(error=f"{type(exc).__name__}: {exc}")
    if events:
        try:
            other = other_visits(events, versions_in(fingerprint))
            take_from_record(graph, other.taken, events)
            found.events = [encode_event(event) for event in _replayed(graph, events)]
        except GenXAIError as exc:
            found.error = exc.what
    return found


def _loaded(script: Path) -> ModuleType:
    """The script as the main module, all but its last part, which reads the command line."""
    module = ModuleType("__main__")
    module.__file__ = str(script)
    sys.modules["__main__"] = module
    tree = ast.parse(script.read_bytes(), str(script))
    tree.body = [part for part in tree.body if not isinstance(part, ast.If) or not _is_guard(part)]
    with only_loading(script.name):
        exec(compile(tree, str(script), "exec", dont_inherit=True), vars(module))  # noqa: S102 - it is to be tried
    return module


def _graph_of(space: dict[str, Any], name: str, ran: str) -> Any:
    """The graph that a script calls by a name; without one, that of the run's name, or the only one in no other.

    Raises:
        UnknownName: There is no such graph, or it is not clear which one is meant.
    """
    graphs = {word: value for word, value in space.items() if isinstance(value, Graph)}
    within = {id(graph.definition_of(node).definition) for graph in graphs.values() for node in graph.nodes}
    if name in graphs:
        return graphs[name]
    named = {id(graph): graph for graph in graphs.values() if not name and graph.name == ran}
    only = named or {id(graph): graph for graph in graphs.values() if not name and id(graph) not in within}
    if len(only) != 1:
        hint = f"Name it: {', '.join(sorted(graphs))}." if graphs else "It makes no graph."
        raise UnknownName("graph of the script", name or ran, graphs, hint=hint)
    return next(iter(only.values()))


def _is_guard(part: ast.If) -> bool:
    return ast.unparse(part.test).replace('"', "'") == "__name__ == '__main__'"


def _replayed(graph: Any, recorded: list[Event]) -> list[Event]:
    from genxai_nb.calls.expected import expect_answers

    expect_answers()
    started = recorded[0]
    if not isinstance(started, RunStarted):
        return []
    run = graph.start(started.input, model=started.model, store=":memory:")
    run.replaying(recorded)
    # Where the run failed the script does too, and it is taken up again as that was.
    taken_up = sum(isinstance(event, RunFailed) for event in recorded[:-1])
    for _ in range(1 + taken_up):
        try:
            run.resume()
            break
        except GenXAIError as exc:
            print(exc, file=sys.stderr)  # noqa: T201 - the journal has it; this is for a person who looks on
    events: list[Event] = run.events()
    return events
