"""The command ``memory``: what agents remember in a store."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from genxai_nb.agents.agent import Agent
from genxai_nb.errors import UnknownName
from genxai_nb.journal.opening import find_store
from genxai_nb.memory import registry
from genxai_nb.memory.frames import recalled_table

from .exits import DONE
from .printing import as_json, plain, put, table, tell

if TYPE_CHECKING:
    from pandas import DataFrame

    from genxai_nb.agents.memory import AgentMemory

__all__ = ["show_memory"]

_WIDEST = 60


def show_memory(given: Namespace) -> int:
    """Print what an agent remembers; without an agent, the agents that remember something.

    Returns:
        The exit code.

    Raises:
        UnknownName: No agent of that name remembers anything in the store, or there is no such kind.
        RunNotFound: There is no such run.
        StoreError: The journal cannot be read.
    """
    owners = find_store(given.store).items.owners()
    if given.agent is None:
        rows = [{"agent": owner, "kind": kind} for owner, kind in owners]
        if given.json:
            put(as_json(rows))
        elif rows:
            put(table(("agent", "kind"), [list(row.values()) for row in rows]))
        else:
            tell("No agent remembers anything here.")
        return DONE
    memory = _memory_of(given.agent)
    frame = _asked(memory, given)
    if not len(frame) and given.agent not in {owner for owner, _ in owners} and not given.diff:
        raise UnknownName("agent with a memory", given.agent, {owner for owner, _ in owners})
    if given.json:
        put(as_json([_fields(row) for row in frame.to_dict("records")]))
    elif len(frame):
        _print(
            frame,
            ""
            if given.query or given.why or given.diff or given.changes
            else memory.note(given.kind, store=given.store),
        )
    else:
        tell("Nothing is remembered." if not given.query else "Nothing that is remembered fits this.")
    return DONE


def _memory_of(owner: str) -> AgentMemory:
    """All kinds of memory of an agent, or of a scope such as ``user/ada``."""
    scope, _, of = owner.partition("/")
    if not of:
        return Agent(owner, memory=registry.names()).memory
    lasting = [kind for kind in registry.names() if registry.find(kind).place == "store"]
    return Agent(scope, memory={kind: {"scope": scope, "of": of} for kind in lasting}).memory


def _asked(memory: AgentMemory, given: Namespace) -> DataFrame:
    if given.diff:
        return memory.diff(given.diff, store=given.store)
    if given.why:
        return memory.why(given.run, store=given.store)
    if given.changes:
        return memory.changes(given.kind, run=given.run, store=given.store)
    if given.query:
        return recalled_table(memory.recall(given.query, kind=given.kind, run=given.run, store=given.store))
    return memory.table(given.kind, since=given.since, status=given.status, run=given.run, store=given.store)


def _print(frame: DataFrame, note: str) -> None:
    rows = [[_words(value) for value in row] for row in frame.itertuples(index=False)]
    put(table([str(name) for name in frame.columns], rows))
    if note:
        tell(note)


def _words(value: Any) -> str:
    import pandas

    if value is None or value is pandas.NaT:
        return ""
    if isinstance(value, pandas.Timestamp):
        return f"{value.tz_convert(None).to_pydatetime():%Y-%m-%d %H:%M} UTC"
    if isinstance(value, float):
        return f"{value:.2f}"
    text = " ".join(plain(str(value)).split())
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _fields(row: dict[Any, Any]) -> dict[str, Any]:
    import pandas

    return {
        str(name): None
        if value is pandas.NaT
        else value.isoformat()
        if isinstance(value, pandas.Timestamp)
        else value
        for name, value in row.items()
    }
