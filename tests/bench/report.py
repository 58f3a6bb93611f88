"""The page and the picture of a measurement."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from html import escape
from pathlib import Path

OURS, BARE = "ours", "bare"
NAMES = {
    "ours": "genxai_nb",
    "bare": "bare asyncio",
    "pydantic_graph": "pydantic-graph",
    "pydantic_ai": "pydantic-ai",
}
COLOURS = {"ours": "#0b6e4f", "bare": "#9aa5b1"}
HEAD = """# Benchmarks

`make bench-quick` measures genxai_nb beside other libraries on the same work and writes this page; `make bench`
takes more rounds. Every cell is a fresh process, each library has a virtual environment of its own, and
the libraries take turns within a round, so that a ratio compares neighbours in time. What is built before a run
is not timed, and each result is checked. genxai_nb is installed from this tree and runs as it does in a
notebook: events on, a watcher on each run, no special path. "Bare asyncio" is the work written by hand, without
anything around it; where steps are durable it commits as many bytes as our journal does.
"""

WHY = {
    "resume": "Before the first step the version of the body that was under way is taken, those of others as they begin.",
    "disk": "Two facts a step, with the keys that were read and the times, beside what the step changed.",
}


@dataclass(frozen=True)
class Workload:
    """One kind of work: its figure is a field of what was measured, times a factor."""

    name: str
    title: str
    unit: str
    factor: float
    given: dict[str, float]
    bar: float | None = None
    work: str = ""
    field: str = "median"

    def __post_init__(self) -> None:
        object.__setattr__(self, "work", self.work or self.name)


def called(peer: str) -> str:
    return NAMES.get(peer, peer)


def shown(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def ratio(rows: dict[str, list[float]], peer: str) -> float:
    """How many times as much as ours it took, within a round; the median of the rounds."""
    return statistics.median(theirs / ours for theirs, ours in zip(rows[peer], rows[OURS], strict=True))


def table(workload: Workload, rows: dict[str, list[float]]) -> str:
    """One workload as a table, the quickest first."""
    lines = [f"| {workload.title} | {workload.unit} | spread | times ours |", "|---|---:|---:|---:|"]
    for peer in sorted(rows, key=lambda one: statistics.median(rows[one])):
        values = rows[peer]
        compared = shown(ratio(rows, peer)) if OURS in rows and peer != OURS else ""
        name = f"**{called(peer)}**" if peer == OURS else called(peer)
        spread = f"{shown(min(values))} to {shown(max(values))}"
        lines.append(f"| {name} | {shown(statistics.median(values))} | {spread} | {compared} |")
    return "\n".join(lines)


def losses(workloads: list[Workload], figures: dict[str, dict[str, list[float]]]) -> list[str]:
    """Where a library does better than ours, and where ours misses its own bar."""
    found = []
    for workload in workloads:
        rows = figures[workload.name]
        if OURS not in rows:
            found.append(f"{workload.title}: could not be measured.")
            continue
        ours = statistics.median(rows[OURS])
        better = [peer for peer in rows if peer not in {OURS, BARE} and ratio(rows, peer) < 1]
        if better:
            said = ", ".join(f"{called(peer)} takes {shown(ratio(rows, peer))} of ours" for peer in better)
            found.append(f"{workload.title}: {said}. {WHY.get(workload.name, '')}".rstrip())
        if workload.bar is not None and ours > workload.bar:
            why = "" if better else WHY.get(workload.name, "")
            said = f"{workload.title}: {shown(ours)} {workload.unit}; the aim is {shown(workload.bar)}. {why}"
            found.append(said.rstrip())
    return found


def drawn(workloads: list[Workload], figures: dict[str, dict[str, list[float]]]) -> str:
    """An SVG with a bar for each figure, on a logarithmic scale of what ours takes."""
    left, wide, high = 260, 420, 15
    parts, y = [], 30
    for workload in workloads:
        rows = figures[workload.name]
        if OURS not in rows:
            continue
        parts.append(f'<text x="8" y="{y + 11}" font-weight="600">{escape(workload.title)}</text>')
        y += high + 3
        for peer in sorted(rows, key=lambda one: statistics.median(rows[one])):
            times = 1.0 if peer == OURS else ratio(rows, peer)
            length = max(2.0, wide * (math.log10(min(max(times, 0.01), 1000)) + 2) / 5)
            colour = COLOURS.get(peer, "#c8803a")
            parts.append(f'<text x="{left - 8}" y="{y + 11}" text-anchor="end">{escape(called(peer))}</text>')
            parts.append(
                f'<rect x="{left}" y="{y}" width="{length:.0f}" height="{high - 3}" fill="{colour}"/>'
            )
            said = f"{shown(statistics.median(rows[peer]))} {workload.unit}"
            parts.append(f'<text x="{left + length + 6:.0f}" y="{y + 11}">{escape(said)}</text>')
            y += high
        y += 10
    ours = left + wide * 2 / 5
    line = f'<line x1="{ours}" x2="{ours}" y1="24" y2="{y}" stroke="#0b6e4f" stroke-dasharray="3 3"/>'
    note = f'<text x="{left}" y="16">times what genxai_nb takes: 0.01 to 1000, logarithmic</text>'
    style = 'font-family="sans-serif" font-size="11" fill="#222"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="{y}" viewBox="0 0 900 {y}" {style}>'
        f'<rect width="900" height="{y}" fill="white"/>{note}{line}{"".join(parts)}</svg>\n'
    )


def write(
    docs: Path,
    workloads: list[Workload],
    figures: dict[str, dict[str, list[float]]],
    versions: dict[str, dict[str, str]],
    said: str,
) -> None:
    """Write benchmarks.md and benchmarks.svg."""
    docs.mkdir(exist_ok=True)
    known = sorted({f"{package} {number}" for row in versions.values() for package, number in row.items()})
    lost = losses(workloads, figures)
    parts = [
        HEAD,
        f"Measured on {said}\n\nVersions: {', '.join(known)}.\n",
        "![Each figure as a bar](benchmarks.svg)\n",
        "## Where we lose\n",
        "\n".join(f"- {line}" for line in lost) + "\n" if lost else "Nowhere in this measurement.\n",
        "Bare asyncio keeps no events, no views and no history; it is the limit, not a peer.\n",
        "## Figures\n",
        "\n\n".join(table(workload, figures[workload.name]) for workload in workloads),
    ]
    (docs / "benchmarks.md").write_text("\n".join(parts) + "\n", "utf-8")
    (docs / "benchmarks.svg").write_text(drawn(workloads, figures), "utf-8")
