"""Working memory: the values of the task in hand, never across runs."""

from __future__ import annotations

from typing import ClassVar

from genxai_nb.errors import DefinitionError
from genxai_nb.journal.items import Draft

from .base import Place, Query, Recalled, Shelf, Turn
from .rules import is_hidden
from .words import words_of

MOST = 100  # values of a run; the oldest are not recalled
PER_VISIT = 20
LONGEST = 500  # characters of a value


class Working:
    """What an agent found out in this run: results of its tools, and what it wrote to the state.

    A value has a name: the call that it came from, or the key that it was written to. The newest value of
    a name replaces the older one. Recalled is what shares words with the question and what is new:
    the score is the mean of the share of the question's words that the value or its name holds, and of
    1 / (1 + n) for the value that n newer ones follow.

    Args:
        shelf: Where they stand: the run's state.
        shared: All agents of the run that say so have one scratchpad, which says who wrote what.

    Raises:
        DefinitionError: ``shared`` is neither true nor false.

    Example:
        >>> from genxai_nb.memory.shelves import ListShelf
        >>> memory = Working(ListShelf("working"))
        >>> memory.notice(Turn(agent="clerk", results={"add(a=1, b=2)": "3"}))[0].text
        'add(a=1, b=2) = 3'
    """

    name = "working"
    place: Place = "run"
    embeds = False
    recalls = True
    options: ClassVar[tuple[str, ...]] = ("shared",)
    columns: ClassVar[dict[str, str]] = {"name": "str", "value": "str", "agent": "str"}
    rules: ClassVar[dict[str, str]] = {
        "result": f"Each result of a tool, by its call; the first {LONGEST} characters.",
        "written": "What the agent wrote to the state, by its key.",
        "never": "Failed calls, whatever looks like a key or names a password, a PIN, a token or a secret, and anything of another run.",
        "by hand": "What a person tells it.",
        "recalled": "By shared words and newness: the mean of the share of the question's words and of "
        f"1 / (1 + newer values); of the newest {MOST}.",
    }

    def __init__(self, shelf: Shelf, *, shared: bool = False) -> None:
        if not isinstance(shared, bool):
            raise DefinitionError(
                f"working memory is to be shared: {shared!r}.", hint="Write shared: true, or leave it out."
            )
        self.shelf = shelf

    def notice(self, turn: Turn) -> list[Draft]:
        """The values that a turn brought, the newest ones if they are many."""
        found = [_draft("result", "tool", name, value) for name, value in turn.results.items()]
        found += [_draft("written", turn.agent, name, value) for name, value in turn.wrote.items()]
        return [draft for draft in found if draft is not None][-PER_VISIT:]

    def draft(self, text: str) -> Draft:
        """Something that a person tells it by hand, word for word."""
        return Draft(text=text, source="by hand", rule="by hand")

    def recall(self, query: Query, k: int = 5) -> list[Recalled]:
        """The values that share words with the query and are new, the best first, at most ``k``."""
        current = [item for item in self.shelf.items() if item.status == "current"][-MOST:]
        asked = set(words_of(query.text))
        found = []
        for newer, item in enumerate(reversed(current)):
            shared = asked.intersection(words_of(item.text))
            share = len(shared) / len(asked) if asked else 0.0
            words = f"shares {', '.join(sorted(shared)[:4])}; " if shared else ""
            age = f"{newer} newer" if newer else "the newest"
            found.append(Recalled(item=item, score=(share + 1 / (1 + newer)) / 2, why=f"{words}{age}"))
        return sorted(found, key=lambda recalled: -recalled.score)[:k]


def _draft(rule: str, source: str, name: str, value: str) -> Draft | None:
    short = " ".join(value[: 2 * LONGEST].split())
    if not short or is_hidden(f"{name} {value}"):
        return None
    if len(short) > LONGEST:
        short = f"{short[: LONGEST - 1]}…"
    return Draft(
        text=f"{name} = {short}", source=source, rule=rule, about=name, fields={"name": name, "value": short}
    )
