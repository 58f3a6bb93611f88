"""How well each kind of memory finds what a paraphrased question asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace
from recall_data import FACTS, TASKS, facts, questions, steps, tasks, worded

from genxai_nb.journal.item_memory import MemoryItems
from genxai_nb.journal.items import Draft
from genxai_nb.memory import registry
from genxai_nb.memory.base import Query, Step, Turn, Visit
from genxai_nb.memory.embed import find_embedder, vectors_of
from genxai_nb.memory.shelves import StoreShelf

LASTING = ("long_term", "episodic", "semantic", "procedural")


class Found(NamedTuple):
    """Which share of the questions found its item first, among the first five, and the mean reciprocal rank."""

    first: float
    five: float
    rank: float


def measured(name: str, model: str, *, held_back: bool, in_words: bool = False) -> Found:
    """Ask a kind with 500 items 100 questions, or such in their words; without a model by words alone."""
    kind = registry.open_kind(name, StoreShelf(MemoryItems(), "clerk", name))
    drafts = _DRAFTS[name](kind)
    vectors = vectors_of(model, [draft.cue or draft.text for draft in drafts]) if model else []
    if model:
        drafts = [replace(draft, vector=vector) for draft, vector in zip(drafts, vectors, strict=True)]
    kind.shelf.add(drafts, model=model, dims=find_embedder(model).dims if model else 0)
    table = FACTS if name in {"long_term", "semantic"} else TASKS
    asked = worded(table) if in_words else questions(table, held_back=held_back)
    asking = vectors_of(model, [one.question for one in asked]) if model else [b""] * len(asked)
    ranks = []
    for one, vector in zip(asked, asking, strict=True):
        found = kind.recall(Query(text=one.question, vector=vector), 500)
        ranks.append(next((n for n, hit in enumerate(found, 1) if hit.item.id == f"m{one.place + 1}"), 0))
    return Found(*(sum(map(score, ranks)) / len(ranks) for score in _SCORES))


_SCORES: tuple[Callable[[int], float], ...] = (
    lambda rank: float(rank == 1),
    lambda rank: float(1 <= rank <= 5),
    lambda rank: 1 / rank if rank else 0.0,
)


def _told(kind) -> list[Draft]:
    return [replace(kind.draft(text), again=True, about="") for text in facts()]


def _tried(kind) -> list[Draft]:
    drafts = []
    for place, task in enumerate(tasks()):
        (draft,) = kind.notice(Turn(agent="clerk", asked=task, answer="Done."))
        visit = Visit(steps=tuple(Step(tool, f"{tool}()") for tool in steps(place)))
        drafts.append(kind.complete(draft, visit))
    return drafts


def _known(kind) -> list[Draft]:
    lines = [f"{task}: {', then '.join(steps(place))}" for place, task in enumerate(tasks())]
    return [kind.draft(line) for line in lines]


_DRAFTS = {"long_term": _told, "semantic": _told, "episodic": _tried, "procedural": _known}
