"""What a kind of memory is, and what goes in and out of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, get_args

from msgspec import Struct

from genxai_nb.errors import DefinitionError
from genxai_nb.journal.changes import Change
from genxai_nb.journal.items import Draft

from .index import Match
from .rates import wilson

Place = Literal["store", "run", "conversation"]
Status = Literal["current", "expired", "replaced", "dropped", "forgotten"]
STATUSES: tuple[str, ...] = get_args(Status)


class Item(Struct, frozen=True, kw_only=True):
    """One thing that is remembered.

    Attributes:
        kind: The kind of memory that holds it.
        id: Its name there, such as ``m7``.
        text: What is remembered, in words; empty once it is forgotten.
        source: Who said it: ``user``, the agent's name, ``tool`` or ``by hand``.
        rule: The rule by which it was written.
        fields: Parts of it by name, such as a fact's ``subject``.
        run: The run that it comes from; empty for none.
        agent: The agent that wrote it; empty for a person.
        at: When it was written, as Unix time in seconds; 0 where nobody noted it.
        since: From when it is so; when it was written, if nothing else was said.
        until: Until when it is, or was, so: it was said, or it was replaced or forgotten then.
        status: ``current``, ``expired``, ``replaced`` by a newer one about the same, ``dropped`` or ``forgotten``.
        uses: How often it stood in a prompt.
        wins: How often what it was used for went well.
        seconds: How long all of that took.
        used: When it was used last; None for never.
    """

    kind: str
    id: str
    text: str
    source: str = ""
    rule: str = ""
    fields: dict[str, str] = {}
    run: str = ""
    agent: str = ""
    at: float = 0.0
    since: float | None = None
    until: float | None = None
    status: Status = "current"
    uses: int = 0
    wins: int = 0
    seconds: float = 0.0
    used: float | None = None

    @property
    def bound(self) -> float | None:
        """What its success rate is at least; None while it was not used. See `genxai_nb.memory.rates.wilson`."""
        return wilson(self.wins, self.uses) if self.uses else None

    @property
    def duration(self) -> float | None:
        """How long what it was used for took on average, in seconds; None while it was not used."""
        return self.seconds / self.uses if self.uses else None


class Recalled(Struct, frozen=True, kw_only=True):
    """An item that was recalled.

    Attributes:
        item: The item.
        score: How well it fits, from 0 to 1; each kind says what it measures.
        why: The reason in words.
    """

    item: Item
    score: float
    why: str


class Query(Struct, frozen=True, kw_only=True):
    """What is asked of a memory.

    Attributes:
        text: The words.
        vector: Their embedding as little-endian float32; empty for a kind that takes none.
        at: The time of asking, as Unix time in seconds; what is not so then is not recalled.
    """

    text: str
    vector: bytes = b""
    at: float = 0.0


class Turn(Struct, frozen=True, kw_only=True):
    """What one visit of an agent gives to remember.

    Attributes:
        agent: The agent's name.
        asked: What the user, or the task, said.
        answer: What the agent answered.
        results: The results of its tools as text, by the call as it is written, such as ``add(a=1, b=2)``.
        wrote: What it wrote to the state, by key, as text.
        error: What it failed with; empty for a visit that came to an answer.
        condensed: The summary into which earlier turns were condensed in this visit; empty for none.
    """

    agent: str
    asked: str = ""
    answer: str = ""
    results: dict[str, str] = {}
    wrote: dict[str, str] = {}
    error: str = ""
    condensed: str = ""


class Step(Struct, frozen=True):
    """A tool call of a visit: the tool, the call as it is written, and whether it failed."""

    tool: str
    call: str
    failed: bool = False


class Visit(Struct, frozen=True, kw_only=True):
    """What the journal tells of a visit.

    Attributes:
        steps: Its tool calls in order.
        cost: What its calls cost in US dollars, as far as that is known; None where nothing is.
        seconds: From its beginning to the end of its last call.
        at: When it began, in Unix seconds.
    """

    steps: tuple[Step, ...] = ()
    cost: float | None = None
    seconds: float = 0.0
    at: float = 0.0


class Written(Struct, frozen=True, kw_only=True):
    """What came of remembering: the new items, those that they replaced, those that were there already, the changes."""

    added: list[Item]
    replaced: list[tuple[Item, Item]]  # the older one, and the one that took its place
    known: list[Item]
    changes: list[Change]


class Shelf(Protocol):
    """Where the items of one kind stand: in the store, in a run's state, or in a conversation."""

    @property
    def model(self) -> str:
        """What makes its embeddings; empty while nothing has."""

    def add(self, drafts: Sequence[Draft], *, key: str = "", model: str = "", dims: int = 0) -> Written:
        """Put items onto it; under the same key only once.

        Raises:
            StoreError: Its embeddings are of another model.
        """

    def items(self) -> list[Item]:
        """All items in the order of writing, also replaced and forgotten ones."""

    def search(self, query: Query, k: int) -> list[tuple[Item, Match]]:
        """The current items that fit a query best, the best first; see `genxai_nb.memory.index.Index`."""

    def forget(self, ids: Sequence[str]) -> int:
        """Forget items; tell how many there were."""


