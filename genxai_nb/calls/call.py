"""The one type for everything that touches the world, and its calling convention."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from genxai_nb.journal.events import Remembered

if TYPE_CHECKING:
    from genxai_nb.guard.policy import Subject, SubjectKind
    from genxai_nb.journal.events import Event

    Subjects = tuple[tuple[str, SubjectKind], ...] | Callable[[Mapping[str, Any]], Iterable[Subject]]

CallKind = Literal["model", "tool", "human", "embedding", "memory", "agent"]


class Scope(Struct, frozen=True, array_like=True):
    """Where in a run a call is made. ``parent`` is the slot of the call it is made in, if any."""

    path: str
    node: str
    visit: int
    index: int | None = None
    parent: str | None = None


class Traits(Struct, frozen=True, kw_only=True):
    """What the owner of a tool or provider says of its calls.

    Attributes:
        effect: The call changes the world, so it is recorded before it is made.
        reply: The type that a recorded reply is read back as; ``Any`` for plain data.
        attempts: How often the call may be tried, 1 for once.
        timeout: Seconds that one attempt may take; None for no limit.
        deadline: Seconds that all attempts and the waits between them may take; None for no limit.
        permissions: What the call needs, such as ``network`` or ``write``.
        needs: Which of its permissions some arguments need, if it is not all of them for any.
        form: The pydantic model that a person's answer fits; None for any.
        subjects: Which arguments are folders, URLs, tables or recipients, for the policy: names with their kind,
            or a function of the arguments.
        price: What a reply cost in US dollars, None if that is not known; without it no cost is known.
    """

    effect: bool = False
    reply: Any = Any
    attempts: int = 1
    timeout: float | None = None
    deadline: float | None = None
    permissions: frozenset[str] = frozenset()
    needs: Callable[[Mapping[str, Any]], Iterable[str]] | None = None
    form: Any = None
    subjects: Subjects = ()
    price: Callable[[Any], float | None] | None = None


class Call:
    """One request to the world, made by a node body.

    Attributes:
        kind: What is called.
        name: The model's, tool's or question's name.
        request: What is asked, as data that the journal can keep.
        scope: Where in the run it is asked.
        ordinal: How many equal requests this scope had made before, from 0.
        slot: Names this call in its run; equal after a crash and for a body that runs again.
        head: The line of history that it belongs to.
        traits: What the owner says of the call.
        attempt: Number of the attempt under way, from 1.
        edited: A person changed the request at the gate.
        left: Whoever read its answer as it streamed has gone, so that it ends with what has come.
        reading: The task that takes the answer in as it streams; None before and after.
        handler: What makes it in the end; set by whoever sends it through a chain.
        memories: What is remembered in a model's prompt.
        facts: What else is a fact by its end, such as changes of what is remembered; recorded together with that.
        context: The body's context, for tools that take one; calls made through it have this one as parent.
    """

    __slots__ = (
        "attempt",
        "context",
        "edited",
        "emit",
        "facts",
        "handler",
        "head",
        "kind",
        "left",
        "memories",
        "name",
        "ordinal",
        "reading",
        "request",
        "scope",
        "slot",
        "traits",
    )

    def __init__(
        self,
        kind: CallKind,
        name: str,
        request: Any,
        *,
        scope: Scope,
        ordinal: int,
        slot: str,
        head: str,
        traits: Traits,
        emit: Callable[[Any], None],
        context: Any = None,
    ) -> None:
        self.kind = kind
        self.name = name
        self.request = request
        self.scope = scope
        self.ordinal = ordinal
        self.slot = slot
        self.head = head
        self.traits = traits
        self.emit = emit
        self.context = context
        self.memories: tuple[Remembered, ...] = ()
        self.facts: Sequence[Event] = ()
        self.attempt = 1
        self.edited = False
        self.left = False
        self.reading: asyncio.Task[Any] | None = None
        self.handler: Handler

    def leave(self) -> bool:
        """Let a streamed answer end with what has come of it; tells whether one is on its way."""
        if self.reading is None:
            return False
        if not self.left:
            self.left = True
            self.reading.cancel()
        return True

    @property
    def key(self) -> str:
        """Idempotency key for services that take one: equal after a crash, new after going back or forking."""
        return digest(self.head.encode(), self.slot.encode())

    def __repr__(self) -> str:
        return f"Call({self.kind} {self.name!r} of {self.scope.node}#{self.scope.visit})"


Handler = Callable[[Call], Awaitable[Any]]
Middleware = Callable[[Call, Handler], Awaitable[Any]]


def digest(*parts: bytes) -> str:
    """Hash parts to 32 hex digits; each part's length counts, so no two lists collide by joining."""
    whole = blake2b(digest_size=16)
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()


def chained(middleware: list[Middleware]) -> Handler:
    """Put middleware around the handlers of all calls, outermost first."""
    proceed: Handler = _made
    for layer in reversed(middleware):
        proceed = _around(layer, proceed)
    return proceed


def _made(call: Call) -> Awaitable[Any]:
    return call.handler(call)


def _around(layer: Middleware, inner: Handler) -> Handler:
    def proceed(call: Call) -> Awaitable[Any]:
        return layer(call, inner)

    return proceed
