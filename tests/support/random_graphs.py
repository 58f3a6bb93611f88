"""Random graphs, for properties that hold for any: as data, in the graph language, and with bodies to run."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import strategies as st
from reference import Arrow, Conflict, Reference, Rules, Visit

from genxai_nb import Graph

MOST = 120  # visits of a run that is worth waiting for


class Failing(NamedTuple):
    """A node that fails in every so manieth visit: for good, or once, and what its graph says of it."""

    every: int
    how: str  # goto, continue, retry, stop
    goto: str = "END"


@dataclass
class Pace:
    """How long bodies take, in turns of the loop, and which of them have failed once."""

    chance: random.Random
    failed: set[tuple[str, int, int | None]] = field(default_factory=set)

    async def take_time(self) -> None:
        for _ in range(self.chance.randint(0, 4)):
            await asyncio.sleep(0)


@dataclass
class Sketch:
    """A graph as data. Each node writes what it saw, so that whoever sees something else writes something else."""

    names: list[str]
    arrows: list[Arrow]
    joins: dict[str, str | int]
    failing: dict[str, Failing]
    items: int
    shared: frozenset[str]  # nodes that write one key, which cannot be merged
    threads: frozenset[str]
    limit: int | None

    def __repr__(self) -> str:
        return (
            f"{self.lines()}\n{self.failing} {self.items} items, {self.shared=} {self.threads=} {self.limit=}"
        )

    @property
    def mapped(self) -> set[str]:
        return {arrow.target for arrow in self.arrows if arrow.each}

    def lines(self) -> str:
        """It in the graph language."""
        says = {name: [f"join {join}"] for name, join in self.joins.items()}
        for name, (_, how, goto) in self.failing.items():
            word = {"goto": f"on error goto {goto}", "continue": "on error continue", "retry": "retry 1"}
            says.setdefault(name, []).extend([word[how]] if how in word else [])
        nodes = [f"node {name}: {', '.join(options)}" for name, options in says.items() if options]
        return "\n".join([*nodes, *(f"{a.source} -> {a.target}{_clause(a)}" for a in self.arrows)])

    def rules(self) -> Rules:
        """It for the reference."""
        ways = [(name, self.failing[name].goto) for name in self._order() if self._goes(name)]
        errors = [Arrow(n, *way, error=True) for n, way in enumerate(ways, len(self.arrows))]
        reducers = {"log": "append", "error": "append", "sum": "add"} | {
            f"{n}_n": "last" for n in self.mapped
        }
        return Rules(self._order(), [*self.arrows, *errors], self.joins, reducers, self.limit)

    def _goes(self, name: str) -> bool:
        return name in self.failing and self.failing[name].how == "goto"

    def _order(self) -> list[str]:
        """Nodes as the lines declare them."""
        options = [name for name in [*self.joins, *self.failing] if f"node {name}:" in self.lines()]
        ends = [end for arrow in self.arrows for end in (arrow.source, arrow.target)]
        return [name for name in dict.fromkeys([*options, *ends]) if name not in {"START", "END"}]

    def given(self) -> dict[str, Any]:
        return {"log": [], "items": list(range(self.items)), **{f"{name}_n": 0 for name in self.names}}

    def is_short(self) -> bool:
        """Whether its runs have an end that is worth waiting for."""
        try:
            return Reference(self.rules(), self.given()).play(self.outcome, MOST)
        except Conflict:
            return True

    def graph(self, pace: Pace) -> Graph:
        """It with bodies."""
        graph = Graph("random", reducers=self.rules().reducers, limit=self.limit).parse(self.lines())
        assert list(graph.nodes) == self._order()
        for name in graph.nodes:
            graph.bind(name, self._body(name, pace))
        return graph

    def _body(self, name: str, pace: Pace) -> Any:
        async def plain(state):
            await pace.take_time()
            return self.written(name, state[f"{name}_n"] + 1, None, state)

        async def knowing(state, context):
            await pace.take_time()
            return self._performed(name, context.visit, context.index, state, pace)

        def threaded(state, context):
            return self._performed(name, context.visit, context.index, state, pace)

        if name in self.threads:
            return threaded
        return knowing if name in self.failing or name in self.mapped or self.joins else plain

    def _performed(self, name: str, visit: int, index: int | None, state: Any, pace: Pace) -> dict[str, Any]:
        place = (name, visit, index)
        if self.fails(*place) and (
            self.failing[name].how in {"goto", "continue"} or place not in pace.failed
        ):
            pace.failed.add(place)
            raise ValueError(f"{name}#{visit}")
        return self.written(name, visit, index, state)

    def fails(self, name: str, visit: int, index: int | None) -> bool:
        """Whether a body fails, at least once."""
        return name in self.failing and visit % self.failing[name].every == 0 and (index or 0) % 2 == 0

    def written(self, name: str, visit: int, index: int | None, state: Any) -> dict[str, Any]:
        """What a body returns."""
        if index is not None:
            return {f"{name}_n": visit, "log": [f"{name}#{visit}.{index}"], "sum": len(state["log"])}
        own = {f"{name}_n": visit, f"{name}_saw": list(state["log"]), "log": [f"{name}#{visit}"]}
        return own | ({"shared": name} if name in self.shared else {})

    def outcome(self, visit: Visit, state: dict[str, Any]) -> tuple[list[dict[str, Any]], bool]:
        """What a visit comes to that saw this state: its updates, and whether it goes on where failed ones do."""
        indices = [None] if visit.items is None else range(len(visit.items))
        updates, failed = [], False
        for index in indices:
            update = self.written(visit.node, visit.number, index, state)
            if self.fails(visit.node, visit.number, index):
                how = self.failing[visit.node].how
                failed = failed or how == "goto"
                said = {"error": [f"ValueError: {visit.node}#{visit.number}"]}
                update = {"goto": said, "continue": {}}.get(how, update)
            updates.append(update)
        return updates, failed


def _clause(arrow: Arrow) -> str:
    parts = [f"if {arrow.when[0]} % {arrow.when[1]} == 0"] if arrow.when else []
    parts += ["else"] if arrow.otherwise else []
    parts += ["for each item in items"] if arrow.each else []
    parts += [f"max {arrow.limit}"] if arrow.limit is not None else []
    return "".join(f" {part}" for part in parts)


often = st.sampled_from([True, True, True, False])
seldom = st.sampled_from([False, False, False, True])


@st.composite
def sketches(draw, plain=False):
    """Connected graphs with branches, joins, loops and dead ends; unless plain also with maps and failures."""
    names = [f"n{i}" for i in range(draw(st.integers(2, 7)))]
    ends = [("START", "n0")] + [("START", draw(st.sampled_from(names[1:])))] * draw(st.booleans())
    ends += [(draw(st.sampled_from(names[:i])), name) for i, name in enumerate(names) if i]
    ends += [_forward(draw, names) for _ in range(draw(st.integers(1, 5)))]
    ends += [_back(draw, names) for _ in range(draw(st.integers(1, 4)) if draw(often) or draw(often) else 0)]
    mapped = (
        set() if plain or not draw(often) else draw(st.sets(st.sampled_from(names), min_size=1, max_size=2))
    )
    choosing = draw(often) or draw(often)
    arrows: list[Arrow] = []
    for source, target in ends:
        back = target != "END" and source != "START" and int(target[1:]) <= int(source[1:])
        each = target in mapped
        free = source != "START" and not each and (back or choosing)
        when = draw(_conditions([] if plain else names, source)) if free else None
        made = Arrow(
            len(arrows), source, target, when, limit=draw(st.integers(1, 2)) if back else None, each=each
        )
        if not (back and each) and not any(made[1:5] == other[1:5] for other in arrows):
            arrows.append(made)
    arrows += _others(draw, names, arrows, mapped)
    if not any(a.target == "END" for a in arrows) and all(any(a.source == n for a in arrows) for n in names):
        arrows.append(Arrow(len(arrows), names[-1], "END"))
    limit = draw(st.sampled_from([None, 1, 2, None]))
    failing = {} if plain or not draw(often) else draw(_failures(names, mapped, limit))
    joins = {}
    if not plain and draw(seldom):
        joins = draw(st.dictionaries(st.sampled_from(names), st.sampled_from(["any", "each", 2]), min_size=1))
    few = st.frozensets(st.sampled_from(names), max_size=2)
    shared = draw(few) if not plain and draw(seldom) else frozenset()
    threads = draw(few) if not plain and draw(seldom) else frozenset()
    items = draw(st.sampled_from([2, 3, 1, 0]))
    return Sketch(names, arrows, joins, failing, items, shared - mapped, threads, limit)


def _forward(draw, names):
    source = draw(st.integers(0, len(names) - 1))
    return names[source], draw(st.sampled_from([*names[source + 1 :], "END"]))


def _back(draw, names):
    source = draw(st.integers(0, len(names) - 1))
    return names[source], draw(st.sampled_from(names[: source + 1]))


def _conditions(names, source):
    """On the source's own number of visits mostly, or on what is seen of another's."""
    keys = st.sampled_from([source, source, *names]).map("{}_n".format)
    return st.none() | st.tuples(keys, st.integers(2, 3)) | st.tuples(keys, st.integers(1, 3))


def _others(draw, names, arrows, mapped):
    """Arrows for when no condition holds."""
    found: list[Arrow] = []
    for name in names:
        if any(a.source == name and (a.when or a.limit) for a in arrows) and draw(st.booleans()):
            later = [other for other in names[names.index(name) + 1 :] if other not in mapped]
            target = draw(st.sampled_from([*later, "END"]))
            found.append(Arrow(len(arrows) + len(found), name, target, otherwise=True))
    return found


def _failures(names, mapped, limit):
    """One or two nodes that fail; they go on behind themselves, or anywhere if the whole graph has a limit."""

    def failing(name):
        later = names if limit else names[names.index(name) + 1 :]
        goto = st.sampled_from([*(other for other in later if other not in mapped), "END"])
        how = st.sampled_from(["goto", "goto", "continue", "retry", "stop"])
        return st.tuples(st.just(name), st.builds(Failing, st.integers(1, 2), how, goto))

    return st.lists(st.sampled_from(names).flatmap(failing), min_size=1, max_size=2).map(dict)


def graphs():
    """Lines of a connected graph with branches, joins, loops and dead ends."""
    return sketches(plain=True).filter(Sketch.is_short).map(Sketch.lines)
