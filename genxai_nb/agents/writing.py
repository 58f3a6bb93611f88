"""How what lasts is written: the handler of the call by which a visit is remembered."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import msgspec

from genxai_nb.memory import registry

from .changed import proposed, untold
from .found import embedded
from .held import lasts, open_lasting, open_listed, owner_of, shelf_of

if TYPE_CHECKING:
    from genxai_nb.calls.call import Call, Handler
    from genxai_nb.journal.changes import Change
    from genxai_nb.journal.events import Event
    from genxai_nb.journal.items import Draft, Items, Use
    from genxai_nb.memory.base import Visit, Written
    from genxai_nb.memory.proposals import Proposal
    from genxai_nb.memory.shelves import StoreShelf

    from .definition import Definition

_DAY = 86400.0
_looked: WeakKeyDictionary[Items, dict[tuple[str, str], float]] = WeakKeyDictionary()  # when for what faded
_ALIKE = 20  # episodes that are looked at for a procedure


def writing(agent: Definition) -> Handler:
    """Make the handler that writes what lasts; made again under its key, it finds itself done."""

    async def write(call: Call) -> dict[str, Any]:
        from genxai_nb.journal.items import Draft, Use
        from genxai_nb.loop import run_in_worker

        drafts: dict[str, list[Draft]] = {}
        for item in call.request["items"]:
            fields = {name: value for name, value in item.items() if name != "kind"}
            drafts.setdefault(item["kind"], []).append(msgspec.convert(fields, Draft))
        written: dict[str, Any] = {"added": [], "replaced": [], "known": []}
        facts: list[Event] = []
        call.facts, began = facts, time()
        written |= await run_in_worker(_consolidated, call, agent, facts)
        for kind, some in drafts.items():
            done = await run_in_worker(_put, *(await _ready(call, agent, kind, some)), call.key)
            for item in done.added:
                row = {"kind": kind, "id": item.id, "text": item.text}
                written["added"].append({**row, "rule": item.rule, "source": item.source})
            written["replaced"] += [
                {"id": old.id, "text": old.text, "by": new.id} for old, new in done.replaced
            ]
            written["known"] += [item.id for item in done.known]
            facts += await run_in_worker(untold, done.changes, call, agent, kind, began)
        for kind, names in call.request.get("used", {}).items():
            shelf = shelf_of(call.context.store.items, agent, kind, call.context.run_id)
            use = Use(number=0, won=call.request["won"], seconds=(await _visit(call)).seconds)
            await run_in_worker(_count, shelf, names, use, call.key)
        if {"episodic", "procedural"} <= set(agent.memory.kinds) and "episodic" in drafts:
            found = await run_in_worker(_proposed, call, agent, drafts["episodic"][0])
            written["proposed"] = [msgspec.to_builtins(one) for one in found]
            facts += [proposed(one, call, agent) for one in found]
            for one in found:
                call.context.log(
                    f"Proposed a procedure for {one.when!r}: {agent.name}.memory.accept({one.name!r})"
                )
        return written

    return write


async def _ready(
    call: Call, agent: Definition, kind: str, drafts: list[Draft]
) -> tuple[StoreShelf, list[Draft], str, int]:
    """The shelf for drafts, the drafts with their embeddings, and the model that made those."""
    from genxai_nb.loop import run_in_worker
    from genxai_nb.memory.embed import find_embedder, installed_model

    shelf = shelf_of(call.context.store.items, agent, kind, call.context.run_id)
    if hasattr(registry.find(kind), "complete"):
        visit = await _visit(call)
        opened: Any = open_listed(agent, kind)
        drafts = [opened.complete(draft, visit) for draft in drafts]
    model = (shelf.model or installed_model()) if registry.find(kind).embeds else ""
    if not model:
        return shelf, await run_in_worker(_merged, agent, kind, shelf, drafts), "", 0
    vectors = await embedded(call.context, model, [draft.cue or draft.text for draft in drafts])
    named = [
        msgspec.structs.replace(draft, vector=vector) for draft, vector in zip(drafts, vectors, strict=True)
    ]
    return shelf, await run_in_worker(_merged, agent, kind, shelf, named), model, find_embedder(model).dims


def _merged(agent: Definition, kind: str, shelf: StoreShelf, drafts: list[Draft]) -> list[Draft]:
    """The drafts with the items whose place they take, because they say the same in other words."""
    from genxai_nb.memory.shelves import number_of

    opened: Any = registry.open_kind(kind, shelf, agent.memory.options[kind])
    if not hasattr(opened, "same"):
        return drafts
    return [
        msgspec.structs.replace(draft, replaces=tuple(number_of(item.id) for item in opened.same(draft)))
        for draft in drafts
    ]


def _consolidated(call: Call, agent: Definition, facts: list[Event]) -> dict[str, list[dict[str, str]]]:
    """Let items end and be dropped by age and count; once a day in this process is enough."""
    rows: dict[str, list[dict[str, str]]] = {}
    looked = _looked.setdefault(call.context.store.items, {})
    for name in filter(lasts, agent.memory.kinds):
        shelf = shelf_of(call.context.store.items, agent, name, call.context.run_id)
        kind: Any = registry.open_kind(name, shelf, agent.memory.options[name])
        place = owner_of(agent, name), name
        bounded = getattr(kind, "fade", 0) or getattr(kind, "most", 0)
        if bounded and time() - looked.get(place, 0.0) > _DAY:
            looked[place] = began = time()
            for change in _retained(shelf, kind, call.key):
                facts += untold([change], call, agent, name, began)
                rows.setdefault(change.what, []).extend(
                    {"kind": name, "id": f"m{number}"} for number in change.items
                )
    return rows


def _retained(shelf: StoreShelf, kind: Any, key: str) -> list[Change]:
    """What ends or is dropped of a kind now, and what was by the same write before a crash."""
    from genxai_nb.memory.retention import leaving

    made: list[Change | None] = [
        change for change in shelf.changes(key) if change.what in {"faded", "dropped"}
    ]
    days = getattr(kind, "fade", 0)
    if days and not hasattr(kind, "is_past"):
        made.append(shelf.end(shelf.unused(days), "faded", f"not used for {days} days", key))
    made += [shelf.end(one.items, "dropped", one.why, key) for one in leaving(kind, shelf, time())]
    return [change for change in made if change is not None]


async def _visit(call: Call) -> Visit:
    """What the journal tells of the visit that a call remembers."""
    from genxai_nb.loop import run_in_worker

    from .visited import visit_of

    return await run_in_worker(visit_of, call.context.store, call.context.run_id, call.scope)


def _put(shelf: StoreShelf, drafts: list[Draft], model: str, dims: int, key: str) -> Written:
    return shelf.add(drafts, key=key, model=model, dims=dims)


def _count(shelf: StoreShelf, names: list[str], use: Use, key: str) -> int:
    from genxai_nb.memory.shelves import number_of

    return shelf.use([msgspec.structs.replace(use, number=number_of(name)) for name in names], key=key)


def _proposed(call: Call, agent: Definition, episode: Draft) -> list[Proposal]:
    """The procedures that the episodes most like a new one suggest together with it."""
    from genxai_nb.memory.base import Query
    from genxai_nb.memory.proposals import proposals

    items = call.context.store.items
    alike = shelf_of(items, agent, "episodic").search(Query(text=episode.cue), _ALIKE)
    procedures: Any = open_lasting(items, agent, "procedural")
    episodes = sorted((item for item, _ in alike), key=lambda item: item.at)
    found = proposals(episodes, procedures.shelf.items(), procedures.after)
    return [one for one in found if len(one.episodes) == procedures.after]  # it is proposed in one run only
