"""One answer with memory around it: recalled before, remembered after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import GenXAIError
from genxai_nb.guard.budget import budget_from

from .history import history_key, pack
from .loop import respond
from .recall import recall
from .remember import remember, remember_failure

if TYPE_CHECKING:
    from genxai_nb.graph.nodes import Context
    from genxai_nb.messages import Message

    from .definition import Definition
    from .outcome import Outcome


async def answer(
    agent: Definition,
    messages: Sequence[Message],
    context: Context,
    state: Mapping[str, Any],
    changes_of: Callable[[Outcome], dict[str, Any]],
) -> dict[str, Any]:
    """Let an agent answer with what it remembers, and remember what came of it.

    Args:
        agent: The agent.
        messages: The system message, the history and the user's message.
        context: The node's context.
        state: The state as the visit sees it, with its hidden keys.
        changes_of: What the visit writes to the state, by its outcome.

    Returns:
        What the visit writes, with the hidden keys of what belongs to the run.

    Raises:
        MissingPackage: Items were embedded by a model that is not installed.
        ProviderError: The model could not be asked, declined, or did not come to an answer.
        StoreError: The store cannot be read or written.
    """
    context = context.of(agent.name, budget_from(agent.budget))
    prompt, recollection, condensed = await recall(agent, messages, context, state)
    try:
        outcome = await respond(agent, prompt, context, recollection)
    except Exception as exc:  # remembered whatever it is, and raised on
        try:
            await remember_failure(agent, messages[-1].text, exc, context, recollection.memories)
        except GenXAIError as lost:
            context.log(f"The failure could not be remembered: {lost}")
        raise
    changes = changes_of(outcome)
    summary = "".join(entry["text"] for entries in condensed.values() for entry in entries)
    changes |= await remember(agent, outcome, context, changes, recollection.memories, summary)
    changes |= condensed
    if agent.remembers:
        changes[history_key(agent.name)] = pack(outcome.messages)
    return changes
