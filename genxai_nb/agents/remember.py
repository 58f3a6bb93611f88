"""What is remembered after an answer, in one call of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import msgspec

from genxai_nb.calls.call import Traits
from genxai_nb.memory import registry
from genxai_nb.messages import Message, ToolResult
from genxai_nb.settings import read_settings
from genxai_nb.templates import readable

from .held import lasts, open_lasting, open_listed, owner_of, run_key, shelf_of
from .recall import embedded

if TYPE_CHECKING:
    from genxai_nb.calls.call import Call, Handler
    from genxai_nb.graph.nodes import Context
    from genxai_nb.journal.events import Remembered
    from genxai_nb.journal.items import Draft, Items, Use
    from genxai_nb.memory.base import Turn, Visit, Written
    from genxai_nb.memory.proposals import Proposal
    from genxai_nb.memory.rules import Fact
    from genxai_nb.memory.shelves import StoreShelf

    from .definition import Definition
    from .outcome import Outcome

_DAY = 86400.0
_looked: WeakKeyDictionary[Items, dict[tuple[str, str], float]] = WeakKeyDictionary()  # when for what faded
_ALIKE = 20  # episodes that are looked at for a procedure


async def remember(
    agent: Definition,
    outcome: Outcome,
    context: Context,
    wrote: Mapping[str, Any],
    memories: Sequence[Remembered] = (),
    condensed: str = "",
) -> dict[str, Any]:
    """Remember what a visit brought, by the rules of the agent's kinds.

    What lasts is written by one call, an effect: a replay does not write it again, nor does a fork in which
    the same was said. What belongs to the run is returned as an update of its hidden keys.

    Args:
        agent: The agent.
        outcome: What it came to.
        context: The node's context.
        wrote: What the visit writes to the state.
        memories: What stood in its prompt; the kinds that count how often an item is used are told.
        condensed: Into what earlier turns were condensed for it; empty for nothing.

    Raises:
        MissingPackage: The items there were embedded by a model that is not installed.
        StoreError: The store cannot be written.
    """
    if not agent.recalled:
        return {}
    from genxai_nb.memory.base import Turn

    turn = Turn(
        agent=agent.name,
        asked=outcome.messages[0].text,
        answer=outcome.text,
        results=_results(outcome.messages),
        wrote={key: readable(value) for key, value in wrote.items() if not key.startswith("@")},
        condensed=condensed,
    )
    drafts = await _noticed(agent, turn, context)
    await _write(agent, _lasting(drafts), memories, context, Traits(effect=True))
    return {
        run_key(agent, name): msgspec.to_builtins(
            [msgspec.structs.replace(draft, agent=agent.name) for draft in some]
        )
        for name, some in drafts.items()
        if registry.find(name).place == "run" and some
    }


async def remember_failure(
    agent: Definition,
    asked: str,
    error: Exception,
    context: Context,
    memories: Sequence[Remembered] = (),
) -> None:
    """Remember that a visit failed, in those kinds that take an interest.

    It is no effect to a replay: a visit that is tried again may go well, and then this one did not happen. Its
    key keeps it from being written twice.

    Args:
        agent: The agent.
        asked: What it was asked.
        error: What it failed with.
        context: The node's context.
        memories: What stood in its prompt.

    Raises:
        StoreError: The store cannot be written.
    """
    kinds = [name for name in agent.recalled if getattr(registry.find(name), "fails", False)]
    from genxai_nb.memory.base import Turn

    turn = Turn(agent=agent.name, asked=asked, error=str(error) or type(error).__name__)
    drafts = {name: some for name, some in (await _noticed(agent, turn, context)).items() if name in kinds}
    await _write(agent, _lasting(drafts), memories, context, Traits(), won=False)


def _lasting(drafts: Mapping[str, Sequence[Draft]]) -> list[dict[str, Any]]:
    """The drafts of the kinds that last, as plain data."""
    return [
        {"kind": name, **msgspec.to_builtins(draft)}
        for name, some in drafts.items()
        if registry.find(name).place == "store"
        for draft in some
    ]


async def _write(
    agent: Definition,
    items: list[dict[str, Any]],
    memories: Sequence[Remembered],
    context: Context,
    traits: Traits,
    *,
    won: bool = True,
) -> None:
    used = _used(memories)
    if items or used:
        request: dict[str, Any] = {"op": "remember", "items": items}
        if used:
            request |= {"used": used, "won": won}
        await context.call("memory", agent.name, request, _writing(agent), traits)


async def _noticed(agent: Definition, turn: Turn, context: Context) -> dict[str, list[Draft]]:
    """What the kinds find worth remembering of a turn; never what hides something."""
    from genxai_nb.memory.rules import is_hidden

    found: dict[str, list[Draft]] = {}
    for name in agent.memory.kinds:
        kind: Any = open_listed(agent, name)
        drafts = kind.notice(turn, *(await _extracted(agent, kind, turn, context)))
        found[name] = [draft for draft in drafts if not is_hidden(draft.text)]
    return found


async def _extracted(
    agent: Definition, kind: Any, turn: Turn, context: Context
) -> tuple[list[Fact] | None, ...]:
    """The facts that the agent's model finds in a turn, for a kind that wants them."""
    model = context.model_override or agent.model or read_settings().model
    if getattr(kind, "extract", "") != "model" or model == "offline" or turn.error:
        return ()
    from .extracted import facts_by_model

    return (await facts_by_model(model, turn.asked, context),)


