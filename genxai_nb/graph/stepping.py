"""The debugger's verbs: how far to go, where to stop, what to change while a run stands."""

from __future__ import annotations

from collections.abc import Callable
from time import time
from typing import Any, TypeVar

from msgspec import Struct, structs

from genxai_nb.calls.call import Call
from genxai_nb.calls.gate import Held
from genxai_nb.errors import NodeFailed, RunError, ToolFailed, UnknownName
from genxai_nb.journal.events import RunCancelled, StateSet
from genxai_nb.messages import Message, ModelReply, ModelRequest, Text, assistant

from .conditions import condition_over
from .driver import Position
from .driving import Driving
from .failure import Failure, failure_of
from .pace import Breakpoint
from .question import Question, checked_answer
from .result import Result

__all__ = ["HeldCall", "Stepping"]

T = TypeVar("T")


class HeldCall(Struct, frozen=True):
    """A call that waits at the gate, before it is made.

    Attributes:
        slot: Its name in the run.
        kind: ``model``, ``tool``, ``human`` or ``agent``.
        name: What is called.
        request: What is asked; `Stepping.edit_call` changes it.
        node: The node whose body makes it.
        visit: The node's visit.
        index: The map instance, if it is one.
        path: The visits of subgraphs around it.
        form: The pydantic model that a person's answer fits; None for any.
    """

    slot: str
    kind: str
    name: str
    request: Any
    node: str
    visit: int
    index: int | None = None
    path: str = ""
    form: Any = None


