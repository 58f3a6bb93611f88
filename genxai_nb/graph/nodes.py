"""What a node is to the engine: a body of state and context that returns changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from msgspec import Struct

from genxai_nb.calls.call import CallKind, Handler, Traits

if TYPE_CHECKING:
    from genxai_nb.guard.budget import Budget
    from genxai_nb.guard.policy import Policy
    from genxai_nb.journal.events import Remembered
    from genxai_nb.journal.store import Store

Changes = Mapping[str, Any] | None


class NodeOptions(Struct, frozen=True, kw_only=True):
    """What is said of a node when it is put into a graph.

    Attributes:
        name: The node's name in its graph.
        retry: Further attempts after the body raised.
        timeout: Seconds that one attempt may take; None for no limit.
        on_error: ``fail`` ends the run, ``continue`` goes on as if the node had written nothing,
            ``goto:NODE`` goes on there.
        join: Of several sources, whom it waits for: ``all`` who can still come, ``any``, so many, or nobody:
            ``each`` token is a visit.
        at_once: How many instances of it may be under way where it runs for each item; None for all.
        reads: The keys of the state that the body is shown; None for all public keys.
        into: The key that takes the body's value, when it is not a dict of changes.
        arguments: A tool's arguments as expressions over the state, by parameter name.
        choices: The answers that a human node offers.
        form: The pydantic model of the key that takes the node's value, if the state's schema has one there.
    """

    name: str
    retry: int = 0
    timeout: float | None = None
    on_error: str = "fail"
    join: str | int = "all"
    at_once: int | None = None
    reads: tuple[str, ...] | None = None
    into: str | None = None
    arguments: dict[str, str] = {}
    choices: tuple[str, ...] = ()
    form: Any = None

    @property
    def goto(self) -> str | None:
        """The node at which the run goes on when this one has failed."""
        word, _, target = self.on_error.partition(":")
        return target if word == "goto" else None


class Context(Protocol):
    """What a body may ask for beside the state. Made by the engine, one per visit or instance."""

    run_id: str
    node: str
    visit: int
    index: int | None
    item: Any
    each: str | None
    policies: tuple[Policy, ...]

    @property
    def idempotency_key(self) -> str:
        """A key that is equal whenever this same visit runs again after a crash."""

    @property
    def model_override(self) -> str | None:
        """The model that this run was told to use instead of each agent's own."""

    @property
    def store(self) -> Store:
        """Where the run is kept, and what agents remember across runs."""

    def under(self, policies: tuple[Policy, ...]) -> Context:
        """The same context with other policies."""

    def of(self, agent: str, budget: Budget | None) -> Context:
        """The same context for the answer of an agent, whose calls are the agent's and within its budget."""

    async def call(
        self,
        kind: CallKind,
        name: str,
        request: Any,
        handler: Handler,
        traits: Traits,
        memories: tuple[Remembered, ...] = (),
    ) -> Any:
        """Make a call through the chain: replayed, gated, retried and recorded."""

    def holds(self, kind: CallKind, name: str, request: Any) -> bool:
        """Whether the record holds the answer of that call, if it is the next one made."""

    async def model(self, prompt: Any, *, model: str | None = None) -> Any:
        """Ask a model once: text or a ModelRequest in, a ModelReply out."""

    async def tool(self, name: str, /, **arguments: Any) -> Any:
        """Call a tool by name and return its value."""

    async def agent(self, name: str, prompt: str) -> Any:
        """Let an agent answer a prompt; its text is returned."""

    async def ask_human(self, prompt: str, *, choices: tuple[str, ...] = (), schema: Any = None) -> Any:
        """Ask a person; in a run without one, the answer comes from the run's ``answers``."""

    def emit(self, hint: Any) -> None:
        """Send a hint to whoever watches; it is never stored."""

    def log(self, text: str) -> None:
        """Send a line to the node's log."""


class NodeBody(Protocol):
    """A definition made ready for one node.

    Attributes:
        kind: ``function``, ``agent``, ``tool``, ``human`` or ``graph``.
        version: Content hash of the definition.
        run: ``run(state, context)`` returns changes; a coroutine function unless ``threaded``.
        threaded: The body is a plain function and runs in a worker thread.
        wants_context: ``run`` takes the context; else it is called with the state alone.
        writes: Keys that the body is known to write, for checks at build; empty if unknown.
        template: Keys that the body's templates need, for checks at build.
    """

    @property
    def kind(self) -> str: ...  # noqa: D102 - said above
    @property
    def version(self) -> str: ...  # noqa: D102 - said above
    @property
    def run(self) -> Callable[..., Any]: ...  # noqa: D102 - said above
    @property
    def threaded(self) -> bool: ...  # noqa: D102 - said above
    @property
    def wants_context(self) -> bool: ...  # noqa: D102 - said above
    @property
    def writes(self) -> tuple[str, ...]: ...  # noqa: D102 - said above
    @property
    def template(self) -> tuple[str, ...]: ...  # noqa: D102 - said above


class Prepared:
    """A definition with its node's options, ready to be performed.

    Attributes:
        definition: The definition.
        body: The body that it makes.
        options: The node's options.
        run: The body's ``run``.
        quiet: It makes no calls, so that a pause never holds it half way, and its failure ends the run: nobody has
            to know before its turn whether what it returns can be kept.
        simple: It is an async function of the state alone, and the options change nothing about that.
        settled: Its version, once it is known that this cannot change; else empty.
    """

    __slots__ = ("body", "definition", "options", "quiet", "run", "settled", "simple")

    def __init__(self, definition: Any, body: NodeBody, options: NodeOptions) -> None:
        self.definition = definition
        self.body = body
        self.options = options
        self.run = body.run
        self.settled = ""
        forgiven = options.retry > 0 or options.on_error != "fail"
        self.quiet = not body.wants_context and not forgiven
        plain = options.timeout is None and options.reads is None and options.into is None
        self.simple = plain and body.kind == "function" and not body.threaded and not body.wants_context

    @property
    def version(self) -> str:
        """The body's version now: what its functions use may have been defined anew."""
        version = self.body.version
        if getattr(self.body, "settled", False):
            self.settled = version
        return version


@runtime_checkable
class NodeLike(Protocol):
    """A definition that can be a node: an agent, a tool, a human question, a graph."""

    def as_node(self, options: NodeOptions) -> NodeBody:
        """Make the body for a node with these options."""


class Lookup(Protocol):
    """Where the engine finds what it does not hold itself."""

    def find(self, name: str) -> Any | None:
        """The definition of that name (agent, tool, function, graph), or None."""

    def names(self) -> dict[str, str]:
        """All known names with their kind, for suggestions."""

    def resolve(self, kind: CallKind, name: str) -> tuple[Handler, Traits]:
        """The handler and traits of a model or tool, for calls that a body makes by name."""
