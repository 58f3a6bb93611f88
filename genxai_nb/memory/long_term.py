"""Long-term memory: what was said and mattered, across runs and notebooks."""

from __future__ import annotations

import re
from typing import ClassVar

from msgspec import structs

from genxai_nb.errors import DefinitionError
from genxai_nb.journal.items import Draft

from .base import Item, Place, Query, Recalled, Shelf, Turn, checked_fade, checked_most
from .importance import RULES, rated
from .index import Match
from .retention import hours_since, worth
from .rules import facts_noted
from .words import words_of

NOTED = 0.7  # the importance of what the agent itself noted
CONDENSED = 0.5  # that of a summary
SAME = 0.97  # the cosine similarity from which two sentences with the same names say the same
RELEVANCE, OTHERS = 0.7, 0.1  # the weights; see `LongTerm`

_CANDIDATES = 30  # that are weighed
_NEAREST = 3  # that may say the same
_NAMES = re.compile(r"\d+|\b[A-Z]\w*")


class LongTerm:
    """Sentences that mattered, in the words in which they were said.

    A sentence is kept if it is important enough by the rules of `genxai_nb.memory.importance`. What is recalled is
    weighed as in Park et al., "Generative Agents: Interactive Simulacra of Human Behavior" (UIST 2023), by
    relevance, importance and recency, and by use besides::

        score   = 0.7 relevance + 0.1 importance + 0.1 recency + 0.1 use
        recency = 0.995 ** (hours since it was used last, or written)
        use     = ln(1 + times used) / ln(1 + 100), at most 1

    Relevance is that of `genxai_nb.memory.index.Index`; it has the most weight here, because an agent asks for
    what answers a question, not for what is on its mind. That need grows with the logarithm of use is from
    Anderson and Schooler, "Reflections of the Environment in Memory" (1991). An item is used whenever it stood
    in the prompt of a visit that ended.

    What says the same in other words takes the place of what was said before: it has the same telling words, or the
    cosine similarity of the embeddings is at least 0.97 and numbers and names are the same. What was neither written
    nor used for a year fades: it holds no longer, and stays in the table. Both happen when a visit is remembered, and
    can be undone.

    Args:
        shelf: Where they stand.
        keep: How important a sentence has to be, from 0 to 1.
        fade: After how many days an item fades that is not used; 0 for never.
        most: How many items hold at most; those are dropped whose importance, recency and use are least. 0 for no limit.

    Raises:
        DefinitionError: ``keep``, ``fade`` or ``most`` is no such number.

    Example:
        >>> from genxai_nb.memory.shelves import ListShelf
        >>> memory = LongTerm(ListShelf("long_term"))
        >>> [draft.text for draft in memory.notice(Turn(agent="clerk", asked="Hello! We decided to use Postgres."))]
        ['We decided to use Postgres.']
    """

    name = "long_term"
    place: Place = "store"
    embeds = True
    recalls = True
    counts = True
    options: ClassVar[tuple[str, ...]] = ("keep", "fade", "most")
    columns: ClassVar[dict[str, str]] = {
        "importance": "Float64",
        "agent": "str",
        "uses": "Int64",
        "used": "datetime",
    }
    rules: ClassVar[dict[str, str]] = {
        **RULES,
        "noted": 'A line of the agent\'s own answer that begins with "Fact:" or "Remember:", with 0.7.',
        "by hand": "What a person tells it by agent.memory.remember(...), with 1.0.",
        "never": "Questions, what tools return, and whatever looks like a key or names a password, a PIN, a token or a secret.",
        "condensed": "The summary of what a conversation has no room for, one at a time, with 0.5.",
        "merged": "What says the same in other words takes the place of what was said before.",
        "faded": "What was neither written nor used for fade days (365) holds no longer.",
        "dropped": "With most, what is least important, recent and used of more items than that.",
        "recalled": "By 0.7 relevance + 0.1 importance + 0.1 recency + 0.1 use, each from 0 to 1.",
    }

    def __init__(self, shelf: Shelf, *, keep: float = 0.5, fade: int = 365, most: int = 0) -> None:
        if type(keep) not in {int, float} or not 0 <= keep <= 1:
            raise DefinitionError(
                f"long_term memory is to keep {keep!r}.",
                hint="Write a number from 0 to 1, such as keep: 0.5.",
            )
        self.shelf = shelf
        self.fade = checked_fade(self.name, fade)
        self.most = checked_most(self.name, most)
        self._keep = keep

    def notice(self, turn: Turn) -> list[Draft]:
        """The sentences of the user that matter, and those that the agent noted in its answer."""
        drafts = [_draft(one.text, "user", one.rule, one.importance) for one in rated(turn.asked, self._keep)]
        noted = [fact.text for fact in facts_noted(turn.answer)] if self._keep <= NOTED else []
        drafts += [_draft(text, turn.agent, "noted", NOTED) for text in noted]
        if turn.condensed:
            about = f"conversation of {turn.agent}"
            drafts.append(
                structs.replace(_draft(turn.condensed, turn.agent, "condensed", CONDENSED), about=about)
            )
        return drafts

    def worth(self, item: Item, at: float) -> float:
        """What an item is worth by itself: its importance, recency and use."""
        return worth(item, _importance(item), at)

    def same(self, draft: Draft) -> list[Item]:
        """The items that say the same as a draft in other words."""
        found = self.shelf.search(Query(text=draft.text, vector=draft.vector), _NEAREST)
        return [item for item, match in found if item.text != draft.text and _is_same(item, draft, match)]

    def draft(self, text: str) -> Draft:
        """Something that a person tells it by hand, word for word."""
        return _draft(text, "by hand", "by hand", 1.0)

    def recall(self, query: Query, k: int = 5) -> list[Recalled]:
        """The items that weigh most, the heaviest first, at most ``k``.

        Raises:
            StoreError: The query was embedded by another model.
        """
        found = [
            _weighed(item, match, query.at) for item, match in self.shelf.search(query, max(k, _CANDIDATES))
        ]
        return sorted(found, key=lambda one: -one.score)[:k]


def _is_same(item: Item, draft: Draft, match: Match) -> bool:
    if set(words_of(item.text)) == set(words_of(draft.text)):
        return True
    return (match.meaning or 0.0) >= SAME and _NAMES.findall(item.text[1:]) == _NAMES.findall(draft.text[1:])


def _weighed(item: Item, match: Match, at: float) -> Recalled:
    importance, hours = _importance(item), hours_since(item, at)
    used = f", used {item.uses} time{'s' if item.uses > 1 else ''}" if item.uses else ""
    return Recalled(
        item=item,
        score=RELEVANCE * match.relevance + OTHERS * worth(item, importance, at),
        why=f"{match.why}; importance {importance:.1f}, {_age(hours)} old{used}",
    )


def _importance(item: Item) -> float:
    return float(item.fields.get("importance", 0))


def _age(hours: float) -> str:
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def _draft(text: str, source: str, rule: str, importance: float) -> Draft:
    return Draft(text=text, source=source, rule=rule, fields={"importance": f"{importance:g}"})
