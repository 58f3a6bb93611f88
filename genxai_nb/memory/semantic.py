"""Semantic memory: facts that a person stated, across runs."""

from __future__ import annotations

from typing import ClassVar

from msgspec import structs

from genxai_nb.journal.items import Draft

from .base import Place, Query, Recalled, Shelf, Turn
from .rules import RULES, Fact, facts_in, facts_noted


class Semantic:
    """Facts, each a sentence with its subject, predicate and object, kept across runs by the agent's name.

    They are written by the rules of `genxai_nb.memory.rules`, and recalled by the cosine similarity of
    their embeddings to the question, from 0 to 1; what is less alike than the embedding's ``least`` is
    not recalled.

    Args:
        shelf: Where they stand.

    Example:
        >>> from genxai_nb.memory.shelves import ListShelf
        >>> memory = Semantic(ListShelf("semantic"))
        >>> [draft.text for draft in memory.notice(Turn(agent="clerk", asked="My name is Ada. And yours?"))]
        ['My name is Ada.']
    """

    name = "semantic"
    place: Place = "store"
    embeds = True
    recalls = True
    columns: ClassVar[dict[str, str]] = {"subject": "str", "predicate": "str", "object": "str"}
    rules: ClassVar[dict[str, str]] = {
        **RULES,
        "by hand": "What a person tells it by agent.memory.remember(...).",
        "never": "Questions, what tools return, and whatever looks like a key or names a password, a PIN, a token or a secret.",
        "recalled": "By the likeness of its embedding to the question: cosine similarity, from 0 to 1.",
    }

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def notice(self, turn: Turn) -> list[Draft]:
        """The facts that the user stated, and those that the agent noted in its answer."""
        drafts = [_draft(fact, "user") for fact in facts_in(turn.asked)]
        return drafts + [_draft(fact, turn.agent) for fact in facts_noted(turn.answer)]

    def draft(self, text: str) -> Draft:
        """A fact that a person tells by hand, taken apart if it is a statement."""
        facts = facts_in(text)
        fact = (
            facts[0] if len(facts) == 1 and len(facts[0].text) + 2 > len(text) else Fact(text=text, rule="")
        )
        return structs.replace(_draft(fact, "by hand"), rule="by hand")

    def recall(self, query: Query, k: int = 5) -> list[Recalled]:
        """The facts most alike to the query's embedding, the best first, at most ``k``.

        Raises:
            StoreError: The query was embedded by another model.
        """
        return [
            Recalled(item=item, score=match.relevance, why=match.why)
            for item, match in self.shelf.search(query, k)
        ]


def _draft(fact: Fact, source: str) -> Draft:
    fields = {"subject": fact.subject, "predicate": fact.predicate, "object": fact.object}
    return Draft(
        text=fact.text,
        source=source,
        rule=fact.rule,
        about=f"{fact.subject} {fact.predicate}".lower() if fact.single else "",
        fields={name: value for name, value in fields.items() if value},
    )
