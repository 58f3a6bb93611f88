"""The proof that a script is the same workflow: its run on recorded calls, compared event by event."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import unified_diff
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

import msgspec
from msgspec import Struct, structs

from genxai_nb.graph.build import Graph
from genxai_nb.graph.canonical import canonical
from genxai_nb.journal.codec import decode_event, encode_event
from genxai_nb.journal.events import CallFinished, CallStarted, Event, RunRebased, RunStarted
from genxai_nb.journal.store import Definition

from .fingerprint import Fingerprint, Part, fingerprint_of
from .trial import Outcome
from .versions import Visit
from .visits import other_visits, told, versions_in, without

__all__ = ["LIMIT", "Checked", "Difference", "check", "compared", "parts_differ", "tried"]

LIMIT = 120.0  # seconds that a script is given

Find = Callable[[str], Definition | None]


def _nothing(_version: str) -> None:
    """Find no definition."""


_PROGRAM = "import sys; sys.path.append(sys.argv.pop(1)); from genxai_nb.export.trial import main; main(*sys.argv[1:])"


class Difference(Struct, frozen=True, kw_only=True):
    """The first thing in which a script is not what ran.

    Attributes:
        where: What differs, in words.
        run: How it was in the run.
        script: How it is in the script.
        cell: Where it comes from.
    """

    where: str
    run: str
    script: str
    cell: str = ""

    def __str__(self) -> str:
        cell = f" ({self.cell})" if self.cell else ""
        if "\n" in self.run or "\n" in self.script:
            pairs = unified_diff(
                self.run.splitlines(), self.script.splitlines(), "run", "script", lineterm="", n=1
            )
            return "\n".join([f"{self.where}{cell}", *(f"  {line}" for line in pairs)])
        return f"{self.where}{cell}\n  run:    {self.run or 'nothing'}\n  script: {self.script or 'nothing'}"


class Checked(Struct, frozen=True):
    """What a check came to.

    Attributes:
        events: How many events were compared, but for those of visits that were taken from the record.
        difference: The first difference; None if there is none.
        earlier: The visits that went by other versions than the script has, in words.
    """

    events: int
    difference: Difference | None = None
    earlier: str = ""


def check(
    script: Path,
    name: str,
    graph: Graph | None,
    recorded: Iterable[Event],
    labels: Mapping[str, str],
    *,
    limit: float = LIMIT,
    find: Find = _nothing,
) -> Checked:
    """Run a script in a fresh interpreter, in the working folder, on recorded calls, and compare.

    No call reaches the world: one that the record does not hold is itself a difference. What functions do
    by themselves, without a call, they do again.

    Args:
        script: The script.
        name: What it calls its graph.
        graph: The graph that it was made from; None to compare events only.
        recorded: The events of the run; none to compare only what the two graphs are made of.
        labels: Where the definition of each node stands.
        limit: Seconds that the script is given.
        find: Gives a definition by its version.
    """
    lines = [encode_event(event) for event in recorded]
    return compared(tried(script, name, lines, limit=limit), graph, lines, labels, find=find)


def compared(
    outcome: Outcome,
    graph: Graph | None,
    lines: Iterable[bytes],
    labels: Mapping[str, str],
    *,
    find: Find = _nothing,
) -> Checked:
    """Compare what a script's run came to with a run.

    Visits that went by earlier versions than the script's are compared by what they wrote and where they led.

    Args:
        outcome: What the script's run came to.
        graph: The graph that the script was made from; None to compare events only.
        lines: The events of the run, encoded.
        labels: Where the definition of each node stands.
        find: Gives a definition by its version, to show it where the script has another one.
    """
    order = {place.name: place.order for place in graph.build().places} if graph else outcome.order
    if outcome.fingerprint is None:
        return Checked(0, Difference(where="The script cannot be loaded", run="", script=outcome.error))
    found = parts_differ(fingerprint_of(graph), outcome.fingerprint, labels) if graph else None
    if found is None and outcome.error:
        found = Difference(where="The script's graph cannot run", run="", script=outcome.error)
    run = [decode_event(line) for line in lines]
    script = [decode_event(line) for line in outcome.events]
    versions = versions_in(outcome.fingerprint)
    other = other_visits(run, versions)
    found = found or _graphs_differ(run, outcome.fingerprint.structure, find)
    found = found or _foreign_differ(other.foreign, outcome.fingerprint, find, labels)
    asked = {event.slot for event in script if isinstance(event, CallStarted)}
    rows = _rows(without(run, other, versions, asked), order)
    found = found or _rows_differ(rows, _rows(script, order), labels)
    taken = sum(
        Visit(row.get("path", ""), row.get("node", ""), row.get("visit", 0)) in other.taken for row in rows
    )
    return Checked(len(rows) - taken, found, told(other.whole))


def tried(script: Path, name: str, lines: Sequence[bytes] = (), *, limit: float = LIMIT) -> Outcome:
    """Run a script's graph in a fresh interpreter on recorded calls; without any, only load it.

    Args:
        script: The script.
        name: What it calls its graph; empty for the one that has the name of the run's.
        lines: The events of the run that has recorded them, encoded.
        limit: Seconds that the script is given.
    """
    with TemporaryDirectory(prefix="genxai-") as folder:
        place = Path(folder)
        record, outcome = place / "record", place / "outcome"
        record.write_bytes(msgspec.msgpack.encode(lines))
        here = str(Path(__file__).parents[2])
        words = [
            sys.executable,
            "-I",
            "-c",
            _PROGRAM,
            here,
            str(script.absolute()),
            name,
            str(record),
            str(outcome),
        ]
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter
                words,
                timeout=limit,
                capture_output=True,
                text=True,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return Outcome(error=f"it took longer than {limit:g} s")
        if not outcome.is_file():
            last = done.stderr.strip().splitlines()[-1:] or [f"it ended with code {done.returncode}"]
            return Outcome(error=last[0])
        found: Outcome = msgspec.msgpack.decode(outcome.read_bytes(), type=Outcome)
        return found


# ── events ───────────────────────────────────────────────────────────────────────────────────


def _rows(events: Iterable[Event], order: Mapping[str, int]) -> list[dict[str, Any]]:
    """Events in canonical order, without what tells only how an answer came."""
    events = list(_outermost(map(_bare, events)))
    text = canonical(events, order)
    return [msgspec.json.decode(row) for row in text.split(b"\n")] if text else []


def _outermost(events: Iterable[Event]) -> Iterator[Event]:
    """The events without what tools asked in turn: a tool that is answered from the record asks nothing."""
    tools: set[str] = set()
    inside: set[str] = set()
    for event in events:
        if isinstance(event, CallStarted):
            if event.kind == "tool":
                tools.add(event.slot)
            if event.parent in tools or event.parent in inside:
                inside.add(event.slot)
        if getattr(event, "slot", None) not in inside:
            yield event


def _bare(event: Event) -> Event:
    if isinstance(event, CallStarted):
        return structs.replace(event, maybe_repeated=False, edited=False)
    if isinstance(event, CallFinished):
        said = {"reused": False, "by_hand": False}
        if "cost" in event.__struct_fields__:
            said["cost"] = None  # type: ignore[assignment]  # what it cost is no part of what happened
        return structs.replace(event, **said)
    return event


def _rows_differ(
    run: list[dict[str, Any]], script: list[dict[str, Any]], labels: Mapping[str, str]
) -> Difference | None:
    for one, other in zip_longest(run, script, fillvalue=None):
        if one == other:
            continue
        row = one or other or {}
        if one is not None and other is not None and _key(one) != _key(other):
            row = other if one in script else one
            one, other = (one, None) if row is one else (None, other)
        where, before, after = _first_in(one, other)
        node = str(row.get("node", "")) or _node_of(row, run + script)
        return Difference(
            where=f"{_said(row, node)}{where and f', {where}'}",
            run=_short(before),
            script=_short(after),
            cell=labels.get(node, ""),
        )
    return None


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("event", "path", "node", "visit", "index", "slot"))


def _node_of(row: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> str:
    """The node whose call an event without a place belongs to."""
    slot = row.get("slot")
    starts = (each for each in rows if slot and each["event"] == "call_started" and each["slot"] == slot)
    return str(next(starts, {}).get("node", ""))


def _said(row: Mapping[str, Any], node: str) -> str:
    what = str(row.get("event", "")).replace("_", " ")
    visit = f", visit {row['visit']}" if row.get("visit", 1) > 1 else ""
    return f"{what} of {node}{visit}" if node else what


def _first_in(one: Any, other: Any, path: str = "") -> tuple[str, Any, Any]:
    """The innermost place at which two rows differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            if one.get(key) != other.get(key):
                return _first_in(one.get(key), other.get(key), f"{path}.{key}".lstrip("."))
    if isinstance(one, list) and isinstance(other, list):
        for number, (left, right) in enumerate(zip_longest(one, other)):
            if left != right:
                return _first_in(left, right, f"{path}[{number}]")
    return path, one, other


