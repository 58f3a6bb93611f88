"""The record of a run and the picture of a graph: what stays in a saved notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genxai_nb.errors import DefinitionError
from genxai_nb.graph.draw import picture_of
from genxai_nb.graph.draw.figures import counted
from genxai_nb.graph.draw.lettering import one_line, visible

from . import style
from .markup import Markup, element
from .record_account import account_of
from .record_html import SEPARATOR, html_record, picture_part
from .record_text import plain_record

if TYPE_CHECKING:
    from genxai_nb.graph.build import Graph
    from genxai_nb.journal.events import Event

LARGEST = 200_000
_ROOMS = (6000, 2000, 600, 160, 0)


def record(run_events: Sequence[Event], graph: Graph | None) -> dict[str, str]:
    """Make the record of a run: what it came to, the picture, the nodes, as HTML and as plain text.

    The HTML needs no kernel, no script and no trust, and takes at most 200 KB: longer texts are cut, and
    say so. The plain text has no run id and no time, so that running again makes no difference to it.

    Args:
        run_events: The run's facts so far.
        graph: The graph that ran. None, or one that has another structure by now, leaves out the picture
            and the values that came out.
    """
    account = account_of(run_events, graph)
    picture = None if account.picture is None else picture_part(account.picture)
    page = Markup()
    for room in _ROOMS:
        page = html_record(account, room, picture)
        if len(page.encode()) <= LARGEST:
            break
    return {"text/html": str(page), "text/plain": plain_record(account)}


def graph_bundle(graph: Graph) -> dict[str, str]:
    """Make what a graph shows when it is displayed: its picture, and its lines as plain text."""
    lines = graph.lines().strip()
    name = one_line(graph.name)
    try:
        graph.build()
        trouble = ""
    except DefinitionError as exc:
        trouble = str(exc)
    size = f"graph · {counted(len(graph.nodes), 'node')}, {counted(len(graph.edges), 'edge')}"
    page = element(
        "section",
        Markup(f"<style>{style.STYLE}</style>"),
        element(
            "div",
            element("b", name, class_="gx-name"),
            SEPARATOR,
            element("span", size),
            class_="gx-bar",
            style="padding:8px 12px",
        ),
        element("div", trouble, class_="gx-note gx-failed", style=style.PART) if trouble else None,
        picture_part(picture_of(graph)) if graph.nodes else None,
        class_="gx-record",
        role="region",
        aria_label=f"Graph {name}",
        style=style.FRAME,
    )
    text = "\n".join(filter(None, (f"graph {name}", visible(lines), visible(trouble))))
    return {"text/html": str(page), "text/plain": text}
