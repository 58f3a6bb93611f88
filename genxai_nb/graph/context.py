"""What a body can ask for beside the state: calls, its place in the run, a log."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from genxai_nb.calls.call import Call, CallKind, Handler, Scope, Traits, digest
from genxai_nb.errors import RunError
from genxai_nb.journal.codec import encode_request
from genxai_nb.journal.events import Hint, Logged, Remembered, Streamed
from genxai_nb.loop import run_in_worker, running_loop
from genxai_nb.secrets import redact

from .question import UNANSWERED, Question, answer_among, answer_missing, as_form, checked_answer, question_in
from .watch import Watch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from pydantic import BaseModel

    from genxai_nb.calls.budget import Account
    from genxai_nb.guard.budget import Budget
    from genxai_nb.guard.policy import Policy
    from genxai_nb.journal.store import Store
    from genxai_nb.journal.stream import EventStream

    from .nodes import Lookup

__all__ = ["Exchange", "VisitContext"]


class Exchange:
    """What all contexts of a run share: the chain of calls, the stream, the answers of people.

    Args:
        run_id: The run.
        head: The line of history; part of each idempotency key.
        chain: Makes a call through the middleware.
        stream: Where hints go.
        lookup: Finds models, tools and agents by name.
        store: Where the run is kept, and what agents remember across runs.
        model: The model that this run uses instead of each agent's own; None for theirs.
        answers: Answers of people, by node name or prompt.
        interactive: Somebody is there to answer the rest.
        policies: What tools may do in the run.

    Attributes:
        account_of: Finds the account of an agent by its name and budget; None where nobody keeps one.
        making: The calls under way, by slot.
        watch: Notices what bodies change in place.
        questions: What people are being asked, by slot, with where the answer goes.
        parked: Told +1 when a body begins to wait for a person, and -1 when it goes on.
        rest: Lets the run stand, and returns when it goes on.
        holds: Tells whether the record holds the answer of a call, by slot; None where there is no record.
    """

    __slots__ = (
        "account_of",
        "answers",
        "chain",
        "head",
        "holds",
        "interactive",
        "lookup",
        "loop",
        "making",
        "model",
        "parked",
        "policies",
        "questions",
        "rest",
        "run_id",
        "store",
        "stream",
        "watch",
    )

    def __init__(
        self,
        run_id: str,
        head: str,
        chain: Handler,
        stream: EventStream,
        lookup: Lookup,
        *,
        store: Store,
        model: str | None = None,
        answers: Mapping[str, Any] | None = None,
        interactive: bool = False,
        policies: tuple[Policy, ...] = (),
    ) -> None:
        self.store = store
        self.account_of: Callable[[str, Budget | None], Account | None] | None = None
        self.run_id = run_id
        self.head = head
        self.chain = chain
        self.stream = stream
        self.lookup = lookup
        self.model = model
        self.answers = dict(answers or {})
        self.interactive = interactive
        self.policies = policies
        self.watch = Watch()
        self.making: dict[str, Call] = {}
        self.loop: asyncio.AbstractEventLoop | None = None
        self.questions: dict[str, tuple[Question, asyncio.Future[Any]]] = {}
        self.parked: Callable[[int], None] | None = None
        self.rest: Callable[[str], Awaitable[None]] | None = None
        self.holds: Callable[[str], bool] | None = None

    async def ask(self, question: Question) -> Any:
        """Wait for a person's answer."""
        answer = asyncio.get_running_loop().create_future()
        self.questions[question.slot] = (question, answer)
        if self.parked is not None:
            self.parked(1)
        try:
            return await answer
        finally:
            del self.questions[question.slot]
            if self.parked is not None:
                self.parked(-1)

    def publish(self, hint: Hint) -> None:
        """Send a hint to the watchers, on the loop of the run, from whichever thread."""
        if not self.stream.watched:
            return
        if self.loop is None or running_loop() is self.loop:
            self.stream.publish((hint,))
        else:
            self.loop.call_soon_threadsafe(self.stream.publish, (hint,))