class Kind(Protocol):
    """One kind of memory of one agent.

    A class is registered under its name, by a line in `genxai_nb.memory.registry` or an entry point in
    the group ``genxai_nb.memory``. It is made with the shelf on which its items stand.

    Attributes:
        name: The kind's name.
        place: Where its items are kept: in the ``store`` across runs, with one ``run``, or in a
            ``conversation``.
        embeds: It is searched by meaning, so that its drafts and queries take an embedding; only in the store.
        recalls: It is asked before each answer; else it reaches the prompt in another way.
        columns: The fields of its items that its table shows, with their dtypes.
        rules: How it is written and recalled: by name, in one sentence each.
        shelf: Where its items stand.

    A class may have more:

    - ``heading``, the line above its items in a prompt; else it says who said them
    - ``options``, the names of the keywords that its constructor takes after the shelf
    - ``counts = True``: it is told which of its items stood in the prompt of a visit that ended
    - ``fails = True``: it is given the turns of visits that failed, too
    - ``extract = "model"``: its ``notice`` takes the facts, too, that the agent's model found in the turn
    - ``same(draft)``: it returns the items whose place a draft takes, because it says the same
    - ``fade``: after how many days items end that are not used; 0 for never
    - ``most``: how many items hold at most; beyond them those are dropped of which ``worth(item, at)`` is least,
      of equals what was not used or written for longest; 0 for no limit
    - ``is_past(item)``: whether an item is of no use any more; then it is dropped ``fade`` days after it ended, or was
      used last, and ``fade`` ends no other one
    - ``complete(draft, visit)``: it returns a draft with what the journal tells of the visit; of a draft that a
      person makes by hand, the visit is empty and is now
    """

    name: str
    place: Place
    embeds: bool
    recalls: bool
    columns: dict[str, str]
    rules: dict[str, str]
    shelf: Shelf

    def notice(self, turn: Turn) -> list[Draft]:
        """What of a turn is worth remembering, by the kind's rules; the same for the same turn."""

    def draft(self, text: str) -> Draft:
        """Something that a person tells it by hand."""

    def recall(self, query: Query, k: int = 5) -> list[Recalled]:
        """The items that fit a query best, the best first, at most ``k``."""


def checked_fade(kind: str, fade: int) -> int:
    """After how many days items end.

    Raises:
        DefinitionError: It is no whole number from 0.
    """
    if type(fade) is not int or fade < 0:
        raise DefinitionError(
            f"{kind} memory is to fade after {fade!r} days.", hint="Write a whole number, 0 for never."
        )
    return fade


def checked_most(kind: str, most: int) -> int:
    """How many items hold at most.

    Raises:
        DefinitionError: It is no whole number from 0.
    """
    if type(most) is not int or most < 0:
        raise DefinitionError(
            f"{kind} memory is to hold {most!r} items at most.", hint="Write a whole number, 0 for no limit."
        )
    return most
