"""Where the tokens of a run are, and the state as it is seen from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, Self

from genxai_nb.errors import StoreDamaged
from genxai_nb.journal.snapshot import Snapshot

from .definition import Edge
from .plan import Loop, Place, Plan
from .reducers import Reducer
from .tokens import Token, Visit, items_of
from .view import EMPTY, View, Views

__all__ = ["Board"]


class Board:
    """The tokens of one run.

    Args:
        plan: The graph's plan.
        reducers: The graph's reducers by key.
        start: The checked input.
        visits: How often each node had been visited before.

    Attributes:
        running: Visits that have started and not ended, in order of starting.
        absorbed: Tokens that came to a join which had begun without waiting for them.
        stopped: Nodes at which a token stopped because every edge said no, with these edges.
    """

    def __init__(
        self, plan: Plan, reducers: Mapping[str, Reducer], start: dict[str, Any], visits: Mapping[str, int]
    ) -> None:
        self.plan = plan
        self.views = Views(reducers)
        self.running: dict[Place, Visit] = {}
        self.stopped: dict[str, Sequence[Edge]] = {}
        self._counts: dict[int, int] = {}
        self._visits = {self._named(node): n for node, n in visits.items() if node in plan.index}
        self._waiting: dict[Place, list[Token]] = {}
        self._gated: dict[Loop, list[Token]] = {}
        self._fired: set[Place] = set()  # places that have begun while more could come in the same wave
        self.absorbed: list[tuple[Place, Token]] = []  # tokens that came to one of them too late
        self._rounds: dict[Place, int] = {}  # heads whose gate has opened, with whom it waited for
        self._arrived = False  # some token has come to END or to a leaf
        self._active = 0
        self._alive = 0  # places that are active, counted
        self._ended: dict[tuple[int, int], View] = {}
        self._last: dict[Place, View] = {}  # the view after each node's last visit, while not narrow
        self._earlier: dict[Place, list[View]] = {}  # those before, where a visit may come to nothing
        self._input = View(start)

    @property
    def waiting(self) -> bool:
        """Some token waits for its node to start."""
        return bool(self._waiting or self._gated)

    @property
    def over(self) -> bool:
        """No token is left."""
        return not self._active

    def copy(self) -> tuple[Self, dict[Visit, Visit]]:
        """The schedule as it stands, to go on apart from here, and its running visits by those of this one."""
        other = copy(self)
        visits = {visit: copy(visit) for visit in self.running.values()}
        other.views = self.views.copy()
        other.running = {place: visits[visit] for place, visit in self.running.items()}
        other.stopped = self.stopped.copy()
        other._counts, other._visits, other._rounds = (
            self._counts.copy(),
            self._visits.copy(),
            self._rounds.copy(),
        )
        other._waiting = {place: held.copy() for place, held in self._waiting.items()}
        other._gated = {loop: held.copy() for loop, held in self._gated.items()}
        other._fired, other.absorbed = self._fired.copy(), self.absorbed.copy()
        other._ended, other._last = self._ended.copy(), self._last.copy()
        other._earlier = {place: views.copy() for place, views in self._earlier.items()}
        return other, visits

    def snapshot(self, structure: str) -> Snapshot | None:
        """What there is to know where a visit has taken the only token and views have collapsed; else None."""
        if len(self.running) != 1 or not self.views.narrow or self.waiting or self.absorbed:
            return None
        (visit,) = self.running.values()
        return Snapshot(
            form=1,
            structure=structure,
            state=visit.view.data,
            node=visit.place.name,
            parents=visit.parents,
            edge=visit.edge.number,
            visits={place.name: number for place, number in self._visits.items()},
            counts=self._counts.copy(),
            fired=tuple(place.name for place in self._fired),
            stopped={name: tuple(edge.number for edge in edges) for name, edges in self.stopped.items()},
            arrived=self._arrived,
        )

    def stand_at(self, snapshot: Snapshot, state: dict[str, Any]) -> None:
        """Stand, from the beginning, where a snapshot was taken; ``state`` is its state as it was checked.

        Raises:
            StoreDamaged: It has something that the graph does not have.
            StateInvalid: The key of a map holds no list.
        """
        try:
            place = self._named(snapshot.node)
            edge, view = self.plan.edges[snapshot.edge], View(state)
            self._visits = {self._named(name): number for name, number in snapshot.visits.items()}
            self._fired = {self._named(name) for name in snapshot.fired}
            self.stopped = {
                self._named(name).name: [self.plan.edges[number] for number in numbers]
                for name, numbers in snapshot.stopped.items()
            }
            number = self._visits[place]
        except LookupError as exc:
            raise StoreDamaged(f"It has {exc!r}, which the graph does not have.") from exc
        if self.plan.targets[edge.number] is not place:
            raise StoreDamaged(f"It has a way to {place.name!r} that does not lead there.")
        visit = Visit(place, number, snapshot.parents, view, edge, EMPTY)
        if edge.each is not None:
            visit.items = items_of(edge, state)
        self._counts, self._arrived = dict(snapshot.counts), snapshot.arrived
        self._waiting, self._gated, self._ended = {}, {}, {}
        self.views.collapse(view)
        self.running = {place: visit}
        self._active, self._alive = place.bit, 1

    def _named(self, node: str) -> Place:
        return self.plan.places[self.plan.index[node]]

    def _pass(self, token: Token, target: Place) -> None:
        loop = self.plan.gate_of.get(token.edge.number)
        if loop is None:
            self._arrive(target, token)
        else:
            self._gated.setdefault(loop, []).append(token)
            if not self._active >> loop.gate & 1:
                self._active |= 1 << loop.gate
                self._alive += 1

    def take_absorbed(self) -> list[tuple[Place, Token]]:
        """The tokens that came too late since this was asked last."""
        taken, self.absorbed = self.absorbed, []
        return taken

    def _arrive(self, place: Place, token: Token) -> None:
        if self._fired and place in self._fired:
            self.absorbed.append((place, token))
            return
        tokens = self._waiting.get(place)
        if tokens is None:
            self._waiting[place] = [token]
            if not self._active & place.bit:
                self._active |= place.bit
                self._alive += 1
        else:
            tokens.append(token)

    def _forget_absorbed(self) -> None:
        """Drop what only tokens that came too late have seen: the state goes on as if it had not been written."""
        views = [visit.view for visit in self.running.values()] + list(self._ended.values())
        views += [t.view for held in (*self._waiting.values(), *self._gated.values()) for t in held]
        kept = 0
        for view in views:
            kept |= view.mask
        for place in [p for p, view in self._last.items() if view.tip >= 0 and not kept >> view.tip & 1]:
            earlier = self._earlier.get(place, [])
            while earlier and not kept >> earlier[-1].tip & 1:
                earlier.pop()
            if earlier:
                self._last[place] = earlier.pop()
            else:
                del self._last[place]

    def _leave(self, place: Place, after: View) -> None:
        del self.running[place]
        if not self.views.narrow:
            if self.plan.races and place in self._last:
                self._earlier.setdefault(place, []).append(self._last[place])
            self._last[place] = after
        if place not in self._waiting:
            self._active &= ~place.bit
            self._alive -= 1

    def standing(self) -> tuple[list[str], dict[str, int]]:
        """The nodes that are running or that tokens wait for, and how often each node has been visited."""
        heads = [self.plan.places[loop.head] for loop in self._gated]
        places = {place.index: place.name for place in (*self.running, *self._waiting, *heads)}
        under_way = dict.fromkeys(self.running, 1)
        visits = {place.name: count - under_way.get(place, 0) for place, count in self._visits.items()}
        return [places[index] for index in sorted(places)], visits

    def set(self, values: Mapping[str, Any]) -> None:
        """Write to the state from outside: later than everything before it, and never a conflict."""
        tokens = [token for held in (*self._waiting.values(), *self._gated.values()) for token in held]
        holders = [self._input, *self._ended.values(), *self._last.values()]
        holders += [view for views in self._earlier.values() for view in views]
        holders += [visit.view for visit in self.running.values()] + [token.view for token in tokens]
        new = self.views.overwrite({id(view): view for view in holders}, values)
        self._input = new[id(self._input)]
        for visit in self.running.values():
            visit.view = new[id(visit.view)]
        for held in (*self._waiting.values(), *self._gated.values()):
            held[:] = [Token(token.edge, token.parents, new[id(token.view)]) for token in held]
        self._ended = {key: new[id(view)] for key, view in self._ended.items()}
        self._last = {place: new[id(view)] for place, view in self._last.items()}
        self._earlier = {p: [new[id(view)] for view in views] for p, views in self._earlier.items()}

    def result(self) -> dict[str, Any]:
        """The merge of all ended tokens.

        Raises:
            WriteConflict: Two ends wrote a key without a reducer and neither saw the other.
        """
        ends = [self._ended[key] for key in sorted(self._ended)]
        return self.views.merge(ends)[0].data if ends else self._input.data

    def now(self) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
        """The merge of all live and ended tokens, and the keys in conflict with their writers."""
        live = [visit.view for visit in self.running.values()]
        live += [
            token.view for tokens in (*self._waiting.values(), *self._gated.values()) for token in tokens
        ]
        views = [self._ended[key] for key in sorted(self._ended)] + list(self._last.values()) + live
        tips = [
            view if view.tip >= 0 or not view.mask else self.views.extend(view, "", EMPTY)[0]
            for view in views
        ]
        return self.views.conflicts(tips or [self._input])

    def no_way_on(self) -> bool:
        """Every token stopped at a node whose edges all said no."""
        return not self._active and not self._arrived