def _short(value: Any) -> str:
    if value is None:
        return ""
    shown = value if isinstance(value, str) else repr(value)
    return shown if len(shown) <= 300 else f"{shown[:297]}..."


# ── definitions ──────────────────────────────────────────────────────────────────────────────


def _graphs_differ(run: Sequence[Event], script: Part, find: Find) -> Difference | None:
    """Another graph than a run began with: no script is two graphs, as a run is that was rebased."""
    began = next((event.structure for event in run if isinstance(event, RunStarted)), script.version)
    if began == script.version:
        return None
    kept, rebased = find(began), any(isinstance(event, RunRebased) for event in run)
    return Difference(
        where=f"nodes, edges or reducers{': the run was rebased on another graph half way' if rebased else ''}",
        run=kept.spec if kept else f"version {began[:8]}",
        script=script.text,
    )


def _foreign_differ(
    foreign: Mapping[str, str], script: Fingerprint, find: Find, labels: Mapping[str, str]
) -> Difference | None:
    """The first node of which a script has a version that the run did not go by."""
    for node, version in foreign.items():
        part, kept = script.parts[node], find(version)
        text = (kept.source or kept.spec).strip() if kept else ""
        same = not text or _same_code(text, part.text)
        return Difference(
            where=f"definition of {node}",
            run=f"version {version[:8]}{text and ', by something that it uses'}" if same else text,
            script=f"version {part.version[:8]}" if same else part.text.strip(),
            cell=labels.get(node, ""),
        )
    return None


