"""Semantic memory: facts, across runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec import structs

from genxai_nb.errors import DefinitionError
from genxai_nb.journal.items import Draft
from genxai_nb.moments import moment

from .base import Item, Place, Query, Recalled, Shelf, Turn, Visit, checked_fade, checked_most
from .entities import entity
from .index import Match
from .rules import RULES, Fact, facts_in, facts_noted
from .words import in_one_form

SURE, STATED, NOTED, DOUBTED = 1.0, 0.9, 0.7, 0.5  # the confidence in a fact, by how it was said
EXTRACTS = ("patterns", "model")
ONWARD = 0.8  # of its weight, that a fact hands on to what its object leads to

_LOOKED_AT = 30  # facts whose relevance is known when it is weighed what a fact leads to
_ROOTS = 3  # facts that are followed
_NAMED = 20  # facts that name an entity, of which those about it are taken


class Semantic:
    """Facts: subject, predicate and object, with confidence, source and the time in which they hold.

    They are written by the rules of `genxai_nb.memory.rules`. A fact of which there is one at a time ends the older
    one, which stays in the table with the time until which it held; what is said to be so until a day is not
    recalled after it. Facts are found by meaning and words, and weighed by the confidence in them::

        weight = relevance (1 + confidence) / 2

    From the three that weigh most the facts about their objects are followed, so that a question is answered over
    more than one fact. A fact that another one leads to has::

        weight = max(own weight, 0.8 weight of that one (1 + relevance) / 2)

    Relevance is that of `genxai_nb.memory.index.Index`.

    A fact that holds no more, because another one took its place or its time is over, is dropped a year after that: it
    stands in no table and no search, and can be taken back. One that holds stays, unless there are too many.

    Args:
        shelf: Where they stand.
        hops: Over how many facts at most a question is answered; 1 follows none.
        extract: By what facts are found in what the user says: ``patterns``, or the agent's ``model``, by a recorded
            call with structured output; where that fails, and with the offline model, by patterns.
        fade: How many days after a fact has ended it is dropped; 0 for never.
        most: How many facts hold at most; the least sure are dropped, of equally sure ones the oldest. 0 for no limit.

    Raises:
        DefinitionError: ``hops`` is no number from 1 to 4, ``extract`` neither of the two, or ``fade`` or ``most`` no
            such number.

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
    options: ClassVar[tuple[str, ...]] = ("hops", "extract", "fade", "most")
    columns: ClassVar[dict[str, str]] = {
        "subject": "str",
        "predicate": "str",
        "object": "str",
        "cited": "str",
        "confidence": "Float64",
        "agent": "str",
        "since": "datetime",
    }
    rules: ClassVar[dict[str, str]] = {
        **RULES,
        "extracted": "With extract: model, what the agent's model takes out of the user's words; the object has to stand in them.",
        "by hand": "What a person tells it by agent.memory.remember(...).",
        "confidence": "1.0 by hand, 0.9 stated, 0.7 noted by the agent, 0.5 after maybe, perhaps, probably, I think, I guess; what the model says of an extracted one.",
        "time": 'A fact that is said to be so "until", "from" or "since" a day holds in that time only.',
        "dropped": "What has ended fade days (365) ago, and of more than most (100,000) facts the least sure, of equally sure ones the oldest.",
        "never": "Questions, what tools return, and whatever looks like a key or names a password, a PIN, a token or a secret.",
        "recalled": "By meaning and words, weighed by confidence, and what the best three lead to.",
    }

    def __init__(
        self,
        shelf: Shelf,
        *,
        hops: int = 2,
        extract: str = "patterns",
        fade: int = 365,
        most: int = 100_000,
    ) -> None:
        if type(hops) is not int or not 1 <= hops <= 4:
            raise DefinitionError(
                f"semantic memory is to follow {hops!r} facts.",
                hint="Write a number from 1 to 4, such as hops: 2.",
            )
        if extract not in EXTRACTS:
            raise DefinitionError(
                f"Facts are to be found by {extract!r}.", hint=f"Write one of {', '.join(EXTRACTS)}."
            )
        self.shelf = shelf
        self.extract = extract
        self.fade = checked_fade(self.name, fade)
        self.most = checked_most(self.name, most)
        self._hops = hops

    def notice(self, turn: Turn, stated: Sequence[Fact] | None = None) -> list[Draft]:
        """The facts that the user stated, and those that the agent noted in its answer.

        Args:
            turn: The turn.
            stated: The facts that a model took out of it; None to find them by patterns.
        """
        facts = facts_in(turn.asked) if stated is None else stated
        drafts = [_draft(fact, "user", DOUBTED if fact.doubted else STATED) for fact in facts]
        return drafts + [_draft(fact, turn.agent, NOTED) for fact in facts_noted(turn.answer)]

    def draft(self, text: str) -> Draft:
        """A fact that a person tells by hand, taken apart if it is a statement."""
        text = in_one_form(text)
        facts = facts_in(text)
        fact = (
            facts[0] if len(facts) == 1 and len(facts[0].text) + 2 > len(text) else Fact(text=text, rule="")
        )
        return structs.replace(_draft(fact, "by hand", SURE), rule="by hand")

    def complete(self, draft: Draft, visit: Visit) -> Draft:
        """The fact with the time in which it holds, where days were named: they are those after the visit."""
        fields = {name: value for name, value in draft.fields.items() if name not in {"from", "until"}}
        return structs.replace(
            draft,
            since=moment(draft.fields.get("from", ""), visit.at),
            expires=moment(draft.fields.get("until", ""), visit.at, end=True),
            fields=fields,
        )

    def is_past(self, item: Item) -> bool:
        """Whether a fact holds no more."""
        return item.status != "current"

    def worth(self, item: Item, at: float) -> float:  # noqa: ARG002 - a fact gets no less sure
        """What a fact is worth by itself: the confidence in it."""
        return _confidence(item)

    def recall(self, query: Query, k: int = 5) -> list[Recalled]:
        """The facts that weigh most, the heaviest first, at most ``k``.

        Raises:
            StoreError: The query was embedded by another model.
        """
        matches = self.shelf.search(query, max(k, _LOOKED_AT))
        found = {item.id: _weighed(item, match) for item, match in matches}
        relevance = {item.id: match.relevance for item, match in matches}
        front = sorted(found.values(), key=lambda one: -one.score)[:_ROOTS]
        for _ in range(1, self._hops):
            front = [onward for root in front for onward in self._onward(root, relevance, query.at)]
            for one in front:
                if one.item.id not in found or one.score > found[one.item.id].score:
                    found[one.item.id] = one
        return sorted(found.values(), key=lambda one: -one.score)[:k]

    def _onward(self, root: Recalled, relevance: dict[str, float], at: float) -> list[Recalled]:
        """The facts about the object of a fact."""
        about = root.item.fields.get("object", "")
        if not about:
            return []
        named = [item for item, _ in self.shelf.search(Query(text=about, at=at), _NAMED)]
        return [
            Recalled(
                item=item,
                score=ONWARD * root.score * (1 + relevance.get(item.id, 0.0)) / 2,
                why=f"about {about}, from {root.item.id}: {root.item.text}",
            )
            for item in named
            if item.id != root.item.id and entity(item.fields.get("subject", "")) == entity(about)
        ]


def _weighed(item: Item, match: Match) -> Recalled:
    confidence = _confidence(item)
    sure = "" if confidence >= STATED else f"; confidence {confidence:.1f}"
    return Recalled(item=item, score=match.relevance * (1 + confidence) / 2, why=f"{match.why}{sure}")


def _confidence(item: Item) -> float:
    return float(item.fields.get("confidence", STATED))


def _draft(fact: Fact, source: str, confidence: float) -> Draft:
    fields = {
        "subject": fact.subject,
        "predicate": fact.predicate,
        "object": fact.object,
        "cited": fact.cited,
        "confidence": f"{confidence if fact.confidence is None else fact.confidence:g}",
        "from": fact.since,
        "until": fact.until,
    }
    return Draft(
        text=fact.text,
        source=source,
        rule=fact.rule,
        about=in_one_form(f"{fact.subject} {fact.predicate}").lower() if fact.single else "",
        fields={name: value for name, value in fields.items() if value},
    )
