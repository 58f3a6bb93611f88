"""What each visit sees: views of the updates before it, like commits with parents.

A *view* is a set of updates in an order, and the state that they make. Where only one token is left
(a *narrow point*) there is nothing to tell apart, and the view is just the state.

Updates are numbered; a set of them is the bit set ``mask``. ``trail`` remembers how the order came
about: ``(trail before, mask before, updates added)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any

from msgspec import Struct

from genxai_nb.calls.record import words_of
from genxai_nb.errors import StateInvalid, WriteConflict

from .reducers import BUILTIN, HIDDEN, Reducer, append

Trail = tuple[Any, int, tuple[int, ...]] | None
Update = tuple[
    Mapping[str, Any], int, str
]  # what was written, the updates that its writer saw, and who wrote

EMPTY: dict[str, Any] = {}
ERROR = "error"  # the key under which a node finds what went wrong in those before it
_LISTS = (list, tuple)


class View(Struct, eq=False, gc=False):
    """The state as one visit sees it.

    Attributes:
        data: The state by key; never changed once made.
        mask: The updates in it since the last narrow point.
        tip: The number of the update that holds all others, or -1.
        trail: How their order came about.
    """

    data: dict[str, Any]
    mask: int = 0
    tip: int = -1
    trail: Trail = None


class Views:
    """All updates since the last narrow point, and the rules by which views grow and merge.

    Args:
        reducers: The graph's reducers by key. Keys that start with ``@`` are extended.
    """

    __slots__ = ("_failures", "_own", "_reducers", "_set", "_updates", "_writes", "narrow")

    def __init__(self, reducers: Mapping[str, Reducer]) -> None:
        self._reducers = dict(reducers)
        self._own = {key for key, reducer in reducers.items() if reducer not in BUILTIN.values()}
        self.narrow = True
        self._forget()

    def _forget(self) -> None:
        self._updates: list[Update] = []
        self._writes: dict[str, int] = {}  # key -> the updates that write it
        self._set: dict[str, int] = {}  # key -> the update by which a person set it last
        self._failures = 0  # the updates that only tell what went wrong

    def copy(self) -> Views:
        """The same updates and rules, to grow apart from here."""
        other = copy(self)
        other._updates, other._writes = self._updates.copy(), self._writes.copy()
        other._set = self._set.copy()
        return other

    @property
    def breadth(self) -> int:
        """How many updates have to be told apart now."""
        return len(self._updates)

    def collapse(self, view: View) -> View:
        """Begin anew with this view as everything that there is."""
        self._forget()
        self.narrow = True
        return View(view.data)

    def widen(self) -> None:
        """Tell updates apart from now on: more than one token is under way."""
        self.narrow = False

    def extend(
        self, view: View, node: str, update: Mapping[str, Any], reduced: Mapping[str, Any] = EMPTY
    ) -> tuple[View, dict[str, Any]]:
        """Add a visit's update to the view that it saw.

        Args:
            view: What the visit saw.
            node: Who writes, for the message about a conflict.
            update: What it wrote.
            reduced: Recorded results of the graph's own reducers; used instead of calling them.

        Returns:
            The view after it, and the results of own reducers, to be recorded.
        """
        results: dict[str, Any] = {}
        data = view.data
        for key in update:
            if key[0] == HIDDEN or key in self._reducers:
                data = data.copy()
                self._apply(data, update, reduced, results, set())
                break
        else:
            if update:
                data = {**data, **update}
        if self.narrow:
            return View(data), results
        number = len(self._updates)
        self._updates.append((update, view.mask, node))
        bit = 1 << number
        writes = self._writes
        for key in update:
            writes[key] = writes.get(key, 0) | bit
        return View(data, view.mask | bit, number, (view.trail, view.mask, (number,))), results

    def note_failure(self, view: View) -> None:
        """Remember that a view's last update only tells what went wrong: several that meet are no conflict."""
        if view.tip >= 0:
            self._failures |= 1 << view.tip

    def merge(self, views: Sequence[View], reduced: Mapping[str, Any] = EMPTY) -> tuple[View, dict[str, Any]]:
        """Let views meet, in the order given; each brings the updates that are not there yet.

        Returns:
            The merged view, and the results of own reducers, to be recorded.

        Raises:
            WriteConflict: Two updates that did not see each other wrote a key without a reducer.
        """
        if len(views) > 1:
            views = self.distinct(views)
        first = views[0]
        if len(views) == 1:
            return first, {}
        data, mask = first.data.copy(), first.mask
        added: list[int] = []
        results: dict[str, Any] = {}
        fresh: set[str] = set()
        for view in views[1:]:
            for number in _missing(view, mask):
                self._check(number, mask)
                self._apply(data, self._lasting(number, mask, data), reduced, results, fresh)
                added.append(number)
                mask |= 1 << number
        return View(data, mask, -1, (first.trail, first.mask, tuple(added))), results

    def overwrite(self, views: Mapping[int, View], values: Mapping[str, Any]) -> dict[int, View]:
        """Write values into all views at once, later than everything before; gives the new views by the same keys."""
        bit = 0
        if not self.narrow:
            number = len(self._updates)
            bit = 1 << number
            self._updates.append((values, bit - 1, "set"))
            for key in values:
                self._writes[key] = self._writes.get(key, 0) | bit
                self._set[key] = number
        return {
            key: View({**view.data, **values}, view.mask | bit, view.tip, view.trail)
            for key, view in views.items()
        }

    def _lasting(self, number: int, mask: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """An update that comes to others: without the keys that a person has set since, with failures line by line."""
        update = self._updates[number][0]
        if self._set:
            update = {key: value for key, value in update.items() if number >= self._set.get(key, -1)}
        if self._failures and ERROR in update and self._unseen_failures(number, mask):
            return {**update, ERROR: f"{data[ERROR]}\n{update[ERROR]}"}
        return update

    def _unseen_failures(self, number: int, mask: int) -> int:
        """The failures of the mask that a failure did not see, and whose texts it has to stand beside."""
        if ERROR in self._reducers or not self._failures >> number & 1:
            return 0
        return self._failures & self._writes[ERROR] & mask & ~self._updates[number][1]

    def distinct(self, views: Sequence[View]) -> list[View]:
        """Leave out views that others hold whole, so that order never depends on them.

        Each view is either the base (tip -1) or was made by ``extend``, so that whoever has its tip has all of it.
        """
        once = twice = 0
        seen: set[int] = set()
        kept: list[View] = []
        for view in views:
            if view.tip in seen:
                continue
            seen.add(view.tip)
            kept.append(view)
            twice |= once & view.mask
            once |= view.mask
        if len(kept) == 1:
            return kept
        return [v for v in kept if v.tip >= 0 and not twice >> v.tip & 1]

    def _check(self, number: int, mask: int) -> None:
        """Refuse an update to a key that one of the mask writes too, when it did not see that one."""
        update, seen, node = self._updates[number]
        unseen = mask & ~seen
        if not unseen:
            return
        for key in update:
            if key[0] == HIDDEN or key in self._reducers or number < self._set.get(key, -1):
                continue
            other = self._writes[key] & unseen
            if other and key == ERROR:
                other &= ~self._unseen_failures(number, mask)
            if other:
                writers = [self._updates[n][2] for n in range(other.bit_length()) if other >> n & 1]
                raise WriteConflict(key, *sorted((min(writers), node)))

    def _apply(
        self,
        data: dict[str, Any],
        update: Mapping[str, Any],
        reduced: Mapping[str, Any],
        results: dict[str, Any],
        fresh: set[str],
    ) -> None:
        """Write an update into data. ``fresh`` are keys whose list belongs to data alone."""
        for key, value in update.items():
            reducer = append if key[0] == HIDDEN else self._reducers.get(key)
            if reducer is None or (key not in data and reducer is not append):
                data[key] = value
            elif key in reduced:
                data[key] = reduced[key]
            elif key in fresh and isinstance(value, _LISTS):
                data[key].extend(value)
            else:
                data[key] = _reduce(reducer, key, data.get(key, []), value)
                if reducer is append:
                    fresh.add(key)
            if key in self._own:
                results[key] = data[key]

    def conflicts(self, views: Sequence[View]) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
        """Merge for looking only: conflicting keys are shown with their writers instead of raised."""
        views = self.distinct(views)
        data, mask = dict(views[0].data), views[0].mask
        clashes: dict[str, tuple[str, ...]] = {}
        for view in views[1:]:
            for number in _missing(view, mask):
                try:
                    self._check(number, mask)
                except WriteConflict as exc:
                    clashes[exc.key] = exc.nodes
                self._apply(data, self._lasting(number, mask, data), EMPTY, {}, set())
                mask |= 1 << number
        return data, clashes


def _missing(view: View, mask: int) -> list[int]:
    """The updates of a view that are not in the mask, in the view's order."""
    lack = view.mask & ~mask
    if not lack & (lack - 1):  # one at most: there is no order to find
        return [lack.bit_length() - 1] if lack else []
    parts: list[tuple[int, ...]] = []
    trail, rest = view.trail, view.mask
    while trail is not None and rest & ~mask:
        trail, rest, added = trail
        parts.append(added)
    return [number for part in reversed(parts) for number in part if not mask >> number & 1]


def _reduce(reducer: Callable[[Any, Any], Any], key: str, old: Any, new: Any) -> Any:
    try:
        return reducer(old, new)
    except BaseException as exc:  # a reducer may be a function of the user's, which may raise anything
        what = f"The reducer of {key!r} cannot join {type(old).__name__} and {type(new).__name__}: {words_of(exc)}."
        raise StateInvalid(what, hint='"append" takes lists, "add" numbers or text, "merge" dicts.') from exc
