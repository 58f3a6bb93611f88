"""Memories as DataFrames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from genxai_nb.errors import MissingPackage
from genxai_nb.journal.changes import Change as Logged

from .base import Item, Recalled
from .entities import Link
from .episodic import DONE
from .patterns import grouped
from .proposals import Proposal
from .rates import wilson

if TYPE_CHECKING:
    from pandas import DataFrame

Change = Literal["added", "replaced", "ended"]


class Changed(Struct, frozen=True, kw_only=True):
    """What a run changed in a memory.

    Attributes:
        kind: The kind of memory.
        change: ``added``, ``replaced`` for what took an older item's place, or ``ended`` for what faded.
        id: The new item's name.
        before: The text that held before; empty if nothing did.
        after: The text that holds now.
        rule: The rule by which it was written.
        source: Who said it.
        node: The node whose visit wrote it.
        visit: The number of that visit.
    """

    kind: str
    change: Change
    id: str
    before: str
    after: str
    rule: str
    source: str
    node: str
    visit: int


class InPrompt(Struct, frozen=True, kw_only=True):
    """A memory that stood in a prompt.

    Attributes:
        node: The node whose model was asked.
        visit: The number of its visit.
        call: The number of the model call in that visit, from 1.
        recalled: The number of the call before which it was recalled; it stands in the prompt from then on.
        kind: The kind of memory.
        id: The item's name.
        score: How well it fitted, from 0 to 1.
        why: The reason in words.
        text: The item; empty for the conversation, which stands in the prompt as it was said.
    """

    node: str
    visit: int
    call: int
    recalled: int
    kind: str
    id: str
    score: float
    why: str
    text: str


def item_table(items: Iterable[Item], columns: Mapping[str, str] | Sequence[str] = ()) -> DataFrame:
    """Tabulate items in the order of writing.

    The columns are

    - ``kind``, ``id``: the kind of memory, and the item's name there
    - ``text``: what is remembered; empty once it is forgotten
    - ``status``: ``current``, ``expired``, ``replaced`` by a newer one about the same, ``dropped`` or ``forgotten``
    - ``source``, ``rule``: who said it, and the rule by which it was written
    - ``run_id``: the run that it comes from; empty for none
    - ``written``, ``until``: when it was written and until when it is so (UTC), missing where nobody said it

    and then the kind's own ones, if they are asked for.

    Args:
        items: The items.
        columns: The kind's own columns with their dtypes; ``datetime`` for a time.

    Raises:
        MissingPackage: pandas is not installed.
    """
    rows = list(items)
    dtypes = columns if isinstance(columns, Mapping) else dict.fromkeys(columns, "str")
    return _frame(
        {
            "kind": _texts(item.kind for item in rows),
            "id": _texts(item.id for item in rows),
            "text": _texts(item.text for item in rows),
            "status": _texts(item.status for item in rows),
            "source": _texts(item.source for item in rows),
            "rule": _texts(item.rule for item in rows),
            "run_id": _texts(item.run for item in rows),
            "written": _times(item.at or None for item in rows),
            "until": _times(item.until for item in rows),
            **{name: _column([_value(item, name) for item in rows], dtype) for name, dtype in dtypes.items()},
        }
    )


def _value(item: Item, name: str) -> Any:
    """An own column: a part of the item, or what is known of every item."""
    return item.fields[name] if name in item.fields else getattr(item, name, None)


def _column(values: list[Any], dtype: str) -> Any:
    if dtype == "datetime":
        return _times(values)
    if dtype == "str":
        return _texts(value or "" for value in values)
    numbers = [None if value in {None, ""} else float(value) for value in values]
    return _pandas().array(numbers, dtype=dtype)


def meant_table(found: Iterable[tuple[Item, float | None]]) -> DataFrame:
    """Tabulate items that would be forgotten: the columns of `item_table`, and ``score``, their relevance to a query.

    Raises:
        MissingPackage: pandas is not installed.
    """
    rows = list(found)
    frame = item_table(item for item, _ in rows)
    frame["score"] = _column([score for _, score in rows], "Float64")
    return frame


def recalled_table(found: Iterable[Recalled]) -> DataFrame:
    """Tabulate what was recalled, the best first.

    The columns are ``kind``, ``id``, ``score`` (from 0 to 1, each kind says what it measures), ``why`` and
    ``text``.

    Raises:
        MissingPackage: pandas is not installed.
    """
    rows = list(found)
    return _frame(
        {
            "kind": _texts(one.item.kind for one in rows),
            "id": _texts(one.item.id for one in rows),
            "score": _pandas().array([one.score for one in rows], dtype="float64"),
            "why": _texts(one.why for one in rows),
            "text": _texts(one.item.text for one in rows),
        }
    )


def proposal_table(found: Iterable[Proposal]) -> DataFrame:
    """Tabulate procedures that are proposed.

    The columns are ``name``, ``when``, ``steps`` (a line for each), ``successes``, and ``duration``, how long the task
    took on average, in seconds.

    Raises:
        MissingPackage: pandas is not installed.
    """
    rows = list(found)
    return _frame(
        {
            "name": _texts(one.name for one in rows),
            "when": _texts(one.when for one in rows),
            "steps": _texts("\n".join(one.steps) for one in rows),
            "successes": _column([len(one.episodes) for one in rows], "Int64"),
            "duration": _column([sum(one.seconds) / len(one.seconds) for one in rows], "Float64"),
        }
    )


def link_table(links: Iterable[Link]) -> DataFrame:
    """Tabulate facts that lead from one entity to another, the nearest first.

    The columns are ``hop`` (how many facts lead to the end of this one), ``subject``, ``predicate``, ``object``,
    ``confidence``, ``since``, ``until``, ``id``, and ``via``, the fact that led here.

    Raises:
        MissingPackage: pandas is not installed.
    """
    rows = list(links)
    fields = {
        name: _texts(link.item.fields.get(name, "") for link in rows)
        for name in ("subject", "predicate", "object")
    }
    return _frame(
        {
            "hop": _column([link.hop for link in rows], "Int64"),
            **fields,
            "confidence": _column([link.item.fields.get("confidence") for link in rows], "Float64"),
            "since": _times(link.item.since for link in rows),
            "until": _times(link.item.until for link in rows),
            "id": _texts(link.item.id for link in rows),
            "via": _texts(link.via for link in rows),
        }
    )


def rate_table(episodes: Iterable[Item], by: Literal["task", "tool"] = "task") -> DataFrame:
    """Tabulate how often episodes went well, the most frequent first.

    The columns are ``task`` or ``tool``; ``episodes``, ``done`` and ``failed``, how many there were; ``rate``, the
    share that went well; ``bound``, what that rate is at least (see `genxai_nb.memory.rates.wilson`); ``cost`` and
    ``seconds``, the means of those of which it is known. A task stands for all its variants; an episode counts for
    each tool that it used.

    Raises:
        MissingPackage: pandas is not installed.
    """
    rows = list(episodes)
    groups: dict[str, list[Item]] = {}
    if by == "task":
        for group in grouped([item.fields["task"] for item in rows]):
            groups.setdefault(group.pattern, []).extend(rows[place] for place in group.members)
    else:
        for item in rows:
            for tool in filter(None, item.fields.get("tools", "").split(", ")):
                groups.setdefault(tool, []).append(item)
    order = sorted(groups, key=lambda name: (-len(groups[name]), name if by == "tool" else ""))
    counts = [
        (len(groups[name]), sum(one.fields["outcome"] == DONE for one in groups[name])) for name in order
    ]
    return _frame(
        {
            by: _texts(order),
            "episodes": _column([count for count, _ in counts], "Int64"),
            "done": _column([done for _, done in counts], "Int64"),
            "failed": _column([count - done for count, done in counts], "Int64"),
            "rate": _column([done / count for count, done in counts], "Float64"),
            "bound": _column([wilson(done, count) for count, done in counts], "Float64"),
            "cost": _column([_mean(groups[name], "cost") for name in order], "Float64"),
            "seconds": _column([_mean(groups[name], "seconds") for name in order], "Float64"),
        }
    )


def _mean(items: Iterable[Item], field: str) -> float | None:
    known = [float(item.fields[field]) for item in items if field in item.fields]
    return sum(known) / len(known) if known else None


def change_table(changes: Iterable[Changed]) -> DataFrame:
    """Tabulate what a run changed, in the order of writing.

    The columns are the fields of `Changed`: ``kind``, ``change``, ``id``, ``before``, ``after``, ``rule``,
    ``source``, ``node`` and ``visit``.

    Raises:
        MissingPackage: pandas is not installed.
    """
    return _struct_frame(Changed, changes)


def log_table(log: Iterable[tuple[str, Logged]]) -> DataFrame:
    """Tabulate changes, each with its kind of memory.

    The columns are

    - ``change``: its name, such as ``c7``, for ``agent.memory.undo``
    - ``at``: when it was (UTC)
    - ``kind``, ``what``: the kind of memory, and what became of the items; see `genxai_nb.journal.changes.Change`
    - ``items``: their names, parted by commas; of more than 20 the first ones, and how many more there are
    - ``by``: the item that took their place, or the change that was undone; empty for neither
    - ``why``: the rule, or the reason
    - ``agent``, ``run_id``: the agent that made it and its run; empty for a person
    - ``undone``: the change that has undone it; empty while it counts

    Raises:
        MissingPackage: pandas is not installed.
    """
    rows = list(log)
    changes = [change for _, change in rows]
    return _frame(
        {
            "change": _texts(f"c{one.number}" for one in changes),
            "at": _times(one.at for one in changes),
            "kind": _texts(kind for kind, _ in rows),
            "what": _texts(one.what for one in changes),
            "items": _texts(one.names for one in changes),
            "by": _texts(
                "" if one.other is None else f"{'c' if one.what == 'undone' else 'm'}{one.other}"
                for one in changes
            ),
            "why": _texts(one.why for one in changes),
            "agent": _texts(one.agent for one in changes),
            "run_id": _texts(one.run for one in changes),
            "undone": _texts("" if one.undone is None else f"c{one.undone}" for one in changes),
        }
    )


def prompt_table(memories: Iterable[InPrompt]) -> DataFrame:
    """Tabulate which memories stood in which prompts, in the order of the calls.

    The columns are the fields of `InPrompt`: ``node``, ``visit``, ``call``, ``recalled``, ``kind``, ``id``, ``score``,
    ``why`` and ``text``.

    Raises:
        MissingPackage: pandas is not installed.
    """
    return _struct_frame(InPrompt, memories)


def rule_table(rules: Mapping[str, Mapping[str, str]]) -> DataFrame:
    """Tabulate the rules of kinds: columns ``kind``, ``rule`` and ``says``.

    Raises:
        MissingPackage: pandas is not installed.
    """
    rows = [(kind, rule, says) for kind, own in rules.items() for rule, says in own.items()]
    return _frame(
        {name: _texts(row[place] for row in rows) for place, name in enumerate(("kind", "rule", "says"))}
    )


_DTYPES = {"visit": "int64", "call": "int64", "recalled": "int64", "score": "float64"}


def _struct_frame(kind: type[Struct], rows: Iterable[Struct]) -> DataFrame:
    rows = list(rows)
    return _frame(
        {
            name: _pandas().array([getattr(row, name) for row in rows], dtype=_DTYPES.get(name, "str"))
            for name in kind.__struct_fields__
        }
    )


def _texts(values: Iterable[str]) -> Any:
    return _pandas().array(list(values), dtype="str")


def _times(values: Iterable[float | None]) -> Any:
    pandas = _pandas()
    seconds = pandas.array(list(values), dtype="Float64").to_numpy(dtype="float64", na_value=float("nan"))
    return pandas.to_datetime(seconds, unit="s", utc=True).astype("datetime64[us, UTC]")


def _frame(columns: dict[str, Any]) -> DataFrame:
    frame: DataFrame = _pandas().DataFrame(columns)
    return frame


def _pandas() -> Any:
    try:
        import pandas
    except ModuleNotFoundError as exc:
        raise MissingPackage("pandas", "notebook") from exc
    return pandas
