"""The rules by which runs move and views meet, written down once more and plainly: no bit sets, nothing kept.

Whatever a run did is followed here visit by visit. A view is the row of the updates in it; the state is
folded anew from the input whenever somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

View = tuple[int, ...]  # numbers of updates, in the order in which they count


class Arrow(NamedTuple):
    """An edge. ``when`` is a key and a divisor: it holds where the key's number is a multiple."""

    number: int
    source: str
    target: str
    when: tuple[str, int] | None = None
    otherwise: bool = False
    limit: int | None = None
    each: bool = False
    error: bool = False


class Loop(NamedTuple):
    """A loop, and the loops around it, by their heads."""

    head: str
    body: frozenset[str]
    arrows: frozenset[int]
    around: tuple[str, ...]


@dataclass
class Token:
    arrow: Arrow
    parents: tuple[tuple[str, int], ...]
    view: View


@dataclass
class Visit:
    node: str
    number: int
    parents: tuple[tuple[str, int], ...]
    view: View
    items: list[Any] | None


class Conflict(Exception):
    """Two updates wrote one key, and neither saw the other."""


@dataclass
class Rules:
    """A graph, with what follows from its arrows alone.

    Args:
        nodes: In order of declaration.
        arrows: In order of declaration, those for failures last.
        joins: ``any``, ``each`` or a number, by node; whoever is not named waits for all.
        reducers: ``append``, ``add`` or ``last``, by key.
        limit: That of loop arrows without one of their own.
    """

    nodes: list[str]
    arrows: list[Arrow]
    joins: dict[str, str | int]
    reducers: dict[str, str]
    limit: int | None = None
    loops: dict[str, Loop] = field(init=False)

    def __post_init__(self):
        self.loops = {loop.head: loop for loop in self._loops(frozenset(self.nodes), frozenset(), ())}

    def out(self, node: str) -> list[Arrow]:
        return [arrow for arrow in self.arrows if arrow.source == node]

    def into(self, node: str) -> list[Arrow]:
        return [arrow for arrow in self.arrows if arrow.target == node]

    def _ranked(self) -> list[str]:
        """Nodes as they are reached from START, breadth first."""
        found = ["START"]
        for node in found:
            found += dict.fromkeys(a.target for a in self.out(node) if a.target not in [*found, "END"])
        return found

    def _loops(
        self, members: frozenset[str], gone: frozenset[int], around: tuple[str, ...]
    ) -> Iterator[Loop]:
        outside = frozenset(a.number for a in self.arrows if not {a.source, a.target} <= members)
        before = {node: self.before(node, gone | outside) for node in members}
        rank = self._ranked()
        for part in {frozenset(m for m in before[n] if n in before[m]) for n in members if n in before[n]}:
            head = min(part, key=rank.index)
            back = frozenset(a.number for a in self.into(head) if a.source in part and a.number not in gone)
            yield Loop(head, part, back, around)
            yield from self._loops(part, gone | back, (*around, head))

    def before(self, node: str, cut: frozenset[int]) -> set[str]:
        """The nodes from which one can be reached without the arrows that are cut."""
        found: set[str] = set()
        targets = [node]
        for target in targets:
            for arrow in self.into(target):
                if arrow.number not in cut and arrow.source not in found | {"START"}:
                    found.add(arrow.source)
                    targets.append(arrow.source)
        return found

    def meets(self, node: str) -> bool:
        """Whether tokens of several nodes come together here."""
        return len({arrow.source for arrow in self.into(node)}) > 1 and self.joins.get(node) != "each"

    def need(self, node: str) -> int:
        """How many tokens suffice; 0 for all who can come."""
        join = self.joins.get(node, 0) if self.meets(node) else 0
        return 1 if join == "any" else int(join)

    def _cut(self, loops: list[str]) -> frozenset[int]:
        return frozenset(number for head in loops for number in self.loops[head].arrows)

    def waits_for(self, node: str) -> tuple[set[str], set[str]]:
        """The nodes, and the gates by their heads, from which a token can still come here."""
        around = [head for head, loop in self.loops.items() if node in loop.body]
        nodes = self.before(node, self._cut(around)) - {node}
        return nodes, {head for head in self.loops if head in nodes and head not in around}

    def gate_waits_for(self, head: str) -> tuple[set[str], set[str]]:
        """The same for the gate in front of a head."""
        around = [head, *self.loops[head].around]
        ends = {arrow.source for arrow in self.arrows if arrow.number in self.loops[head].arrows}
        nodes = ends.union(*(self.before(end, self._cut(around)) for end in ends))
        return nodes, {other for other in self.loops if other in nodes and other not in around}

    def limit_of(self, arrow: Arrow) -> int | None:
        """How often an arrow may be taken in one go."""
        return arrow.limit if arrow.limit is not None or not self.gate_of(arrow) else self.limit

    def gate_of(self, arrow: Arrow) -> str | None:
        return next((head for head, loop in self.loops.items() if arrow.number in loop.arrows), None)

    def lies_directly_in(self, arrow: Arrow, head: str) -> bool:
        """Whether no smaller loop has both ends of an arrow."""
        having = [loop for loop in self.loops.values() if {arrow.source, arrow.target} <= loop.body]
        return bool(having) and min(having, key=lambda loop: len(loop.body)).head == head