class VisitContext:
    """The context of one visit, map instance, or call inside one. See `graph.nodes.Context`.

    Attributes:
        policies: What tools may do here: the run's policy and those of the agents on the way.
        answering: The agent that answers here; empty outside of answers.
        accounts: What the agents on the way may spend, where they have a budget.
        each: The key whose list the ``item`` is from; None outside of maps.
    """

    __slots__ = (
        "_counts",
        "_exchange",
        "accounts",
        "answering",
        "each",
        "index",
        "item",
        "node",
        "path",
        "policies",
        "scope",
        "visit",
    )

    def __init__(
        self, exchange: Exchange, scope: Scope, item: Any = None, within: VisitContext | None = None
    ) -> None:
        self._exchange = exchange
        self._counts: dict[str, int] = {}
        self.policies: tuple[Policy, ...] = exchange.policies if within is None else within.policies
        self.answering: str = "" if within is None else within.answering
        self.accounts: tuple[Account, ...] = () if within is None else within.accounts
        self.scope = scope
        self.path, self.node, self.visit, self.index = scope.path, scope.node, scope.visit, scope.index
        self.item = item
        self.each: str | None = None if within is None else within.each

    @property
    def run_id(self) -> str:
        """The run, such as ``r7``."""
        return self._exchange.run_id

    @property
    def store(self) -> Store:
        """Where the run is kept, and what agents remember across runs."""
        return self._exchange.store

    @property
    def model_override(self) -> str | None:
        """The model that this run was told to use instead of each agent's own."""
        return self._exchange.model

    @property
    def idempotency_key(self) -> str:
        """A key that is equal whenever this same visit runs again after a crash."""
        return digest(self._exchange.head.encode(), msgspec.json.encode(self.scope))

    def under(self, policies: tuple[Policy, ...]) -> VisitContext:
        """The same context with other policies."""
        made = self._again()
        made.policies = policies
        return made

    def of(self, agent: str, budget: Budget | None) -> VisitContext:
        """The same context for the answer of an agent, whose calls are the agent's and within its budget."""
        made = self._again()
        made.answering = agent
        find = self._exchange.account_of
        account = None if find is None else find(agent, budget)
        if account is not None and account not in self.accounts:
            made.accounts = (*self.accounts, account)
        return made

    def _again(self) -> VisitContext:
        made = VisitContext(self._exchange, self.scope, self.item, self)
        made._counts = self._counts
        return made

    async def call(
        self,
        kind: CallKind,
        name: str,
        request: Any,
        handler: Handler,
        traits: Traits,
        memories: tuple[Remembered, ...] = (),
    ) -> Any:
        """Make a call through the chain; ``memories`` are those in a model's prompt.

        Raises:
            NotStorable: The request cannot be kept, so it could not be replayed.
            CallError: What the call ended in.
        """
        asked = self._digest(kind, name, request)
        ordinal = self._counts.get(asked, 0)
        self._counts[asked] = ordinal + 1
        slot = f"{asked}.{ordinal}"
        exchange = self._exchange
        call = Call(
            kind,
            name,
            request,
            scope=self.scope,
            ordinal=ordinal,
            slot=slot,
            head=exchange.head,
            traits=traits,
            emit=lambda delta: exchange.publish(Streamed(slot, self.node, delta)),
            context=VisitContext(exchange, structs.replace(self.scope, parent=slot), self.item, self),
        )
        call.handler, call.memories = handler, memories
        exchange.making[slot] = call
        try:
            return await exchange.chain(call)
        finally:
            del exchange.making[slot]

    def holds(self, kind: CallKind, name: str, request: Any) -> bool:
        """Whether the record holds the answer of that call, if it is the next one made."""
        asked = self._digest(kind, name, request)
        slot = f"{asked}.{self._counts.get(asked, 0)}"
        return self._exchange.holds is not None and self._exchange.holds(slot)

    def _digest(self, kind: CallKind, name: str, request: Any) -> str:
        return digest(msgspec.json.encode(self.scope), kind.encode(), name.encode(), encode_request(request))

    async def model(self, prompt: Any, *, model: str | None = None) -> Any:
        """Ask a model once.

        Args:
            prompt: Text, or a whole ModelRequest.
            model: The model; by default the run's, else the settings'.

        Returns:
            The ModelReply.
        """
        from genxai_nb.messages import ModelRequest, user
        from genxai_nb.settings import read_settings

        if isinstance(prompt, ModelRequest):
            request = prompt
        else:
            request = ModelRequest(
                model=self.model_override or model or read_settings().model, messages=(user(str(prompt)),)
            )
        handler, traits = self._exchange.lookup.resolve("model", request.model)
        return await self.call("model", request.model, request, handler, traits)

    async def tool(self, name: str, /, **arguments: Any) -> Any:
        """Call a tool by name and return its value."""
        handler, traits = self._exchange.lookup.resolve("tool", name)
        return await self.call("tool", name, arguments, handler, traits)

    async def agent(self, name: str, prompt: str) -> Any:
        """Let an agent answer a prompt and return its text."""
        handler, traits = self._exchange.lookup.resolve("agent", name)
        return await self.call("agent", name, prompt, handler, traits)

    async def ask_human(
        self,
        prompt: str,
        *,
        choices: tuple[str, ...] = (),
        schema: type[BaseModel] | None = None,
        typed: Callable[[], str] | None = None,
    ) -> Any:
        """Ask a person; the answer comes from the run's ``answers``, by node name or prompt.

        Args:
            prompt: The question.
            choices: The answers to choose from; empty for any text.
            schema: The pydantic model of a form; its answer is a dict of the model's fields.
            typed: Reads what somebody types, where there is no other answer; it is called in a worker thread.

        Raises:
            HumanAnswerMissing: There is no answer for this node and nobody to ask.
            RunError: The answer is none of the choices, or does not fit the schema.
        """
        request: dict[str, Any] = {"prompt": prompt, "choices": list(choices)}
        if schema is not None:
            request["schema"] = as_form(schema).model_json_schema()
        answer = await self.call(
            "human",
            self.node,
            request,
            partial(self._answer, schema, typed),
            Traits(effect=True, form=schema),
        )
        return answer if schema is None or answer is None else checked_answer(self.node, answer, (), schema)

    async def _answer(
        self, schema: type[BaseModel] | None, typed: Callable[[], str] | None, call: Call
    ) -> Any:
        question = question_in(call.request, slot=call.slot, node=self.node, visit=self.visit, schema=schema)
        answer = answer_among(self._exchange.answers, question)
        if answer is not UNANSWERED:
            return question.check(answer)
        if not self._exchange.interactive and typed is not None:
            with suppress(EOFError, OSError, RuntimeError, ValueError):  # nobody can type there
                return await run_in_worker(typed)
        if not self._exchange.interactive:
            raise answer_missing(self._exchange.answers, question)
        return await self._exchange.ask(question)

    async def pause(self, reason: str = "") -> None:
        """Let the run stand here, and go on when it is told to.

        Args:
            reason: Why, in words.
        """
        if self._exchange.rest is not None:
            await self._exchange.rest(reason or f"pause in {self.node}, visit {self.visit}")

    def wait_for(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Await something on the loop of the run, from a plain function's worker thread.

        Raises:
            RunError: This is the loop itself, which would wait for itself.
        """
        loop = self._exchange.loop
        if loop is None or running_loop() is loop:
            work.close()
            raise RunError(
                f"Node {self.node!r} is async: it would hold up all runs here.",
                hint="Write: await context.pause(), or await context.ask_human(...).",
                run_id=self.run_id,
            )
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    def emit(self, hint: Any) -> None:
        """Send a hint to whoever watches; it is never stored."""
        self._exchange.publish(hint)

    def log(self, text: str) -> None:
        """Send a line to the node's log."""
        self._exchange.publish(Logged(self.node, redact(str(text))))
