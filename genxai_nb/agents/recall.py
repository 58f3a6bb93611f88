"""What is recalled before an answer, in one call of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from genxai_nb.messages import Message, user
from genxai_nb.tokens import estimate_message

from .block import block_of
from .condensed import fitted
from .found import Row, ask_kinds
from .recollection import QUERY, Recollection

if TYPE_CHECKING:
    from genxai_nb.graph.nodes import Context

    from .definition import Definition

TOKENS = 2000  # of what is recalled, where the agent sets no budget


class Recall(NamedTuple):
    """A prompt with what is remembered in it.

    Attributes:
        messages: The messages, the question last.
        recollection: What of them is remembered, and what comes to mind later in the visit.
        updates: What of the conversation was condensed, as an update of the run's hidden keys.
    """

    messages: list[Message]
    recollection: Recollection
    updates: dict[str, Any]


async def recall(
    agent: Definition, messages: Sequence[Message], context: Context, state: Mapping[str, Any]
) -> Recall:
    """Put what is remembered into a prompt.

    The kinds that are recalled are asked in one call, and what they find shares one budget: the agent's
    ``memory_tokens``, of which they take at most half and the conversation the rest (see
    `genxai_nb.agents.condensed.fitted`); without one, 2,000 tokens, and the conversation as much as the model's window
    holds. What is left of it is for what comes to mind later in the visit.

    Args:
        agent: The agent.
        messages: The system message, the history and the user's message.
        context: The node's context.
        state: The state as the visit sees it, with its hidden keys.

    Returns:
        The messages with the recalled items in one of their own before the last, and what stands in them.

    Raises:
        MissingPackage: Items were embedded by a model that is not installed.
        StoreError: The store cannot be read.
    """
    *before, asked = messages
    opening = before[:1] if before and before[0].role == "system" else []
    history, updates = before[len(opening) :], dict[str, Any]()
    room = TOKENS if agent.memory_tokens is None else agent.memory_tokens // 2
    found, spent = list[Row](), 0
    if agent.recalled:
        query, kinds = asked.text[:QUERY], list(agent.recalled)
        request = {"op": "recall", "query": query, "kinds": kinds, "tokens": room}
        found = await ask_kinds(agent, request, context, state)
        spent = sum(one["tokens"] for one in found)
        room -= spent
    if agent.memory_tokens is not None:
        left = agent.memory_tokens - spent
        history, updates = await fitted(agent, history, left, context, state)
        if agent.recalled_again:
            room = min(room, left - sum(map(estimate_message, history)))
    block = [user(block_of(found, agent.name))] if found else []
    said = [*opening, *history, *block, asked]
    return Recall(said, Recollection(agent, context, state, said, found, room), updates)
