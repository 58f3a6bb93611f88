"""What is remembered after an answer, in one call of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from genxai_nb.calls.call import Traits
from genxai_nb.memory import registry
from genxai_nb.messages import Message, ToolResult
from genxai_nb.settings import read_settings
from genxai_nb.templates import readable

from .held import lasts, open_listed, run_key
from .writing import writing

if TYPE_CHECKING:
    from genxai_nb.graph.nodes import Context
    from genxai_nb.journal.events import Remembered
    from genxai_nb.journal.items import Draft
    from genxai_nb.memory.base import Turn
    from genxai_nb.memory.rules import Fact

    from .definition import Definition
    from .outcome import Outcome


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
        SchemaInvalid: A rule of one's own returned something else than sentences.
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
        if lasts(name)
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
        if rules := agent.memory.own_rules:
            request["rules"] = rules
        await context.call("memory", agent.name, request, writing(agent), traits)


async def _noticed(agent: Definition, turn: Turn, context: Context) -> dict[str, list[Draft]]:
    """What the kinds find worth remembering of a turn, or rules of one's own; never what hides something."""
    from genxai_nb.loop import run_in_worker
    from genxai_nb.memory.own_rules import OPTION, noticed
    from genxai_nb.memory.rules import is_hidden

    found: dict[str, list[Draft]] = {}
    for name in agent.memory.kinds:
        kind: Any = open_listed(agent, name)
        if rule := agent.memory.options[name].get(OPTION):
            drafts = await run_in_worker(noticed, rule, kind, turn)
        else:
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
