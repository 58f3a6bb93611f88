"""Places from Graphviz: the ``dot`` program, or its port ``graphviz-pure``, as a separate process."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from .places import Places, Point, Route, Shelf, Sketch, around

_RANK_GAP = 54
_MANY = 150  # beyond it, straighter lines are not worth their time
_POINTS = 72
PROGRAMS = ("dot", "graphviz-pure")


def find_program(names: Sequence[str] = PROGRAMS) -> str | None:
    """The path of the first of these programs that is installed; None if none is."""
    folder = Path(sysconfig.get_path("scripts"))
    for name in names:
        # A kernel is often started without its environment's folder on PATH.
        if found := shutil.which(name) or shutil.which(name, path=str(folder)):
            return found
    return None


def place(sketch: Sketch, program: str, timeout: float = 2.0) -> Places | None:
    """Let a Graphviz program place the cards; None if it fails or takes too long."""
    try:
        return _read(_answer(program, _question(sketch), timeout), sketch)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, IndexError, TypeError):
        return None  # it did not run, or wrote what Graphviz does not write


@lru_cache(maxsize=64)
def _answer(program: str, question: str, timeout: float) -> str:
    done = subprocess.run(  # noqa: S603 - a fixed argument list; names of nodes are not part of the text
        [program, "-Tjson0"],
        input=question,
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=timeout,
    )
    return done.stdout


def _question(sketch: Sketch) -> str:
    lines = [
        "digraph {",
        f"rankdir=LR; ranksep={_RANK_GAP / _POINTS:.3f}; nodesep={sketch.gap / _POINTS:.3f};",
        "nslimit=1;" if len(sketch.sizes) > _MANY else "",
        'node [shape=box, fixedsize=true, label=""]; edge [tailport=e, headport=w];',
    ]
    lines += [
        f"n{number} [width={width / _POINTS:.4f}, height={height / _POINTS:.4f}];"
        for number, (width, height) in enumerate(sketch.rooms)
    ]
    lines += [
        f"n{link.source} -> n{link.target} [id=e{link.number}{_space(link.label)}];"
        for link in sketch.links
        if not link.back
    ]
    return "\n".join([*lines, "}"])


def _space(label: Point) -> str:
    if not label[0]:
        return ""
    table = f'BORDER="0" CELLPADDING="0" FIXEDSIZE="TRUE" WIDTH="{label[0]:.0f}" HEIGHT="{label[1]:.0f}"'
    return f", label=<<TABLE {table}><TR><TD></TD></TR></TABLE>>"


def _read(answer: str, sketch: Sketch) -> Places:
    drawing = json.loads(answer)
    height = float(drawing["bb"].split(",")[3])
    centres = {int(node["name"][1:]): _point(node["pos"], height) for node in drawing["objects"]}
    labels, splines = {}, {}
    for edge in drawing.get("edges", ()):
        number = int(edge["id"][1:])
        if "lp" in edge:
            labels[number] = _point(edge["lp"], height)
        if (route := _route(edge.get("pos", ""), height)) is not None:
            splines[number] = route
    placed = tuple(centres[number] for number in range(len(sketch.sizes)))
    return Places(placed, _on_ways(sketch, placed, labels, splines), splines=splines)


def _on_ways(
    sketch: Sketch, centres: tuple[Point, ...], labels: dict[int, Point], splines: dict[int, Route]
) -> dict[int, Point]:
    """Move labels from beside their ways onto them, where that is free."""
    sizes = {link.number: link.label for link in sketch.links}
    spots = {number: around(middle, sizes[number]) for number, middle in labels.items()}
    taken = Shelf([*map(around, centres, sketch.rooms), *spots.values()])
    moved = {}
    for number, (x, y) in labels.items():
        middle = (x, _height_at(splines[number], x, y) if number in splines else y)
        others = [box for box in taken.within(around(middle, sizes[number])) if box is not spots[number]]
        moved[number] = (x, y) if others else middle
    return moved


def _height_at(route: Route, x: float, default: float) -> float:
    for before, after in pairwise(route.drawn()):
        if before[0] <= x <= after[0] and before[0] < after[0]:
            return before[1] + (after[1] - before[1]) * (x - before[0]) / (after[0] - before[0])
    return default


def _point(text: str, height: float) -> Point:
    x, y = text.split(",")
    return float(x), height - float(y)


def _route(pos: str, height: float) -> Route | None:
    tip: Point | None = None
    points = []
    for part in pos.split():
        if part.startswith("e,"):
            tip = _point(part[2:], height)
        elif not part.startswith("s,"):
            points.append(_point(part, height))
    if tip is None or len(points) < 4 or len(points) % 3 != 1:
        return None
    return Route(tuple(points), tip)
