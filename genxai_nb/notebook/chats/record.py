"""The record of a chat: what was said, as it stays in a saved notebook."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from genxai_nb.graph.draw.figures import counted
from genxai_nb.graph.draw.lettering import one_line
from genxai_nb.graph.draw.picture import GLYPHS
from genxai_nb.notebook import style
from genxai_nb.notebook.markup import Markup, element
from genxai_nb.notebook.record import LARGEST
from genxai_nb.notebook.record_account import cut
from genxai_nb.notebook.record_html import SEPARATOR

from .turns import chat_row, chat_sums, turn_row

if TYPE_CHECKING:
    from .conversation import Chat

__all__ = ["chat_record"]

_ROOMS = (6000, 2000, 600, 160)
_MOST, _PLAIN, _GLANCE = 100, 2000, 120
_SAID = "padding:6px 12px"
_RULES = """\
.gx-record .gx-turn{padding:8px 12px;border-top:1px solid var(--gx-line)}
.gx-record .gx-turn .gx-mine{background:var(--gx-sunk);border-radius:5px;margin:0 -6px;padding:3px 6px!important}
.gx-record .gx-who{color:var(--gx-dim);font-size:12px}
.gx-record .gx-turn .gx-note{border:0;border-radius:5px;margin:4px -6px 0;padding:4px 6px!important}
"""

Row = dict[str, Any]


def chat_record(chat: Chat, note: str) -> dict[str, str]:
    """Make the record of a chat, as HTML and as plain text.

    Like a run's, it needs no kernel, no script and no trust, and takes at most 200 KB; its plain text has
    no run id and no time. Of a long chat the last hundred turns are kept.

    Args:
        chat: The chat.
        note: How to go on.
    """
    rows = [turn_row(turn) for turn in chat.turns[-_MOST:]]
    page = Markup()
    for room in _ROOMS:
        page = _page(chat, rows, note, room)
        if len(page.encode()) <= LARGEST:
            break
    return {"text/html": str(page), "text/plain": _plain(chat, rows)}


def _earlier(chat: Chat) -> str:
    left = len(chat.turns) - _MOST
    return f"{counted(left, 'earlier turn')} in the journal: %genxai runs" if left > 0 else ""


def _page(chat: Chat, rows: list[Row], note: str, room: int) -> Markup:
    head = chat_row(chat)
    said: list[Markup | None] = [_turn(chat.name, row, room) for row in rows]
    earlier = _earlier(chat)
    return element(
        "section",
        Markup(f"<style>{style.STYLE}{_RULES}</style>"),
        element(
            "div",
            element("b", chat.name, class_="gx-name"),
            SEPARATOR,
            element("span", "chat"),
            SEPARATOR,
            element("b", _glyph(head), class_=f"gx-pill gx-{head['icon']}"),
            SEPARATOR,
            element("span", " · ".join(chat_sums(chat)), class_="gx-sums"),
            class_="gx-bar",
            style="padding:8px 12px",
        ),
        element("div", earlier, class_="gx-note gx-idle", style=style.PART) if earlier else None,
        *said,
        element("div", element("span", note), class_="gx-foot", style=style.PART),
        class_="gx-record gx-chat",
        role="region",
        aria_label=f"Chat with {chat.name}, {counted(len(chat.turns), 'turn')}",
        style=style.FRAME,
    )


def _glyph(row: Row) -> str:
    """Glyph and words; a record stays as it is, so it does not say that something is under way."""
    if row["icon"] == "running":
        return f"{GLYPHS['idle']} Not answered yet"
    return f"{GLYPHS[row['icon']]} {row['words']}"


def _turn(name: str, row: Row, room: int) -> Markup:
    parts = [_line("you", row["prompt"], room, "gx-mine")]
    for part in row["parts"]:
        if part["kind"] == "tool":
            parts.append(_tool(part, room))
        elif part["kind"] == "asked":
            parts.append(_line("asked", f"{part['text']} {part['reply']}", room, "gx-dim"))
        else:
            parts.append(_line(name, part["text"], room, "gx-theirs"))
    if row["icon"] != "done":
        trouble = [
            element("b", _glyph(row)),
            *([" ", cut(row["error"], max(room, 1000))] if row["error"] else []),
        ]
        trouble += [Markup("<br>"), row["hint"]] if row["hint"] else []
        parts.append(element("div", *trouble, class_=f"gx-note gx-{row['icon']}", style=_SAID))
    return element("div", *parts, class_="gx-turn", style=style.PART)


def _line(who: str, text: str, room: int, cls: str) -> Markup:
    return element(
        "div",
        element("b", one_line(who), class_="gx-who"),
        Markup("<br>"),
        element("span", cut(text, room), class_="gx-text", style=style.TEXT),
        class_=f"gx-line {cls}",
        style="padding:3px 0",
    )


def _tool(part: Row, room: int) -> Markup:
    glance = cut(one_line(", ".join(f"{key}={value}" for key, value in part["rows"])), _GLANCE)
    glyph = GLYPHS["failed" if part["error"] else "done" if part["ended"] else "running"]
    inside = [_line(key, value, room, "gx-dim") for key, value in part["rows"]]
    inside.append(
        _line("error" if part["error"] else "result", part["error"] or part["reply"], room, "gx-dim")
    )
    return element(
        "details",
        element("summary", f"{glyph} {part['name']}({glance})", class_="gx-dim"),
        element("div", *inside, class_="gx-said", style="padding:2px 0 2px 14px"),
    )


def _plain(chat: Chat, rows: Iterable[Row]) -> str:
    lines = [f"{one_line(chat.name)}: chat, {counted(len(chat.turns), 'turn')}"]
    if earlier := _earlier(chat):
        lines.append(earlier)
    for row in rows:
        lines += ["", f"you: {cut(row['prompt'], _PLAIN)}"]
        for part in row["parts"]:
            if part["kind"] == "tool":
                given = ", ".join(f"{key}={value}" for key, value in part["rows"])
                lines.append(f"  {one_line(part['name'])}({cut(one_line(given), _GLANCE)})")
            elif part["kind"] == "asked":
                lines.append(f"  {one_line(part['text'])} {one_line(part['reply'])}")
            else:
                lines.append(f"{one_line(chat.name)}: {cut(part['text'], _PLAIN)}")
        if row["icon"] != "done":
            lines.append(" ".join(filter(None, (_glyph(row), one_line(row["error"])))))
    return "\n".join(lines)