def _same_code(one: str, other: str) -> bool:
    return _bare_text(one) == _bare_text(other)


def _bare_text(text: str) -> str:
    """The code in a text without its layout and comments; of what is no code, the text."""
    try:
        return ast.unparse(ast.parse(dedent(text)))
    except SyntaxError:
        return text.strip()


def parts_differ(run: Fingerprint, script: Fingerprint, labels: Mapping[str, str]) -> Difference | None:
    """The first definition, option or constant in which two graphs differ, told by their texts."""
    pairs = [
        (name, run.parts.get(name, Part("")), script.parts.get(name, Part("")))
        for name in [*run.parts, *(name for name in script.parts if name not in run.parts)]
    ]
    different = [
        (name, one, other, _same_code(one.text, other.text))
        for name, one, other in pairs
        if one.version != other.version
    ]
    for name, one, other, same in sorted(different, key=lambda each: each[3]):
        return Difference(
            where=name if " " in name or name == "schema" else f"definition of {name}",
            run=f"version {one.version[:8]}, by something that it uses" if same else one.text.strip(),
            script=f"version {other.version[:8]}" if same else other.text.strip(),
            cell=next((labels[word] for word in re.findall(r"\w+", name) if labels.get(word)), ""),
        )
    if run.structure.version != script.structure.version:
        return Difference(
            where="nodes, edges or reducers", run=run.structure.text, script=script.structure.text
        )
    return None