class Reference:
    """One run, moved by those who look on: `start` what is `startable`, `finish` what runs.

    Args:
        rules: Its graph.
        given: Its input.
    """

    def __init__(self, rules: Rules, given: dict[str, Any]):
        self.rules = rules
        self.given = given
        self.updates: list[tuple[str, dict[str, Any], View]] = []  # who wrote, what, and what was seen
        self.running: dict[str, Visit] = {}
        self.waiting: dict[str, list[Token]] = {}
        self.gates: dict[str, list[Token]] = {}
        self.opened: set[str] = set()  # heads whose round came through the gate
        self.begun: set[str] = set()  # nodes that did not wait for all, while more can come
        self.ended: list[tuple[int, int, View]] = []
        self.left: dict[str, list[View]] = {}  # the views after each node's visits
        self.visits: dict[str, int] = {}
        self.counts: dict[int, int] = {}
        self.absorbed: list[tuple[str, str, int]] = []
        self.arrived = False
        self._send("START", self._chosen("START", (), 0)[0], (), ("START", 0))

    # ── views ────────────────────────────────────────────────────────────────────────────────

    def data(self, view: View) -> dict[str, Any]:
        """The state that a view makes."""
        state = dict(self.given)
        for number in view:
            for key, value in self.updates[number][1].items():
                reducer = self.rules.reducers.get(key, "last")
                if reducer == "append":
                    state[key] = [*state.get(key, []), *value]
                elif reducer == "add" and key in state:
                    state[key] = state[key] + value
                else:
                    state[key] = value
        return state

    def merged(self, views: list[View]) -> View:
        """Views that meet, in this order: each brings what is not there yet; one that others hold brings nothing."""
        largest = [
            v
            for i, v in enumerate(views)
            if not any(_held(v, w, i > j) for j, w in enumerate(views) if i != j)
        ]
        whole = list(largest[0])
        for view in largest[1:]:
            for number in view:
                if number not in whole:
                    self._check(number, whole)
                    whole.append(number)
        return tuple(whole)

    def _check(self, number: int, others: list[int]) -> None:
        writer, update, seen = self.updates[number]
        for other in others:
            both = {k for k in self.updates[other][1] if k in update and k not in self.rules.reducers}
            if both and other not in seen:
                raise Conflict(sorted(both), {writer, self.updates[other][0]})

    def _written(self, node: str, update: dict[str, Any], view: View) -> View:
        self.updates.append((node, update, view))
        return (*view, len(self.updates) - 1)

    def live(self) -> set[int]:
        """The updates that anybody still has: without those that only tokens had which came too late."""
        tokens = [t for held in (*self.waiting.values(), *self.gates.values()) for t in held]
        views = [visit.view for visit in self.running.values()] + [token.view for token in tokens]
        return {number for view in [*views, *(view for *_, view in self.ended)] for number in view}

    # ── starting ─────────────────────────────────────────────────────────────────────────────

    def _can_come(self, waits_for: tuple[set[str], set[str]]) -> bool:
        nodes, gates = waits_for
        return bool(nodes & {*self.running, *self.waiting} or gates & set(self.gates))

    def startable(self) -> list[str]:
        """The nodes that may start now, the one with the earliest arrow first."""
        rules = self.rules
        self.begun = {node for node in self.begun if self._can_come(rules.waits_for(node))}
        for head in [head for head in self.gates if not self._can_come(rules.gate_waits_for(head))]:
            self.opened.add(head)
            for token in self.gates.pop(head):
                self._arrive(head, token)
        ready = [n for n in self.waiting if n not in self.running and self._may_start(n)]
        return sorted(ready, key=lambda node: rules.into(node)[0].number)

    def _may_start(self, node: str) -> bool:
        need = self.rules.need(node)
        enough = bool(need) and len(self.waiting[node]) >= need
        return not self.rules.meets(node) or enough or not self._can_come(self.rules.waits_for(node))

    def start(self, node: str) -> Visit:
        """Start a visit of a startable node."""
        rules, need, live = self.rules, self.rules.need(node), self.live()
        tokens = self.waiting.pop(node)
        taken = tokens if rules.meets(node) and not need else tokens[: need or 1]
        rest = tokens[len(taken) :]
        if rules.meets(node):
            taken.sort(key=lambda token: token.arrow.number)
        views = [token.view for token in taken]
        if rules.meets(node) and not need:
            views = self._met(node, taken, live)
        views[:0] = self._last(node, live)
        self.opened.discard(node)
        self._enter(node, taken)
        view = self.merged(views)
        if need:
            self.begun.add(node)
            self.absorbed += [(node, *token.parents[0]) for token in rest]
        elif rest:
            self.waiting[node] = rest
        self.visits[node] = self.visits.get(node, 0) + 1
        parents = tuple(parent for token in taken for parent in token.parents)
        items = self.data(view)["items"] if taken[0].arrow.each else None
        self.running[node] = Visit(node, self.visits[node], parents, view, items)
        return self.running[node]

    def _last(self, node: str, live: set[int]) -> list[View]:
        """The view after a node's last visit that counts still, if there is one."""
        return [view for view in self.left.get(node, []) if view[-1] in live][-1:]

    def _met(self, node: str, taken: list[Token], live: set[int]) -> list[View]:
        """What tokens bring, and what those wrote who were waited for, each at the place of its arrow."""
        waited, _ = self.rules.waits_for(node)
        if node in self.opened:
            waited |= self.rules.gate_waits_for(node)[0]
        placed = [(token.arrow.number, 0, token.view) for token in taken]
        for other in waited:
            for view in self._last(other, live):
                direct = [arrow.number for arrow in self.rules.out(other) if arrow.target == node]
                place = min(direct, default=len(self.rules.arrows))
                placed.append((place, self.rules.nodes.index(other) + 1, view))
        return [view for *_, view in sorted(placed, key=lambda one: one[:2])]

    def _enter(self, node: str, taken: list[Token]) -> None:
        """Count limits anew in a loop that is entered from outside."""
        loop = self.rules.loops.get(node)
        if loop and any(token.arrow.number not in loop.arrows for token in taken):
            for arrow in self.rules.arrows:
                if self.rules.lies_directly_in(arrow, node):
                    self.counts.pop(arrow.number, None)

    # ── ending ───────────────────────────────────────────────────────────────────────────────

    def finish(
        self, node: str, updates: list[dict[str, Any]], *, failed: bool = False
    ) -> tuple[list[Arrow], list[Arrow]]:
        """End a visit; gives the arrows that it takes, and those whose limit kept it from them."""
        visit = self.running.pop(node)
        if visit.items is None:
            after = self._written(node, updates[0], visit.view)
        else:
            parts = [self._written(node, update, visit.view) for update in updates]
            after = self._written(node, {}, self.merged(parts or [visit.view]))
        self.left.setdefault(node, []).append(after)
        taken, spent = self._chosen(node, after, visit.number, failed=failed)
        self._send(node, taken, after, (node, visit.number), failed=failed)
        return taken, spent

    def _chosen(
        self, node: str, view: View, visit: int, *, failed: bool = False
    ) -> tuple[list[Arrow], list[Arrow]]:
        """All arrows whose condition holds and all plain ones; ``else`` where no conditional one was taken."""
        arrows = [arrow for arrow in self.rules.out(node) if arrow.error == failed]
        state = self.data(view)
        wanted = [a for a in arrows if not a.otherwise and (not a.when or state[a.when[0]] % a.when[1] == 0)]
        taken = [arrow for arrow in wanted if self._spend(arrow)]
        spent = [arrow for arrow in wanted if arrow not in taken]
        if not any(arrow.when or arrow.limit is not None for arrow in taken):
            others = [arrow for arrow in arrows if arrow.otherwise]
            allowed = [arrow for arrow in others if self._spend(arrow)]
            taken = sorted([*taken, *allowed], key=lambda arrow: arrow.number)
            spent += [arrow for arrow in others if arrow not in allowed]
        return taken, spent

    def _spend(self, arrow: Arrow) -> bool:
        """Take an arrow once more, unless its limit is spent."""
        limit, count = self.rules.limit_of(arrow), self.counts.get(arrow.number, 0)
        if limit is not None and count >= limit:
            return False
        self.counts[arrow.number] = count + 1
        return True

    def _send(
        self, node: str, taken: list[Arrow], view: View, parent: tuple[str, int], *, failed: bool = False
    ) -> None:
        if not taken:
            leaf = not failed and not any(not arrow.error for arrow in self.rules.out(node))
            self.arrived = self.arrived or leaf
            self.ended.append((len(self.rules.arrows), [*self.rules.nodes, "START"].index(node), view))
        reached: set[str] = set()
        for arrow in taken:
            if arrow.target == "END":
                self.arrived = True
                self.ended.append((arrow.number, 0, view))
            elif arrow.target not in reached:
                reached.add(arrow.target)
                gate = self.rules.gate_of(arrow)
                token = Token(arrow, (parent,), view)
                if gate is None:
                    self._arrive(arrow.target, token)
                else:
                    self.gates.setdefault(gate, []).append(token)

    def _arrive(self, node: str, token: Token) -> None:
        if node in self.begun:
            self.absorbed.append((node, *token.parents[0]))
        else:
            self.waiting.setdefault(node, []).append(token)

    # ── looking ──────────────────────────────────────────────────────────────────────────────

    @property
    def over(self) -> bool:
        """No token is left."""
        return not self.running and not self.waiting and not self.gates

    def result(self) -> dict[str, Any]:
        """The merge of all tokens that have ended."""
        views = [view for *_, view in sorted(self.ended, key=lambda one: one[:2])]
        return self.data(self.merged(views or [()]))

    def play(
        self, outcome: Callable[[Visit, dict[str, Any]], tuple[list[dict[str, Any]], bool]], most: int
    ) -> bool:
        """Go on, ending whoever began first, for so many visits at most; whether the end is reached."""
        for _ in range(most):
            for node in self.startable():
                self.start(node)
            if not self.running:
                return True
            visit = next(iter(self.running.values()))
            updates, failed = outcome(visit, self.data(visit.view))
            self.finish(visit.node, updates, failed=failed)
        return False


def _held(view: View, other: View, later: bool) -> bool:
    """Whether another view holds this one whole; of two equal ones the first counts."""
    return set(view) < set(other) or (later and set(view) == set(other))
