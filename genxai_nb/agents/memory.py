"""What an agent remembers, as a person sees it: tables, questions, things told and forgotten by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from time import time
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import InputError, UnknownName
from genxai_nb.journal import open_store
from genxai_nb.memory import registry

from .changed import change_named, changes_of_run, is_change
from .forgetting import Forgetting, check_unicode
from .held import Held, lasts, run_key
from .recalled import changes_in, memories_in

if TYPE_CHECKING:
    from pandas import DataFrame

    from genxai_nb.memory.base import Item, Recalled

    from .held import Conversing

Kinds = str | Sequence[str] | Mapping[str, Mapping[str, Any] | None]

_LONGEST = 2000  # characters of something told by hand


class AgentMemory(Forgetting):
    """An agent's memory, by kind.

    What lasts is kept in the store beside the runs, under the agent's name, or that of a person or a project:
    all agents of that name, or of that scope, in that store share it. ``short_term`` is the conversation of
    ``ask``, or of a run; ``working`` is a run's.

    Args:
        agent: The agent.
        options: The options of each of its kinds of memory.

    Attributes:
        options: The options of each of its kinds.

    Example:
        >>> from genxai_nb.agents.agent import Agent
        >>> clerk = Agent("clerk", memory=["semantic"])
        >>> told = clerk.memory.remember("My name is Ada.", store=":memory:")
        >>> [found.item.text for found in clerk.memory.recall("What is my name?", store=":memory:")]
        ['My name is Ada.']
        >>> clerk.memory.forget(told.id, store=":memory:")
        1
    """

    @property
    def given(self) -> tuple[str, ...] | dict[str, dict[str, Any]]:
        """What the agent's field holds: the kinds, with their options if there are any."""
        if not any(self.options.values()):
            return self.kinds
        return {kind: dict(options) for kind, options in self.options.items()}

    def __repr__(self) -> str:
        return f"<memory of {self._agent.name!r}: {', '.join(self.kinds) or 'none'}>"

    def __iter__(self) -> Iterator[str]:
        return iter(self.kinds)

    def __contains__(self, kind: object) -> bool:
        return kind in self.kinds

    def __bool__(self) -> bool:
        return bool(self.kinds)

    def table(
        self,
        kind: str | None = None,
        *,
        since: str | float | timedelta | datetime | None = None,
        status: str | None = None,
        run: Any = None,
        store: str | None = None,
    ) -> DataFrame:
        """All that is remembered, as a DataFrame. See `genxai_nb.memory.frames.item_table` for its columns.

        Args:
            kind: One kind, with its own columns; None for all.
            status: Only items of this status, such as ``current`` or ``dropped``; None for all that was not dropped.
            since: What was written from then on, or so long ago at most, such as ``7d`` or ``2026-12-01``; None for
                all, also what has no time.
            run: The run, its id or its result, whose conversation and working memory are shown; None for the
                latest run in which the agent took part, and the conversation of ``ask`` if there was one.
            store: Where it is kept; None for the settings' store.

        Raises:
            UnknownName: The agent has no such kind of memory, or there is no such status.
            RunNotFound: There is no such run.
            InputError: ``since`` says no time.
        """
        from genxai_nb.memory.base import STATUSES
        from genxai_nb.memory.frames import item_table
        from genxai_nb.moments import time_since

        if status is not None and status not in STATUSES:
            raise UnknownName("status of an item", str(status), STATUSES)
        held = self._held(store, run)
        bound = None if since is None else time_since(since, time())
        rows = [
            item
            for name in self._chosen(kind)
            for item in held.items(name)
            if (bound is None or item.at >= bound)
            and (item.status != "dropped" if status is None else item.status == status)
        ]
        return item_table(rows, registry.find(kind).columns if kind else ())

    def recall(
        self, query: str, k: int = 5, *, kind: str | None = None, run: Any = None, store: str | None = None
    ) -> list[Recalled]:
        """What a question would recall, the best first, with score and reason.

        Args:
            query: The question.
            k: How many items at most.
            kind: One kind; None for all that are recalled by a question.
            run: The run whose working memory is asked, as for `table`.
            store: Where it is kept; None for the settings' store.

        Raises:
            InputError: The question is empty or no valid text, or ``k`` is no number from 1.
            UnknownName: The agent has no such kind of memory.
            MissingPackage: Items were embedded by a model that is not installed.
        """
        from genxai_nb.memory.base import Query
        from genxai_nb.memory.embed import vectors_of

        if not str(query or "").strip() or k < 1:
            raise InputError(
                f"Nothing to recall for {query!r}, k={k!r}.", hint="Ask in words, with k from 1."
            )
        check_unicode(query)
        held = self._held(store, run)
        found: list[Recalled] = []
        for name in self._chosen(kind):
            if kind is None and not registry.find(name).recalls:
                continue
            asked = held.open(name)
            model = asked.shelf.model if asked.embeds else ""
            vector = vectors_of(model, [query])[0] if model else b""
            found += asked.recall(Query(text=query, vector=vector, at=time()), k)
        return sorted(found, key=lambda one: -one.score)[:k]

    def remember(self, text: str, *, kind: str | None = None, store: str | None = None) -> Item:
        """Remember something that a person tells by hand.

        A statement such as "My name is Ada." replaces an older one about the same.

        Args:
            text: What to remember, a sentence.
            kind: The kind of memory; None for the agent's first one that lasts.
            store: Where it is kept; None for the settings' store.

        Raises:
            InputError: It is empty, too long, no valid text, or looks like a key or a password; or that kind of memory
                does not last, so that nothing can be told to it by hand.
            UnknownName: The agent has no such kind of memory.
            StoreBusy: The store's lock was not had within half a minute.
        """
        text = self._told(text)
        name = self._lasting(kind)
        held = Held(self._agent, open_store(store))
        return held.write(name, held.open(name).draft(text))

    def embed(
        self,
        kind: str | None = None,
        *,
        progress: Callable[[int, int], None] = lambda done, count: None,  # noqa: ARG005 - nobody looks
        store: str | None = None,
    ) -> int:
        """Embed what was kept without embeddings, or by another model, with the model that is in use.

        Batch by batch, each durable; if it is interrupted, the next call goes on where this one was. What has no
        embedding yet is found by its words meanwhile.

        Args:
            kind: One kind; None for all that are searched by meaning.
            progress: Told how many items are done, and how many there are, after each batch.
            store: Where it is kept; None for the settings' store.

        Returns:
            How many items were embedded.

        Raises:
            MissingPackage: No embedder is installed.
            UnknownName: The agent has no such kind of memory, or there is no such embedder.
            ProviderError: The embedder's request failed; what was embedded stays.
        """
        held = Held(self._agent, open_store(store))
        return sum(held.embed(name, progress) for name in self._chosen(kind) if registry.find(name).embeds)

    def changes(self, kind: str | None = None, *, run: Any = None, store: str | None = None) -> DataFrame:
        """All changes of what lasts in order, also by hand. See `genxai_nb.memory.frames.log_table` for the columns.

        Args:
            kind: One kind; None for all.
            run: Only those that the agent made in this run, its id or its result; None for all.
            store: Where it is kept; None for the settings' store.

        Raises:
            UnknownName: The agent has no such kind of memory.
            RunNotFound: There is no such run.
        """
        from genxai_nb.memory.frames import log_table

        held, name = self._held(store, run), str(getattr(run, "run_id", run))
        log = held.log(self._chosen(kind))
        found = log if run is None else changes_of_run(held, name, self._agent.name, log)
        return log_table(sorted(found, key=lambda one: one.change.number))

    def undo(self, what: Any, *, store: str | None = None) -> int:
        """Take back a change, or all that a run did to what lasts.

        What was added holds no longer, what ended by that or was dropped holds again. Nothing is shredded, what was
        forgotten stays so, and undoing is a change that can be undone.

        Args:
            what: A change, by its name such as ``c7`` or as a `genxai_nb.journal.events.MemoryChanged`; or a run, its
                id, or its result.
            store: Where it is kept; None for the settings' store.

        Returns:
            How many items hold now that did not, or no more.

        Raises:
            InputError: There is no such change, or it forgot something.
            RunNotFound: There is no such run.
        """
        held = Held(self._agent, open_store(store), None if is_change(what) else what)
        if is_change(what):
            meant = [change_named(what, held.log(self.kinds), self._agent.name)]
        else:
            run = str(getattr(what, "run_id", what))
            meant = changes_of_run(held, run, self._agent.name, held.log(self.kinds))
        kinds = dict.fromkeys(one.kind for one in meant)
        return sum(held.undo(kind, [one.change for one in meant if one.kind == kind]) for kind in kinds)

    def diff(self, run: Any, *, store: str | None = None) -> DataFrame:
        """What a run changed in this memory: each item with what held before and what holds now.

        See `genxai_nb.memory.frames.change_table` for the columns. Of what was forgotten since, the text is not
        shown again.

        Args:
            run: The run, its id, or its result.
            store: Where it is kept; None for the settings' store.

        Raises:
            RunNotFound: There is no such run.
        """
        from genxai_nb.memory.frames import change_table

        held = self._held(store, run)
        keys = {kind: run_key(self._agent, kind) for kind in self.kinds}
        changes = changes_in(self._agent.name, keys, held.events, held.texts())
        return change_table(changes)

    def why(self, run: Any = None, *, store: str | None = None) -> DataFrame:
        """Which memories stood in which prompt of a run, and why.

        The columns are ``node``, ``visit``, ``call`` (the number of the model call in the visit), ``recalled`` (that of
        the call before which it was recalled), ``kind``, ``id``, ``score``, ``why`` and ``text``, which of what was
        forgotten since is not shown again.

        Args:
            run: The run, its id, or its result; None for the latest one in which the agent took part.
            store: Where it is kept; None for the settings' store.

        Raises:
            RunNotFound: There is no such run.
        """
        from genxai_nb.memory.frames import prompt_table

        held = self._held(store, run)
        return prompt_table(memories_in(self._agent.name, held.events, held.forgotten()))

    def note(self, kind: str | None = None, *, store: str | None = None) -> str:
        """What its items are compared by with a question, in a sentence; empty where nothing is compared.

        Raises:
            UnknownName: The agent has no such kind of memory.
        """
        from genxai_nb.memory.embed import in_words

        held = self._held(store)
        models = {name: held.model(name) for name in self._chosen(kind) if registry.find(name).embeds}
        return " ".join(f"{name}: {in_words(model)}" for name, model in models.items() if model is not None)

    def rules(self, kind: str | None = None) -> DataFrame:
        """The rules by which memory is written and recalled: columns ``kind``, ``rule`` and ``says``.

        Raises:
            UnknownName: The agent has no such kind of memory.
        """
        from genxai_nb.memory.frames import rule_table
        from genxai_nb.memory.own_rules import rules_of

        return rule_table(
            {name: rules_of(registry.find(name), self.options[name]) for name in self._chosen(kind)}
        )

    def _told(self, text: str) -> str:
        from genxai_nb.memory.rules import is_hidden

        text = " ".join(str(text or "").split())
        check_unicode(text)
        if not text or len(text) > _LONGEST:
            raise InputError(
                f"A memory of {len(text)} characters cannot be kept.",
                hint=f"Give a sentence of 1 to {_LONGEST} characters.",
            )
        if is_hidden(text):
            raise InputError(
                "What looks like a key or names a password is never remembered.",
                hint="Keep it in an environment variable.",
            )
        return text

    def _lasting(self, kind: str | None) -> str:
        names = [name for name in self._chosen(kind) if lasts(name)]
        if names:
            return names[0]
        raise InputError(
            f"Agent {self._agent.name!r} has no memory that lasts to be told something by hand: {self!r}.",
            hint="Define it with memory: short_term, semantic",
        )


class MemoryField:
    """The field ``memory`` of an agent: kinds are put in, and the memory comes out."""

    def __get__(self, agent: Conversing | None, _owner: type | None = None) -> AgentMemory:
        if agent is None:
            return None  # type: ignore[return-value]  # the field's default, which stands for short_term
        memory: AgentMemory = agent.__dict__["memory"]
        return memory

    def __set__(self, agent: Conversing, given: Kinds | AgentMemory | None) -> None:
        options = given.options if isinstance(given, AgentMemory) else given
        agent.__dict__["memory"] = AgentMemory(agent, options)  # type: ignore[arg-type]  # checked by then
