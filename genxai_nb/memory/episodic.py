"""Episodic memory: what was tried, how, and what came of it."""

from __future__ import annotations

import re
from typing import ClassVar

from msgspec import structs

from genxai_nb.journal.items import Draft

from .base import Item, Place, Query, Recalled, Shelf, Turn, Visit, checked_fade, checked_most
from .rules import is_hidden, without_values

DONE, FAILED = "done", "failed"
LONGEST = 300  # characters of a task, an answer or an error
MOST_STEPS = 20

_CANDIDATES = 50  # of which those that tell something are recalled
_SPACES = re.compile(r"\s+")


class Episodic:
    """One episode for each visit of the agent: its task, steps, tools, outcome, cost and duration.

    A visit that fails is an episode as well. What the visit did is read from the run's journal when the episode
    is written: the steps are its tool calls with their arguments, the cost is what its calls cost as far as that is
    known, and the duration is the time from its beginning to the end of its last call. Episodes are found by
    their tasks; see `genxai_nb.memory.index.Index`. One that went well without any step tells nothing of how to go
    about a task: it is counted, and not recalled.

    Args:
        shelf: Where they stand.
        fade: After how many days an episode holds no longer; 0 for never. It stays in the table.
        most: How many episodes hold at most; the oldest ones are dropped. 0 for no limit.

    Raises:
        DefinitionError: ``fade`` or ``most`` is no such number.

    Example:
        >>> from genxai_nb.memory.shelves import ListShelf
        >>> memory = Episodic(ListShelf("episodic"))
        >>> (draft,) = memory.notice(Turn(agent="clerk", asked="Weigh the box", answer="7 kg."))
        >>> draft.text
        'Weigh the box: done, with the answer "7 kg."'
    """

    name = "episodic"
    place: Place = "store"
    embeds = True
    recalls = True
    fails = True
    options: ClassVar[tuple[str, ...]] = ("fade", "most")
    heading = "What was tried before, and what came of it:"
    columns: ClassVar[dict[str, str]] = {
        "task": "str",
        "outcome": "str",
        "steps": "str",
        "tools": "str",
        "answer": "str",
        "error": "str",
        "agent": "str",
        "cost": "Float64",
        "seconds": "Float64",
    }
    rules: ClassVar[dict[str, str]] = {
        DONE: "Each visit that came to an answer: its task, and its steps, cost and duration from the journal.",
        FAILED: "Each visit that failed, with its error.",
        "by hand": "What a person tells it: a task that went well.",
        "faded": "With fade, what is older than so many days holds no longer.",
        "dropped": "With most, the oldest of more episodes than that.",
        "never": "A visit whose task, answer or error looks like a key or names a password, a PIN, a token or a secret; the arguments of such a step.",
        "recalled": "By the likeness of its task to the question, from 0 to 1; not what went well without a step.",
    }

    def __init__(self, shelf: Shelf, *, fade: int = 0, most: int = 0) -> None:
        self.shelf = shelf
        self.fade = checked_fade(self.name, fade)
        self.most = checked_most(self.name, most)

    def notice(self, turn: Turn) -> list[Draft]:
        """The visit as an episode."""
        task = _short(without_values(turn.asked)) or _short(turn.asked)
        answer, error = _short(turn.answer), _short(turn.error)
        if not task or is_hidden(f"{turn.asked}\n{turn.answer}\n{turn.error}"):
            return []
        outcome = FAILED if turn.error else DONE
        fields = {"task": task, "outcome": outcome, "answer": answer, "error": error}
        return [_told(outcome, fields, source=turn.agent)]

    def draft(self, text: str) -> Draft:
        """A task that went well, which a person tells by hand, word for word."""
        return Draft(
            text=text,
            source="by hand",
            rule="by hand",
            cue=text,
            again=True,
            fields={"task": text, "outcome": DONE},
        )

    def complete(self, draft: Draft, visit: Visit) -> Draft:
        """The episode with what the journal tells of the visit; one that was told by hand stays as it is."""
        if draft.rule not in {DONE, FAILED}:
            return draft
        steps = [
            f"{step.tool}(…)" if is_hidden(step.call) else _short(step.call)
            for step in visit.steps[:MOST_STEPS]
        ]
        marked = [
            f"{text} failed" if step.failed else text for text, step in zip(steps, visit.steps, strict=False)
        ]
        fields = draft.fields | {
            "steps": "\n".join(marked),
            "tools": ", ".join(dict.fromkeys(step.tool for step in visit.steps)),
            "seconds": f"{visit.seconds:.3f}",
        }
        if visit.cost is not None:
            fields["cost"] = f"{visit.cost:.6f}"
        told = _told(draft.rule, fields, source=draft.source)
        return structs.replace(told, run=draft.run, agent=draft.agent, vector=draft.vector)

    def worth(self, item: Item, at: float) -> float:  # noqa: ARG002 - the newest ones are kept
        """What an episode is worth by itself: no more than any other."""
        return 0.0

    def recall(self, query: Query, k: int = 5) -> list[Recalled]:
        """The episodes whose tasks are most like the query, the best first, at most ``k``.

        Raises:
            StoreError: The query was embedded by another model.
        """
        found = self.shelf.search(query, max(k, _CANDIDATES))
        telling = [(item, match) for item, match in found if item.rule != DONE or "steps" in item.fields]
        return [Recalled(item=item, score=match.relevance, why=match.why) for item, match in telling[:k]]


def steps_in(fields: dict[str, str]) -> list[str]:
    """The steps of an episode that went well, as they were called."""
    steps = fields.get("steps", "").split("\n")
    return [step for step in steps if step and not step.endswith(" failed")]


def _told(rule: str, fields: dict[str, str], *, source: str) -> Draft:
    """An episode as a sentence; its fields are those that hold anything."""
    steps, error, answer = (fields.get(name, "") for name in ("steps", "error", "answer"))
    how = f" by {steps.replace(chr(10), ', then ')}" if steps else ""
    end = f" ({error})" if error else f', with the answer "{answer}"' if answer else ""
    return Draft(
        text=f"{fields['task']}: {fields['outcome']}{how}{end}",
        source=source,
        rule=rule,
        cue=fields["task"],
        again=True,
        fields={name: value for name, value in fields.items() if value},
    )


def _short(text: str) -> str:
    line = _SPACES.sub(" ", text).strip()
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
