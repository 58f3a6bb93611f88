"""``%genxai memory AGENT``: what an agent remembers, what a question recalls, what a run changed."""

from __future__ import annotations

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

_WAYS = ("query", "why", "diff")


def show_memory(session: Session, request: Request) -> Inquiry:
    """Show what an agent remembers.

    Raises:
        UnknownName: There is no such agent, or it has no such kind of memory.
        RunNotFound: There is no such run.
        InputError: Two of ``--query``, ``--why`` and ``--diff`` are asked for, or ``--since`` with one of them.
    """
    memory = session.agent(request.name).memory
    given = [name for name in _WAYS if request.has(name)]
    if len(given) > 1:
        raise InputError(f"--{given[0]} and --{given[1]} are two tables.", hint="Ask for one of them.")
    run = request.text("diff") or request.text("run") or None
    store = session.run(run).options.store if run else None
    since = request.text("since") or None
    if since and given:
        raise InputError(f"--since is for the table, not for --{given[0]}.", hint="Leave one of them out.")
    look = looks(memory, request.text("kind") or None, run, store, since)[given[0] if given else "table"]
    if given == ["why"]:
        rules = memory.rules(request.text("kind") or None)
        show_text("\n".join(f"{row.kind} · {row.rule}: {row.says}" for row in rules.itertuples()))
    query = request.text("query")
    return Inquiry(lambda: look(query))


def looks(
    memory: AgentMemory, kind: str | None, run: str | None, store: str | None, since: str | None = None
) -> dict[str, Callable[[str], DataFrame]]:
    """The tables that can be asked for, by name; each takes the question."""

    def recalled(query: str) -> DataFrame:
        from genxai_nb.memory.frames import recalled_table

        found = memory.recall(query, kind=kind, run=run, store=store)
        return styled(recalled_table(found), "Nothing that is remembered fits this.")

    return {
        "table": lambda _: styled(
            memory.table(kind, since=since, run=run, store=store),
            f"Nothing was remembered since {since}." if since else "Nothing is remembered yet.",
            memory.note(kind, store=store),
        ),
        "query": recalled,
        "why": lambda _: styled(
            memory.why(run, store=store), "No memory stood in a prompt of its latest run."
        ),
        "diff": lambda _: styled(memory.diff(run, store=store), f"Run {run} changed nothing in this memory."),
    }