class Stepping(Driving):
    """Verbs for a run that is gone through by hand. They are sync, and may be used from any thread."""

    # ── how far ──────────────────────────────────────────────────────────────────────────────

    def next(self) -> Result:
        """Run exactly one visit, the first that may start, and stand again."""
        return self._sync(self.drive("next"))

    def step(self) -> Result:
        """Go on to the next call that a body makes, or to the next visit; into subgraphs too."""
        return self._sync(self.drive("step"))

    def out(self) -> Result:
        """Go on until the visit, or the subgraph, that the run stands in has ended."""
        return self._sync(self.drive("out"))

    def until(self, condition: str) -> Result:
        """Go on until a condition over the state holds behind a visit, or to the end.

        Raises:
            LineInvalid: It is no expression.
            UnknownName: It names a key that the state cannot have.
        """
        expression = condition_over(self._graph(), condition)
        return self._sync(self._until(lambda pace: setattr(pace, "until", expression)))

    def until_node(self, node: str) -> Result:
        """Go on until a node is about to start, or to the end.

        Raises:
            UnknownName: There is no such node.
        """
        point = Breakpoint(0, self._known(node))
        return self._sync(self._until(lambda pace: pace.breakpoints.update({0: point})))

    async def _until(self, prepare: Callable[[Any], object]) -> Result:
        if self._driver is None and self.status != "done":
            try:
                self._driver = self._make_driver()
            except BaseException:  # let go whatever it was, and raised on
                self._park(self.status)
                raise
        pace = self._driver.pace if self._driver is not None else None
        if pace is not None:
            prepare(pace)
        try:
            return await self.drive()
        finally:
            self._breakpoints.pop(0, None)
            if pace is not None:
                pace.until = None

    # ── where to stop ────────────────────────────────────────────────────────────────────────

    def break_at(self, node: str, when: str | None = None, *, after: bool = False) -> Breakpoint:
        """Stop before (or behind) the visits of a node.

        Args:
            node: The node, also one of a subgraph.
            when: A condition over what the visit sees, and its number as ``visit``; None for always.
            after: Stop behind the visit.

        Raises:
            UnknownName: There is no such node, or the condition names a key that the state cannot have.
            LineInvalid: The condition is no expression.
        """
        number = max(self._breakpoints, default=0) + 1
        condition = condition_over(self._graph(), when) if when else None
        point = Breakpoint(number, self._known(node), condition, after)
        self._breakpoints[number] = point
        if self._driver is not None:
            self._driver.pace.free = False
        return point

    @property
    def breakpoints(self) -> list[Breakpoint]:
        """Where the run stops, by number."""
        return [self._breakpoints[number] for number in sorted(self._breakpoints) if number]

    def clear_break(self, number: int | Breakpoint | None = None) -> None:
        """Take a breakpoint away: the one that `break_at` gave, or its number; all of them without one.

        Raises:
            UnknownName: There is no breakpoint of that number.
        """
        if isinstance(number, Breakpoint):
            number = number.id
        if number is None:
            self._breakpoints.clear()
        elif self._breakpoints.pop(number, None) is None:
            raise UnknownName("breakpoint", str(number), [str(known) for known in self._breakpoints])

    def _known(self, node: str) -> str:
        known = self._graph().all_nodes()
        if node not in known:
            raise UnknownName("node", node, known)
        return node

    @property
    def position(self) -> Position:
        """Where the run stands."""
        steps = self.steps
        if self._driver is None:
            return Position(steps) if self.status == "done" else self._folded_position(steps)
        return self._driver.position(steps)

    def _folded_position(self, steps: int) -> Position:
        folded = self._history.folded(self._readable())
        while folded.inner:
            folded = next(iter(folded.inner.values()))
        schedule = folded.schedule
        running = [(visit.place.name, visit.number) for visit in schedule.running.values()]
        places = [(place.name, schedule.next_visit(place)) for place in schedule.startable()]
        for node, visit in [*running, *places]:
            return Position(steps, folded.path, node, visit, "before")
        return Position(steps, folded.path)

    @property
    def failure(self) -> Failure | None:
        """Where the node failed that ended the run in this process: line and locals; None if none did."""
        return failure_of(self._error) if isinstance(self._error, NodeFailed) else None

    # ── held calls ───────────────────────────────────────────────────────────────────────────

    @property
    def held(self) -> list[HeldCall]:
        """The calls that wait at the gate, in the order in which they came."""
        if self._driver is None:
            return []
        calls = [held.call for held in list(self._driver.gate.held.values()) if not held.decided.done()]
        return [
            HeldCall(
                slot=c.slot,
                kind=c.kind,
                name=c.name,
                request=c.request,
                node=c.scope.node,
                visit=c.scope.visit,
                index=c.scope.index,
                path=c.scope.path,
                form=c.traits.form,
            )
            for c in calls
        ]

    def edit_call(self, slot: str, request: Any) -> None:
        """Change what a held call asks.

        Args:
            slot: The call.
            request: For a tool its arguments; for a model a ModelRequest, or text that replaces what the user
                said last.

        Raises:
            RunError: The call is not held any more, or that cannot be its request.
        """

        def edit(held: Held) -> None:
            held.call.request = _edited(held.call.kind, held.call.request, request)
            held.call.edited = True

        self._at_gate(slot, edit)

    def answer_call(self, slot: str, value: Any) -> None:
        """Answer a held call by hand; of a model, text will do.

        Raises:
            RunError: The call is not held any more, or the answer does not fit its form.
        """
        self._at_gate(slot, lambda held: self._gate().answer(slot, _reply(held.call, value)))

    def skip_call(self, slot: str) -> None:
        """Answer a held call with nothing: a tool's None, a model's empty text.

        Raises:
            RunError: The call is not held any more.
        """
        self._at_gate(
            slot,
            lambda held: self._gate().answer(
                slot, _reply(held.call, "" if held.call.kind == "model" else None)
            ),
        )

    def fail_call(self, slot: str, text: str) -> None:
        """Make a held call fail with these words; the body sees a ToolFailed.

        Raises:
            RunError: The call is not held any more.
        """
        self._at_gate(slot, lambda _: self._gate().fail(slot, ToolFailed(text)))

    def _gate(self) -> Any:
        return self._driver.gate if self._driver is not None else None

    def _at_gate(self, slot: str, act: Callable[[Held], T]) -> T:
        async def work() -> T:
            held = self._driver.gate.held.get(slot) if self._driver is not None else None
            if held is None or held.decided.done():
                raise RunError(f"No call {slot!r} is held.", hint="Look at run.held.", run_id=self.run_id)
            return act(held)

        return self._sync(work())

    # ── people ───────────────────────────────────────────────────────────────────────────────

    @property
    def questions(self) -> list[Question]:
        """What people are being asked now."""
        if self._driver is None:
            return []
        return [
            question
            for question, answer in list(self._driver.exchange.questions.values())
            if not answer.done()
        ]

    def answer(self, which: str, value: Any) -> None:
        """Answer a question, once.

        Args:
            which: The question's node or slot.
            value: The answer.

        Raises:
            RunError: Nothing of the kind is asked, or the answer is none of its choices or does not fit its schema.
        """

        async def work() -> None:
            asked = list(self._driver.exchange.questions.values()) if self._driver is not None else []
            for question, answer in asked:
                if which in {question.node, question.slot} and not answer.done():
                    answer.set_result(question.check(value))
                    return
            nodes = ", ".join(question.node for question, _ in asked) or "nobody is asked"
            raise RunError(f"No question {which!r} is open.", hint=f"Open: {nodes}.", run_id=self.run_id)

        self._sync(work())

    # ── state ────────────────────────────────────────────────────────────────────────────────

    def set(self, **values: Any) -> None:
        """Write to the state while the run stands; later than everything before, never a conflict.

        Raises:
            StateInvalid: A value does not fit the schema.
            RunError: The run is under way, or has ended.
        """
        self._sync(self._set(values))

    async def _set(self, values: dict[str, Any]) -> None:
        self._refuse_unless_standing(
            "set a value", ended="Go back first, or fork it: run.fork(step, key=value)."
        )
        graph = self._graph()
        checked = graph.schema.check(values)
        fact = StateSet(at=time(), values=checked)
        if self._driver is None:
            self._history.leave_damage()
            with self._store.lease(self.run_id):
                self._store.append(self.run_id, (fact,), wait=30.0)
        else:
            await self._driver.journal.commit((fact,))
            self._driver.level.schedule.set(checked)
        self.stands += 1

    def cancel(self) -> None:
        """Stop everything that is under way; the run can be resumed. Returns at once."""
        self._leave_closed_loop()
        if self._driving is None and self._driver is None and self.status in ("ready", "paused"):
            self._sync(self._give_up())
        else:
            super().cancel()

    async def _give_up(self) -> None:
        """Record that a run which nobody drives is not to go on by itself."""
        if self._driving is not None:  # it has begun meanwhile
            super().cancel()
            return
        with self._store.lease(self.run_id):
            self._store.append(self.run_id, (RunCancelled(at=time()),), wait=30.0)
        self._park("cancelled")
        self.stands += 1

    def _refuse_unless_standing(self, what: str, *, ended: str = "") -> None:
        """Refuse to do this to a run that is under way, or has ended; ``ended`` is what to do then, if that matters."""
        if self._driving is not None:
            raise RunError(
                f"Run {self.run_id} is under way.", hint=f"Pause it to {what}.", run_id=self.run_id
            )
        if ended and self.status == "done":
            raise RunError(f"Run {self.run_id} has ended.", hint=ended, run_id=self.run_id)


def _edited(kind: str, before: Any, request: Any) -> Any:
    if kind == "model" and isinstance(request, str):
        return structs.replace(before, messages=_said_anew(before.messages, request))
    if kind == "model" and not isinstance(request, ModelRequest):
        raise RunError(f"{request!r:.80} is no request to a model.", hint="Give text, or a ModelRequest.")
    if kind == "tool" and not isinstance(request, dict):
        raise RunError(
            f"{request!r:.80} are no arguments of a tool.", hint='Give a dict, such as {"text": "..."}.'
        )
    return request


def _said_anew(messages: tuple[Message, ...], text: str) -> tuple[Message, ...]:
    last = max((i for i, message in enumerate(messages) if message.role == "user"), default=None)
    if last is None:
        return (*messages, Message("user", (Text(text),)))
    return (*messages[:last], Message("user", (Text(text),)), *messages[last + 1 :])


def _reply(call: Call, value: Any) -> Any:
    if call.kind == "model" and not isinstance(value, ModelReply):
        return ModelReply(message=assistant(str(value)))
    return value if value is None else checked_answer(call.scope.node, value, (), call.traits.form)
