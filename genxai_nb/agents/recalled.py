"""What a run's events tell of an agent's memory."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genxai_nb.journal.events import CallFinished, CallStarted, InstanceFinished, NodeFinished
from genxai_nb.messages import Message

from .history import history_key, unpack

if TYPE_CHECKING:
    from genxai_nb.journal.events import Event
    from genxai_nb.journal.items import Items
    from genxai_nb.memory.frames import Changed, InPrompt


FORGOTTEN = "(forgotten)"

_LASTING = re.compile(r"m\d+")

Place = tuple[str, str, int, int | None]


def said_in(agent: str, events: Iterable[Event]) -> list[Message]:
    """All that an agent and its model said in a run."""
    return [message for update in _updates(events) for message in unpack(update.get(history_key(agent), ()))]


def noted_in(key: str, events: Iterable[Event]) -> list[Any]:
    """What a kind remembers of a run, as its hidden key holds it."""
    return [entry for update in _updates(events) for entry in update.get(key, ())]


def turns_in(said: Iterable[Message]) -> list[list[Message]]:
    """A conversation turn by turn: what was asked, then all up to the answer."""
    turns: list[list[Message]] = []
    for message in said:
        if message.role == "user" and (not turns or turns[-1][-1].role == "assistant"):
            turns.append([])
        if turns:
            turns[-1].append(message)
    return turns


def turns_of(agent: str, said: Iterable[Message]) -> list[dict[str, Any]]:
    """The turns of a conversation as drafts: what was asked, and what was answered last."""
    return [
        {
            "text": f"user: {turn[0].text}" + (f"\n{agent}: {turn[-1].text}" if len(turn) > 1 else ""),
            "source": "user",
            "rule": "said",
            "fields": {"turn": str(number), "messages": str(len(turn))},
        }
        for number, turn in enumerate(turns_in(said), 1)
    ]


def changes_in(
    agent: str, keys: Mapping[str, str], events: Iterable[Event], texts: Mapping[str, str]
) -> Iterator[Changed]:
    """What a run changed in an agent's memory, in order.

    Args:
        agent: The agent.
        keys: The hidden keys of its kinds, by kind; what another agent wrote to one is not its change.
        events: The events of the run.
        texts: What the store holds of what lasts, by name; empty for what was forgotten since.
    """
    starts: dict[str, CallStarted] = {}
    held: dict[tuple[str, str], str] = {}  # the values of the run by kind and name
    turns = 0
    for event in events:
        if isinstance(event, CallStarted) and event.kind == "memory" and event.name == agent:
            starts[event.slot] = event
        elif isinstance(event, CallFinished) and (start := starts.get(event.slot)) is not None:
            yield from _lasting(start, event.reply, texts)
        elif isinstance(event, NodeFinished | InstanceFinished):
            for turn in turns_of(agent, unpack(event.update.get(history_key(agent), ()))):
                turns += 1
                yield _changed("short_term", f"t{turns}", "", turn, event.node, event.visit)
            for kind, key in keys.items():
                for entry in event.update.get(key, ()):
                    if entry.get("agent", agent) != agent:
                        continue
                    name = entry.get("about") or entry["text"]
                    before = held.get((kind, name), "")
                    held[kind, name] = entry["text"]
                    if before != entry["text"]:
                        yield _changed(kind, name, before, entry, event.node, event.visit)


def _lasting(start: CallStarted, reply: Any, texts: Mapping[str, str]) -> Iterator[Changed]:
    """What a call wrote into the store."""
    if not isinstance(reply, dict) or "added" not in reply:
        return
    forgotten = {name for name, text in texts.items() if not text}
    before = {row["by"]: _text(row, forgotten) for row in reply["replaced"]}
    for row in reply["added"]:
        now = {**row, "text": _text(row, forgotten)}
        yield _changed(row["kind"], row["id"], before.get(row["id"], ""), now, start.node, start.visit)
    for rule in ("faded", "dropped"):
        for row in reply.get(rule, ()):
            before_it = texts.get(row["id"]) or FORGOTTEN
            gone = {"text": "", "rule": rule}
            yield _changed(row["kind"], row["id"], before_it, gone, start.node, start.visit)


def forgotten_in(events: Iterable[Event], items: Items) -> list[str]:
    """The names of the items that a run recalled, and that were forgotten since."""
    starts, names = set[str](), list[object]()
    for event in events:
        if isinstance(event, CallStarted) and event.kind == "memory":
            starts.add(event.slot)
        elif isinstance(event, CallFinished) and event.slot in starts and isinstance(event.reply, list):
            names += [row.get("id") for row in event.reply if isinstance(row, dict)]
    return forgotten_of(names, items)


def forgotten_of(names: Iterable[object], items: Items) -> list[str]:
    """Of names such as ``m7`` those whose items were forgotten, in the order of writing."""
    numbers = [int(name[1:]) for name in set(names) if isinstance(name, str) and _LASTING.fullmatch(name)]
    kept = items.pick(numbers) if numbers else []
    return [f"m{row.number}" for row in sorted(kept, key=lambda row: row.number) if row.forgotten is not None]


def _text(row: Mapping[str, Any], forgotten: Container[str]) -> str:
    text: str = FORGOTTEN if row["id"] in forgotten else row["text"]
    return text


def _changed(kind: str, name: str, before: str, now: Mapping[str, Any], node: str, visit: int) -> Changed:
    from genxai_nb.memory.frames import Changed

    return Changed(
        kind=kind,
        change="added" if not before else "replaced" if now["text"] else "ended",
        id=name,
        before=before,
        after=now["text"],
        rule=now.get("rule", ""),
        source=now.get("source", ""),
        node=node,
        visit=visit,
    )


def memories_in(agent: str, events: Sequence[Event], forgotten: Container[str] = ()) -> Iterator[InPrompt]:
    """Which memories stood in which prompts of a run, with their texts."""
    from genxai_nb.memory.frames import InPrompt

    places = set(places_of(agent, events))
    starts: dict[str, Place] = {}
    texts: dict[Place, dict[tuple[str, str], str]] = {}
    counts: dict[Place, int] = {}
    came: dict[tuple[Place, str, str], int] = {}  # before which call an item was recalled
    for event in events:
        if isinstance(event, CallFinished) and event.slot in starts and isinstance(event.reply, list):
            told = texts.setdefault(starts[event.slot], {})
            told |= {(row["kind"], row["id"]): _text(row, forgotten) for row in event.reply}
        if not isinstance(event, CallStarted) or (place := _place(event)) not in places:
            continue
        if event.kind == "memory" and event.name == agent:
            starts[event.slot] = place
        elif event.kind == "model":
            counts[place] = counts.get(place, 0) + 1
            told = texts.get(place, {})
            for one in event.memories:
                yield InPrompt(
                    node=event.node,
                    visit=event.visit,
                    call=counts[place],
                    recalled=came.setdefault((place, one.kind, one.id), counts[place]),
                    kind=one.kind,
                    id=one.id,
                    score=one.score,
                    why=one.why,
                    text=told.get((one.kind, one.id), ""),
                )


def places_of(agent: str, events: Iterable[Event]) -> Iterator[Place]:
    """Where in a run an agent answered."""
    for event in events:
        if isinstance(event, CallStarted):
            if event.kind == "memory" and event.name == agent:
                yield _place(event)
        elif isinstance(event, NodeFinished | InstanceFinished) and history_key(agent) in event.update:
            yield _place(event)


def _place(event: CallStarted | NodeFinished | InstanceFinished) -> Place:
    return event.path, event.node, event.visit, getattr(event, "index", None)


def _updates(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    for event in events:
        if isinstance(event, NodeFinished | InstanceFinished):
            yield event.update
