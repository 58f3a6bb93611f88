"""Which visits may start: tokens, joins, gates and limits. Pure: no clock, no store, no user code but conditions.

The same functions drive a run, fold a recorded one for resume, and are the model for property tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from .board import Board
from .definition import START, Edge
from .plan import Place, Plan
from .reducers import Reducer
from .tokens import Ending, Parent, Token, Visit, items_of, undecided
from .view import EMPTY, View


class Schedule(Board):
    """The tokens of one run, and the rules by which they move.

    Args:
        plan: The graph's plan.
        reducers: The graph's reducers by key.
        start: The checked input.
        nodes: Where the tokens are; None to begin at START.
        visits: How often each node had been visited before.
    """

    def __init__(
        self,
        plan: Plan,
        reducers: Mapping[str, Reducer],
        start: dict[str, Any],
        *,
        nodes: Sequence[str] | None = None,
        visits: Mapping[str, int] = EMPTY,
    ) -> None:
        super().__init__(plan, reducers, start, visits)
        if nodes is None:
            self._begin()
        else:
            self._begin_at(nodes)

    def _begin_at(self, nodes: Sequence[str]) -> None:
        """Put a token at each of these nodes, as if it had just come."""
        if len(nodes) > 1:
            self.views.widen()
        for node in nodes:
            edge = next(edge for edge in self.plan.edges if edge.target == node)
            self._arrive(self.plan.places[self.plan.index[node]], Token(edge, (), self._input))

    def _begin(self) -> None:
        start = self.plan.start
        edges, _ = self._choose(start, start.choices, self._input.data, 0)
        self._send(start, start.choices, edges, ((START, 0),), self._input)

    def finish(
        self,
        visit: Visit,
        updates: Sequence[Mapping[str, Any]],
        edges: tuple[int, ...] | None = None,
        reduced: Mapping[str, Any] = EMPTY,
        *,
        failed: bool = False,
    ) -> Ending:
        """End a visit: add its update to its view and send its tokens on.

        Args:
            visit: The visit.
            updates: What it wrote; one update, or one for each instance of a map in order of index.
            edges: The recorded edges, when a journal is folded; None to evaluate the conditions.
            reduced: The recorded results of own reducers.
            failed: It goes on where failed ones do.

        Raises:
            ConditionFailed: A condition could not be evaluated; the visit is still running then.
            WriteConflict: Two instances of a map wrote a key without a reducer.
        """
        place = visit.place
        if visit.items is None:
            after, results = self.views.extend(visit.view, place.name, updates[0], reduced)
            if failed:
                self.views.note_failure(after)
        else:
            after, results = self._gather(visit, updates, reduced)
        spent: list[Edge] = []
        offered = (place.failing,) if failed and place.failing is not None else place.choices
        if place.plain and not failed and (edges is None or edges == place.numbers):
            taken, edges = place.plain, place.numbers
        elif edges is not None:
            taken = tuple(self.plan.edges[n] for n in edges)
            for edge in taken:
                self._spends(edge)
        else:
            taken, spent = self._choose(place, offered, after.data, visit.number)
            edges = (taken[0].number,) if len(taken) == 1 else tuple(edge.number for edge in taken)
        parents = ((place.name, visit.number),)
        target = self.plan.targets[taken[0].number] if len(taken) == 1 else None
        if target is not None and self.views.narrow and not self._fired:  # the only token waits at no gate
            del self.running[place]
            self._waiting[target] = [Token(taken[0], parents, after)]
            self._active = target.bit
        else:
            self._leave(place, after)
            self._send(place, offered, taken, parents, after)
        return Ending(edges, results, spent, after)

    def _gather(
        self, visit: Visit, updates: Sequence[Mapping[str, Any]], reduced: Mapping[str, Any]
    ) -> tuple[View, dict[str, Any]]:
        self.views.widen()
        name = visit.place.name
        parts = [self.views.extend(visit.view, name, update)[0] for update in updates]
        merged, results = self.views.merge(parts or [visit.view], reduced)
        return self.views.extend(merged, name, EMPTY)[0], results

    def _choose(
        self, place: Place, offered: Sequence[Edge], data: Mapping[str, Any], visit: int
    ) -> tuple[tuple[Edge, ...], list[Edge]]:
        """The edges that a visit takes, and those whose limit kept it from them."""
        taken: list[Edge] = []
        spent: list[Edge] = []
        conditional = False
        for edge in offered:
            decide = edge.decide
            if decide is not None:
                try:
                    if not decide(data):
                        continue
                except BaseException as exc:  # a function of the user's may raise anything
                    raise undecided(edge, visit, exc) from exc
            elif edge.otherwise:
                continue
            if self._spends(edge):
                taken.append(edge)
                conditional = conditional or decide is not None or edge.limit is not None
            else:
                spent.append(edge)
        if not conditional and place.has_else:
            for edge in offered:
                if edge.otherwise:
                    (taken if self._spends(edge) else spent).append(edge)
            taken.sort(key=lambda edge: edge.number)
        return tuple(taken), spent

    def _spends(self, edge: Edge) -> bool:
        """Take an edge once more, unless its limit is spent."""
        number = edge.number
        limit = self.plan.limits.get(number)
        if limit is not None:
            count = self._counts.get(number, 0)
            if count >= limit:
                return False
            self._counts[number] = count + 1
        return True

    def _send(
        self,
        place: Place,
        offered: Sequence[Edge],
        taken: tuple[Edge, ...],
        parents: tuple[Parent, ...],
        view: View,
    ) -> None:
        if not taken:
            self._end(place, offered, view)
            return
        if len(taken) > 1:
            self.views.widen()
        sent: set[Place] = set()
        for edge in taken:
            target = self.plan.targets[edge.number]
            if target is None:
                self._ended[edge.number, 0] = view
                self._arrived = True
            elif target not in sent:
                self._pass(Token(edge, parents, view), target)
                sent.add(target)
        if self.absorbed:
            self._forget_absorbed()

    def _end(self, place: Place, offered: Sequence[Edge], view: View) -> None:
        if offered:
            self.stopped[place.name] = offered
        else:
            self._arrived = True
        self._ended[len(self.plan.edges), place.index] = view

    def startable(self) -> list[Place]:
        """The nodes that may start now, the one with the earliest edge first."""
        if self._fired:  # a wave is over when nobody can come any more, before a gate begins the next one
            self._fired = {place for place in self._fired if place.blockers & self._active}
        if self._gated:
            self._open_gates()
        elif self.views.narrow and not self.running:
            return list(self._waiting)
        active, running = self._active, self.running
        ready = [
            place
            for place in self._waiting
            if place not in running
            and (
                not place.joins
                or not place.blockers & active
                or (place.need and len(self._waiting[place]) >= place.need)
            )
        ]
        if len(ready) > 1:
            ready.sort(key=lambda place: place.order)
        return ready

    def _open_gates(self) -> None:
        for loop in [lp for lp in self._gated if not lp.blockers & self._active]:
            head = self.plan.places[loop.head]
            self._active &= ~(1 << loop.gate)
            self._alive -= 1
            self._rounds[head] = loop.blockers
            for token in self._gated.pop(loop):
                self._arrive(head, token)

    def start(self, place: Place, reduced: Mapping[str, Any] = EMPTY) -> Visit:
        """Start a visit of a startable node, taking its tokens.

        Raises:
            WriteConflict: Views that meet here wrote one key without a reducer.
            StateInvalid: The key of a map holds no list.
        """
        views = self.views
        results: Mapping[str, Any] = EMPTY
        if views.narrow:  # this is the only token
            if self._rounds:
                self._rounds.clear()
            tokens = self._waiting.pop(place)
            view, parents = tokens[0].view, tokens[0].parents
        else:
            tokens, view, results = self._meet(place, reduced)
            parents = (
                tokens[0].parents
                if len(tokens) == 1
                else tuple([p for token in tokens for p in token.parents])
            )
            if self._alive == 1 and place not in self._waiting:
                view = self._narrow(view)
        if place.head:
            self._enter(tokens)
        number = self._visits.get(place, 0) + 1
        edge = tokens[0].edge
        visit = Visit(place, number, parents, view, edge, results)
        if edge.each is not None:
            visit.items = items_of(edge, view.data)
        self._visits[place] = number
        self.running[place] = visit
        if self.absorbed:
            self._forget_absorbed()
        return visit

    def _meet(self, place: Place, reduced: Mapping[str, Any]) -> tuple[list[Token], View, Mapping[str, Any]]:
        """Take a node's tokens, all that wait at a join and else the first, and let their views meet."""
        tokens = self._taken(place)
        view, results = self.views.merge(self._seen(place, tokens), reduced)
        self._rounds.pop(place, None)
        rest = self._waiting.pop(place)[len(tokens) :]
        if place.need:
            self.absorbed += [(place, token) for token in rest]
            self._fired.add(place)
        elif rest:
            self._waiting[place] = rest
        return tokens, view, results

    def _taken(self, place: Place) -> list[Token]:
        """The tokens that the next visit of a node takes."""
        tokens = self._waiting[place]
        if not place.joins:
            return tokens[:1]
        if place.need:  # the first that came, in the order of their edges
            return sorted(tokens[: place.need], key=lambda token: token.edge.number)
        tokens.sort(key=lambda token: token.edge.number)
        return list(tokens)

    def _seen(self, place: Place, tokens: list[Token]) -> list[View]:
        """The views that meet in the next visit of a node."""
        views = [token.view for token in tokens]
        if place.joins and not place.need:
            views = self._met(place, tokens, place.blockers | self._rounds.get(place, 0))
        own = self._last.get(place)
        return views if own is None else [own, *views]

    def peek(self, place: Place) -> Mapping[str, Any]:
        """The state that the next visit of a startable node would see."""
        return self.views.merge(self._seen(place, self._taken(place)))[0].data

    def next_visit(self, place: Place) -> int:
        """The number that the next visit of a node will have."""
        return self._visits.get(place, 0) + 1

    def _enter(self, tokens: list[Token]) -> None:
        """Count limits anew in a loop whose head is entered from outside.

        This happens at the head's start, which comes before all of the round and after all of the one before,
        so that it does not depend on timing.
        """
        for token in tokens:
            for number in self.plan.enters.get(token.edge.number, ()):
                self._counts.pop(number, None)

    def _met(self, place: Place, tokens: list[Token], blockers: int) -> list[View]:
        """The tokens' views and those of all who were waited for, direct neighbours at their edge's place."""
        if not self._last:
            return [token.view for token in tokens]
        sources, beyond = place.sources, len(self.plan.edges)
        placed = [(token.edge.number, 0, token.view) for token in tokens]
        for other, view in self._last.items():
            if blockers & other.bit:
                placed.append((sources.get(other.name, beyond), other.index + 1, view))
        placed.sort(key=itemgetter(0, 1))
        return [view for _, _, view in placed]

    def _narrow(self, view: View) -> View:
        """Collapse to one state, if nothing that is remembered holds more than this view."""
        mask = view.mask
        others = (*self._ended.values(), *self._last.values())
        if any(other.mask & ~mask for other in others):
            return view
        self._ended.clear()
        self._last.clear()
        self._earlier.clear()
        return self.views.collapse(view)