def _used(memories: Sequence[Remembered]) -> dict[str, list[str]]:
    """The items that stood in the prompt, of the kinds that count that."""
    used: dict[str, list[str]] = {}
    for one in memories:
        if registry.is_known(one.kind) and getattr(registry.find(one.kind), "counts", False):
            used.setdefault(one.kind, []).append(one.id)
    return used


def _writing(agent: Definition) -> Handler:
    """Make the handler that writes what lasts; made again under its key, it finds itself done."""

    async def write(call: Call) -> dict[str, Any]:
        from genxai_nb.journal.items import Draft, Use
        from genxai_nb.loop import run_in_worker

        drafts: dict[str, list[Draft]] = {}
        for item in call.request["items"]:
            fields = {name: value for name, value in item.items() if name != "kind"}
            drafts.setdefault(item["kind"], []).append(msgspec.convert(fields, Draft))
        written: dict[str, Any] = {"added": [], "replaced": [], "known": []}
        if faded := await run_in_worker(_faded, call, agent):
            written["faded"] = faded
        for kind, some in drafts.items():
            done = await run_in_worker(_put, *(await _ready(call, agent, kind, some)), call.key)
            for item in done.added:
                row = {"kind": kind, "id": item.id, "text": item.text}
                written["added"].append({**row, "rule": item.rule, "source": item.source})
            written["replaced"] += [
                {"id": old.id, "text": old.text, "by": new.id} for old, new in done.replaced
            ]
            written["known"] += [item.id for item in done.known]
        for kind, names in call.request.get("used", {}).items():
            shelf = shelf_of(call.context.store.items, agent, kind, call.context.run_id)
            use = Use(number=0, won=call.request["won"], seconds=(await _visit(call)).seconds)
            await run_in_worker(_count, shelf, names, use, call.key)
        if {"episodic", "procedural"} <= set(agent.memory.kinds) and "episodic" in drafts:
            proposed = await run_in_worker(_proposed, call, agent, drafts["episodic"][0])
            written["proposed"] = [msgspec.to_builtins(one) for one in proposed]
            for one in proposed:
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


def _faded(call: Call, agent: Definition) -> list[dict[str, str]]:
    """Let items end that were not used for long; once a day in this process is enough."""
    gone: list[dict[str, str]] = []
    for kind in filter(lasts, agent.memory.kinds):
        shelf = shelf_of(call.context.store.items, agent, kind)
        days = getattr(open_lasting(call.context.store.items, agent, kind), "fade", 0)
        looked = _looked.setdefault(call.context.store.items, {})
        place = owner_of(agent, kind), kind
        if days and time() - looked.get(place, 0.0) > _DAY:
            looked[place] = time()
            gone += [{"kind": kind, "id": item.id, "text": item.text} for item in shelf.fade(days)]
    return gone


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
    return proposals(episodes, procedures.shelf.items(), procedures.after)


def _results(messages: Sequence[Message]) -> dict[str, str]:
    """The results of tools that did not fail, by the call as it is written."""
    from .visited import call_text

    calls = {call.id: call for message in messages for call in message.tool_calls}
    found = {}
    for part in (part for message in messages for part in message.parts if isinstance(part, ToolResult)):
        call = calls.get(part.id)
        if call is not None and not part.failed:
            found[call_text(call.name, call.arguments)] = part.text
    return found
