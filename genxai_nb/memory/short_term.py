"""Short-term memory: the conversation itself."""

from __future__ import annotations

from typing import ClassVar

from genxai_nb.errors import DefinitionError
from genxai_nb.journal.items import Draft

from .base import Place, Query, Recalled, Shelf, Turn

SUMMARIES = ("model", "sentences", "none")


class ShortTerm:
    """The turns of a conversation, each what was asked and what was answered.

    They reach the prompt as the messages that they are, the newest ones as far as the agent's ``memory_tokens`` go, and
    a tool's call never without its result. What does not fit is condensed into a summary that is carried on. Nothing
    is looked for: the score is 1 / (1 + n) for the turn that n newer ones follow.

    Args:
        shelf: Where they stand.
        summary: By what the turns that do not fit are condensed: the agent's ``model`` (``sentences`` with the offline
            one), the most telling ``sentences``, or ``none``, which leaves them out.

    Raises:
        DefinitionError: ``summary`` is none of these.

    Example:
        >>> from genxai_nb.memory.shelves import ListShelf
        >>> memory = ShortTerm(ListShelf("short_term"))
        >>> turns = [Draft(text="user: Who? / clerk: Ada."), Draft(text="user: Sure? / clerk: Yes.")]
        >>> _ = memory.shelf.add(turns)
        >>> [recalled.why for recalled in memory.recall(Query(text="Sure?"))]
        ['the newest turn', '1 turn before the newest']
    """

    name = "short_term"
    place: Place = "conversation"
    embeds = False
    recalls = False
    options: ClassVar[tuple[str, ...]] = ("summary",)
    columns: ClassVar[dict[str, str]] = {"turn": "Int64", "messages": "Int64"}
    rules: ClassVar[dict[str, str]] = {
        "said": "All that was said in the conversation, as it was said.",
        "summary": "What does not fit into memory_tokens any more, condensed together with the summary before.",
        "by hand": "What a person tells it.",
        "recalled": "The summary, and the newest turns as messages of their own, as far as the budget goes.",
    }

    def __init__(self, shelf: Shelf, *, summary: str = "model") -> None:
        if summary not in SUMMARIES:
            raise DefinitionError(
                f"short_term memory is to be condensed by {summary!r}.",
                hint=f"Write one of {', '.join(SUMMARIES)}.",
            )
        self.shelf = shelf

    def notice(self, turn: Turn) -> list[Draft]:  # noqa: ARG002 - what was said is kept as messages
        """Nothing: the conversation keeps its messages itself."""
        return []

    def draft(self, text: str) -> Draft:
        """Something that a person tells it by hand, word for word."""
        return Draft(text=text, source="by hand", rule="by hand")

    def recall(self, query: Query, k: int = 5) -> list[Recalled]:  # noqa: ARG002 - nothing is looked for
        """The newest turns, at most ``k``."""
        current = [item for item in self.shelf.items() if item.status == "current"]
        newest = list(reversed(current))[:k]
        return [
            Recalled(item=item, score=1 / (1 + newer), why=_place(newer)) for newer, item in enumerate(newest)
        ]


def _place(newer: int) -> str:
    if not newer:
        return "the newest turn"
    return f"{newer} turn{'s' if newer > 1 else ''} before the newest"
