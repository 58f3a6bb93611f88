"""What an agent's prompt holds of what it remembers, in the course of one visit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genxai_nb.journal.events import Remembered

from .block import beside, block_of, is_block
from .condensed import is_summary
from .found import ask_kinds, asks_a_network, look

if TYPE_CHECKING:
    from genxai_nb.graph.nodes import Context
    from genxai_nb.messages import Message, ModelRequest, ToolResult

    from .definition import Definition
    from .found import Row

SHORT_TERM = "short_term"
QUERY = 1000  # characters of the question that memories are compared with
_LEAST = 9  # tokens that the shortest item takes


class Recollection:
    """What stands in the prompt of one visit, and what comes to mind as the visit learns more.

    Args:
        agent: The agent.
        context: The node's context.
        state: The state as the visit sees it, with its hidden keys.
        said: The messages of the first request, the question last.
        found: The items that were recalled for it.
        room: How many tokens are left for more of them.
    """

    __slots__ = ("_agent", "_context", "_first", "_later", "_question", "_room", "_state", "_told")

    def __init__(
        self,
        agent: Definition,
        context: Context,
        state: Mapping[str, Any],
        said: Sequence[Message],
        found: Sequence[Row],
        room: int,
    ) -> None:
        self._agent, self._context, self._state = agent, context, state
        self._question = said[-1]
        self._first = _standing(_remembered(found), said[:-1])
        self._later: list[tuple[Message, tuple[Remembered, ...]]] = []
        self._told = {one["text"] for one in found} if found else set()
        self._room = room

    @property
    def memories(self) -> tuple[Remembered, ...]:
        """All that has come into the prompt, the conversation first."""
        return self._first + tuple(one for _, some in self._later for one in some)

    @property
    def goes_on(self) -> bool:
        """Whether more can come into the prompt: there is a kind to ask, and room."""
        return self._room >= _LEAST and bool(self._agent.recalled_again)

    def standing(self, request: ModelRequest) -> tuple[Remembered, ...]:
        """What of it stands in a request, which the window may have shortened."""
        if not request.trimmed:
            return self.memories if self._later else self._first
        messages = request.messages
        place = next(place for place, message in enumerate(messages) if message is self._question)
        sent = {id(message) for message in messages[place:]}
        later = [one for message, some in self._later if id(message) in sent for one in some]
        return (*_standing(self._first, messages[:place]), *later)

    async def remind(
        self, message: Message, learnt: Sequence[ToolResult], stands: Callable[[], bool]
    ) -> Message:
        """Put what the newest results bring to mind after them.

        The question is what was learnt, and what the visit is asked. What is in the prompt already does not come
        again, and all of the visit shares one budget. If nothing comes, nothing is recorded, unless a network was
        asked for an embedding; a replay, which must not look anew, knows it by the model's call that follows.

        Args:
            message: The message with the results, the latest of its kind.
            learnt: Those of them that are new.
            stands: Tells whether the model was asked with the prompt as it is, by the record.

        Returns:
            The message with what came to mind, or the same one.

        Raises:
            MissingPackage: Items were embedded by a model that is not installed.
            StoreError: The store cannot be read.
        """
        found = await self._found(self._agent.recalled_again, learnt, stands)
        if not found:
            return message
        self._room -= sum(one["tokens"] for one in found)
        self._told.update(one["text"] for one in found)
        told = beside(message, block_of(found, self._agent.name))
        self._later.append((told, _remembered(found)))
        return told

    async def _found(
        self, kinds: Sequence[str], learnt: Sequence[ToolResult], stands: Callable[[], bool]
    ) -> list[Row]:
        agent, context, state = self._agent, self._context, self._state
        request = {
            "op": "recall",
            "query": self._question.text[: QUERY // 2],
            "learnt": _said_shortly(learnt),
            "kinds": list(kinds),
            "tokens": self._room,
        }
        recorded = context.holds("memory", agent.name, request)
        if not recorded and stands():
            return []
        items = context.store.items
        if recorded or asks_a_network(agent, kinds, items):
            return await ask_kinds(agent, request, context, state, self._told)
        found = await look(agent, request, items, state, self._told)
        return await ask_kinds(agent, request, context, state, self._told, found) if found else []


def _said_shortly(results: Sequence[ToolResult]) -> str:
    """The beginnings of results, each with its share of a question."""
    share = max(QUERY // 2 // len(results), 1)
    return "\n".join(result.text[:share] for result in results)


def _remembered(found: Sequence[Row]) -> tuple[Remembered, ...]:
    return tuple(
        Remembered(kind=one["kind"], id=one["id"], score=one["score"], why=one["why"]) for one in found
    )


def _standing(memories: Sequence[Remembered], before: Sequence[Message]) -> tuple[Remembered, ...]:
    """Which memories stand in the messages before the question, the conversation first."""
    recalled = [one for one in memories if one.kind != SHORT_TERM]
    block = bool(before) and is_block(before[-1])
    summary = any(map(is_summary, before))
    turns = sum(message.role == "user" for message in before) - block - summary
    condensed = Remembered(kind=SHORT_TERM, id="summary", score=1.0, why="a summary of the turns before")
    conversation = Remembered(
        kind=SHORT_TERM,
        id="t1" if turns == 1 else f"t1..t{turns}",
        score=1.0,
        why=f"the conversation, {turns} turn{'s' if turns > 1 else ''}",
    )
    return (
        *([condensed] if summary else ()),
        *([conversation] if turns > 0 else ()),
        *(recalled if block else ()),
    )
