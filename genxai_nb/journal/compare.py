"""Two histories beside each other: state, what nodes wrote, what was asked, cost, time, as DataFrames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import MissingPackage
from genxai_nb.messages import ModelRequest

from .events import CallStarted, Event, InstanceFinished, NodeFinished
from .summary import in_words, summarize

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Differences", "compare"]

Place = tuple[str, int]
_WIDEST = 48  # characters of a column as text; two of them beside their index fit into a terminal


class Differences(Mapping[str, Any]):
    """What differs between two histories: DataFrames by ``state outputs prompts cost time``.

    ``state``, ``outputs`` and ``prompts`` have a row for what differs only; ``cost`` and ``time`` one for
    each node that ran in either.

    Args:
        first: The first one's name, which heads its columns.
        second: The second one's name.
        frames: The DataFrames.
    """

    def __init__(self, first: str, second: str, frames: dict[str, DataFrame]) -> None:
        self.first = first
        self.second = second
        self._frames = frames

    def __getitem__(self, name: str) -> DataFrame:
        return self._frames[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __repr__(self) -> str:
        parts = [f"{self.first} and {self.second}"]
        for name, frame in self._frames.items():
            parts.append(
                f"{name}: no difference"
                if frame.empty
                else f"{name}\n{frame.to_string(max_colwidth=_WIDEST)}"
            )
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        return "".join(
            f"<p><b>{name}</b>{': no difference' if frame.empty else ''}</p>"
            + ("" if frame.empty else frame.to_html(notebook=True))
            for name, frame in self._frames.items()
        )


def compare(
    first: Iterable[Event],
    second: Iterable[Event],
    *,
    names: tuple[str, str] = ("A", "B"),
    states: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None,
) -> Differences:
    """Compare two histories.

    Args:
        first: The events of the first one.
        second: The events of the second one.
        names: What they are called; the columns have these names.
        states: Their states, for which a graph is needed; without them ``state`` is empty.

    Raises:
        MissingPackage: pandas is not installed.
    """
    try:
        import pandas
    except ModuleNotFoundError as exc:
        raise MissingPackage("pandas", "notebook") from exc
    one, other = list(first), list(second)
    columns = list(names) if names[0] != names[1] else [f"{names[0]} (1)", f"{names[1]} (2)"]

    def frame(index: list[str], rows: list[tuple[Any, ...]], heads: list[str]) -> DataFrame:
        made: DataFrame = pandas.DataFrame(rows, columns=[*index, *heads]).set_index(index)
        return made

    figures = [_figures(one), _figures(other)]
    nodes = list(dict.fromkeys([*figures[0], *figures[1]]))
    none: dict[str, Any] = {"visits": 0, "tokens": 0, "cost": 0.0, "seconds": 0.0}
    pairs = [(node, figures[0].get(node, none), figures[1].get(node, none)) for node in nodes]
    cost = [
        (n, a["visits"], b["visits"], a["tokens"], b["tokens"], a["cost"], b["cost"]) for n, a, b in pairs
    ]
    time = [(n, a["seconds"], b["seconds"], b["seconds"] - a["seconds"]) for n, a, b in pairs]
    return Differences(
        *names,
        {
            "state": frame(["key"], _state_rows(*(states or ({}, {}))), columns),
            "outputs": frame(["node", "visit", "key"], _differing(_outputs(one), _outputs(other)), columns),
            "prompts": frame(["node", "visit", "call"], _prompt_rows(one, other), columns),
            "cost": frame(
                ["node"], cost, [f"{what} {c}" for what in ("visits", "tokens", "cost") for c in columns]
            ),
            "time": frame(["node"], time, [*(f"seconds {column}" for column in columns), "difference"]),
        },
    )


def _state_rows(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    keys = [key for key in dict.fromkeys([*one, *other]) if not key.startswith("@")]
    return [
        (key, one.get(key), other.get(key))
        for key in keys
        if (key in one) != (key in other) or not _equal(one[key], other[key])
    ]


def _differing(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> list[tuple[Any, ...]]:
    return [
        (*place, one.get(place), other.get(place))
        for place in dict.fromkeys([*one, *other])
        if (place in one) != (place in other) or not _equal(one[place], other[place])
    ]


def _equal(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except ValueError:  # an array or a DataFrame does not say yes or no
        return repr(one) == repr(other)


def _key(path: str, node: str) -> str:
    return f"{path}/{node}" if path else node


def _outputs(events: Iterable[Event]) -> dict[tuple[str, int, str], Any]:
    """What each visit wrote, by node, visit and key; of a map, the instances' values in order."""
    visits: dict[tuple[str, int], dict[int, Mapping[str, Any]]] = {}
    for event in events:
        if isinstance(event, NodeFinished | InstanceFinished):
            visit = visits.setdefault((_key(event.path, event.node), event.visit), {})
            visit[event.index if isinstance(event, InstanceFinished) else -1] = event.update
    return {
        (node, number, key if index < 0 else f"{key}[{index}]"): value
        for (node, number), updates in visits.items()
        for index, update in sorted(updates.items())
        for key, value in update.items()
        if not key.startswith("@")
    }


def _prompt_rows(one: Iterable[Event], other: Iterable[Event]) -> list[tuple[Any, ...]]:
    asked = _asked(one), _asked(other)
    rows = []
    for place in dict.fromkeys([*asked[0], *asked[1]]):
        calls = zip_longest(asked[0].get(place, ()), asked[1].get(place, ()))
        rows += [(*place, number, a, b) for number, (a, b) in enumerate(calls, 1) if a != b]
    return rows


def _asked(events: Iterable[Event]) -> dict[Place, list[str]]:
    """What models were asked, in words, by node and visit."""
    found: dict[Place, list[str]] = {}
    for event in events:
        if isinstance(event, CallStarted) and isinstance(event.request, ModelRequest):
            said = [f"{message.role}: {in_words(message)}" for message in event.request.messages]
            found.setdefault((_key(event.path, event.node), event.visit), []).append("\n".join(said))
    return found


def _figures(events: list[Event]) -> dict[str, dict[str, Any]]:
    """Visits, tokens, cost and seconds by node; a cost is None if a price of it is not known."""
    summary = summarize(events)
    return {
        key: {
            "visits": node.visits,
            "tokens": node.usage.total,
            "cost": node.cost.total,
            "seconds": node.seconds,
        }
        for key, node in summary.nodes.items()
    }
