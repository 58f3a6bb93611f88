"""``%genxai memory AGENT``: what an agent remembers, what a question recalls, what a run changed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from genxai_nb.errors import InputError

from .display import show_text
from .styled import styled
from .waiting import Inquiry

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandas import DataFrame

    from genxai_nb.agents.memory import AgentMemory

    from .session import Session
    from .verb import Request

NO_BOUNDS: Mapping[str, str] = MappingProxyType({})

_WAYS = ("query", "why", "diff", "changes")


def show_memory(session: Session, request: Request) -> Inquiry:
    """Show what an agent remembers.

    Raises:
        UnknownName: There is no such agent, or it has no such kind of memory.
        RunNotFound: There is no such run.
        InputError: Two of ``--query``, ``--why``, ``--diff`` and ``--changes`` are asked for, or ``--since`` or
            ``--status`` with one of them.
    """
    memory = session.agent(request.name).memory
    given = [name for name in _WAYS if request.has(name)]
    if len(given) > 1:
        raise InputError(f"--{given[0]} and --{given[1]} are two tables.", hint="Ask for one of them.")
    run = request.text("diff") or request.text("run") or None
    store = session.run(run).options.store if run else None
    bounds = {name: request.text(name) for name in ("since", "status") if request.text(name)}
    if bounds and given:
        raise InputError(
            f"--{next(iter(bounds))} is for the table, not for --{given[0]}.", hint="Leave one of them out."
        )
    look = looks(memory, request.text("kind") or None, run, store, bounds)[given[0] if given else "table"]
    if given == ["why"]:
        rules = memory.rules(request.text("kind") or None)
        show_text("\n".join(f"{row.kind} · {row.rule}: {row.says}" for row in rules.itertuples()))
    query = request.text("query")
    return Inquiry(lambda: look(query))


def looks(
    memory: AgentMemory,
    kind: str | None,
    run: str | None,
    store: str | None,
    bounds: Mapping[str, str] = NO_BOUNDS,
) -> dict[str, Callable[[str], DataFrame]]:
    """The tables that can be asked for, by name; each takes the question. ``bounds`` are the table's since and status."""

    def recalled(query: str) -> DataFrame:
        from genxai_nb.memory.frames import recalled_table

        found = memory.recall(query, kind=kind, run=run, store=store)
        return styled(recalled_table(found), "Nothing that is remembered fits this.")

    return {
        "table": lambda _: styled(
            memory.table(kind, **bounds, run=run, store=store),
            _nothing(bounds),
            memory.note(kind, store=store),
        ),
        "query": recalled,
        "why": lambda _: styled(
            memory.why(run, store=store), "No memory stood in a prompt of its latest run."
        ),
        "diff": lambda _: styled(memory.diff(run, store=store), f"Run {run} changed nothing in this memory."),
        "changes": lambda _: styled(
            memory.changes(kind, run=run, store=store),
            f"Run {run} changed nothing that lasts." if run else "Nothing that lasts has changed yet.",
        ),
    }


def _nothing(bounds: Mapping[str, str]) -> str:
    if "status" in bounds:
        return f"Nothing is {bounds['status']}."
    return f"Nothing was remembered since {bounds['since']}." if bounds else "Nothing is remembered yet."
