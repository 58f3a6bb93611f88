"""Two lines of history beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genxai_nb.graph.draw.lettering import one_line
from genxai_nb.graph.fold import fold
from genxai_nb.notebook.record_account import text_of

from .story import tell
from .tree import store_of
from .values import as_mapping

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run

__all__ = ["compared"]

_CELL = 160


def compared(run: Run, other: str) -> dict[str, Any]:
    """Compare a run as it stands with another run or another of its heads: state, nodes, figures.

    Args:
        run: The run.
        other: The name of a head, such as ``r7.1``, or of a run.
    """
    store = store_of(run)
    name, _, number = other.partition(".")
    theirs = list(store.read(name, other if number else None))
    mine = run.events()
    tables = []
    if run.graph is not None:
        states = [
            as_mapping(run.graph.schema.result(fold(run.graph, events).schedule.now()[0]))
            for events in (mine, theirs)
        ]
        tables.append(_table("State", ["key", run.run_id, other], _states(*states)))
    stories = tell(mine), tell(theirs)
    keys = list(dict.fromkeys([*stories[0].nodes, *stories[1].nodes]))
    rows = [[key, *(_node(story, key) for story in stories)] for key in keys]
    tables.append(_table("Nodes", ["node", run.run_id, other], [row for row in rows if row[1] != row[2]]))
    return {
        "title": f"{run.run_id} beside {other}",
        "tables": [table for table in tables if table["rows"]]
        or [{"title": "There is no difference.", "columns": [], "rows": []}],
    }


def _table(title: str, columns: list[str], rows: list[list[str]]) -> dict[str, Any]:
    return {"title": title, "columns": columns, "rows": rows}


def _states(mine: dict[str, Any], theirs: dict[str, Any]) -> list[list[str]]:
    keys = dict.fromkeys([*mine, *theirs])
    rows = [[key, *(_cell(state, key) for state in (mine, theirs))] for key in keys]
    return [row for row in rows if row[1] != row[2]]


def _cell(state: dict[str, Any], key: str) -> str:
    return one_line(text_of(state[key]), _CELL) if key in state else "–"


def _node(story: Any, key: str) -> str:
    node = story.nodes.get(key)
    if node is None:
        return "not reached"
    tokens = f", {node.usage.total} tokens" if node.usage.total else ""
    replies = [call.reply for visit in node.told for call in visit.calls if call.ended]
    said = f": {text_of(getattr(replies[-1], 'message', replies[-1]))}" if replies else ""
    return one_line(f"{node.visits} visits{tokens}{said}", _CELL)
