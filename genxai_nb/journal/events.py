"""The facts of a run, in the past tense, and the hints that are shown and never stored.

State at any step is a fold over the facts. ``at`` is Unix time in seconds. A *place* in a run is
named by ``path`` (the subgraph visits above it, joined by ``/``; empty at the top), ``node``,
``visit`` (counted from 1) and, inside a map, ``index`` (counted from 0).
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from genxai_nb.messages import Delta


class Fact(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="event"):
    """What every recorded event has."""

    at: float


class RunStarted(Fact, frozen=True, kw_only=True, tag="run_started"):
    """A run began. ``input`` is the validated input; ``definitions`` maps a node to its version.

    ``key`` names the row of a batch that it is for, so that the batch finds it again; ``policy`` has the fields of
    the run's policy that are not the default ones, ``budget`` the limits of its budget.
    ``cassette`` is the file where models' answers are recorded (``recording``), or taken from.
    """

    run: str
    graph: str
    structure: str
    input: dict[str, Any]
    definitions: dict[str, str]
    model: str | None = None
    parent: str | None = None
    key: str | None = None
    policy: dict[str, Any] | None = None
    budget: dict[str, Any] | None = None
    cassette: str = ""
    recording: bool = False


class RunResumed(Fact, frozen=True, kw_only=True, tag="run_resumed"):
    """A run was taken up again.

    ``definitions`` are versions that are now in force: at least those of the nodes that were under way, which
    are performed anew. What a node begins with later, its `NodeStarted` tells. ``policy`` and ``budget`` are those
    that a person has set meanwhile; None for what is as it was.
    """

    definitions: dict[str, str]
    policy: dict[str, Any] | None = None
    budget: dict[str, Any] | None = None


class NodeStarted(Fact, frozen=True, kw_only=True, tag="node_started"):
    """A visit of a node began. ``parents`` are the visits whose tokens it took.

    ``reduced`` holds what the graph's own reducers made of the updates that met here.
    """

    node: str
    visit: int
    parents: tuple[tuple[str, int], ...]
    version: str = ""
    attempt: int = 1
    reduced: dict[str, Any] = {}
    path: str = ""


class InstanceFinished(Fact, frozen=True, kw_only=True, tag="instance_finished"):
    """One instance of a map ended; ``update`` is what it wrote."""

    node: str
    visit: int
    index: int
    update: dict[str, Any]
    reads: tuple[str, ...] = ()
    seconds: float = 0.0
    path: str = ""


class NodeFinished(Fact, frozen=True, kw_only=True, tag="node_finished"):
    """A visit ended. ``update`` is what it wrote, ``edges`` the numbers of the edges it took.

    ``reduced`` holds what the graph's own reducers made of the update. A map's updates are in its instances.
    """

    node: str
    visit: int
    update: dict[str, Any]
    edges: tuple[int, ...]
    reduced: dict[str, Any] = {}
    reads: tuple[str, ...] = ()
    seconds: float = 0.0
    path: str = ""


class NodeFailed(Fact, frozen=True, kw_only=True, tag="node_failed"):
    """An attempt of a visit raised. ``retried`` says that another attempt follows."""

    node: str
    visit: int
    error: str
    code: str
    attempt: int = 1
    retried: bool = False
    index: int | None = None
    seconds: float = 0.0
    path: str = ""


class LoopLimitReached(Fact, frozen=True, kw_only=True, tag="loop_limit_reached"):
    """An edge's condition said yes, but its limit was spent, so it was not taken."""

    node: str
    visit: int
    target: str
    limit: int
    path: str = ""


class Remembered(Struct, frozen=True, gc=False):
    """A memory that stood in a model's prompt: of which kind, its name there, how well it fitted and why."""

    kind: str
    id: str
    score: float
    why: str


class TokenAbsorbed(Fact, frozen=True, kw_only=True, tag="token_absorbed"):
    """A way came to a node that had begun without waiting for it; what only this way had written is dropped.

    ``source`` is the visit that it came from, ``number`` which one of that node.
    """

    node: str
    source: str
    number: int
    path: str = ""


class MemoryChanged(Fact, frozen=True, kw_only=True, tag="memory_changed"):
    """What lasts of an agent's memory changed in a run; told without the texts, so that what is forgotten is gone.

    ``what`` became of the items, by their names such as ``m7``: they were ``added``, ``replaced`` by a newer one about
    the same, ``merged`` into one that says the same, ``faded`` or ``dropped``; or a procedure of the name ``by`` was
    ``proposed``, because of the items. ``by`` is the item that took their place, ``kind`` their kind of memory,
    ``owner`` whose it is, such as ``clerk`` or ``user/ada``, ``why`` the rule or the reason. ``change`` names the change
    for ``agent.memory.undo``, empty for what was proposed; ``slot`` is the call that made it.
    """

    slot: str
    agent: str
    what: str
    kind: str
    owner: str
    items: tuple[str, ...]
    change: str = ""
    by: str = ""
    why: str = ""


class CallStarted(Fact, frozen=True, kw_only=True, tag="call_started"):
    """A call to the world began. ``slot`` names it for replay; ``request`` is as sent.

    ``maybe_repeated`` says that an effect had begun before a crash and that its end is not known,
    ``edited`` that a person changed the request at the gate. ``memories`` are those in a model's prompt,
    ``agent`` is who answers there.
    """

    slot: str
    kind: str
    name: str
    request: Any
    node: str
    visit: int
    ordinal: int
    memories: tuple[Remembered, ...] = ()
    effect: bool = False
    maybe_repeated: bool = False
    edited: bool = False
    index: int | None = None
    parent: str | None = None
    path: str = ""
    agent: str = ""


class CallFinished(Fact, frozen=True, kw_only=True, tag="call_finished"):
    """A call was answered: by the world, ``by_hand``, or ``reused`` from the line of history it was forked from.

    ``cost`` is in US dollars, as it was reckoned then; None for a price that is not known, or that there is none.
    """

    slot: str
    reply: Any
    cost: float | None = None
    seconds: float = 0.0
    attempts: int = 1
    by_hand: bool = False
    reused: bool = False


class CallFailed(Fact, frozen=True, kw_only=True, tag="call_failed"):
    """A call ended in an error, which the body saw."""

    slot: str
    error: str
    code: str
    seconds: float = 0.0
    attempts: int = 1


class CallDiverged(Fact, frozen=True, kw_only=True, tag="call_diverged"):
    """A body that runs again made an effect that it had not made before, and left the recorded one unasked.

    ``slot`` is the new call, ``recorded`` the one that the journal holds: both may have happened.
    """

    slot: str
    recorded: str


class CallRetried(Fact, frozen=True, kw_only=True, tag="call_retried"):
    """An attempt of a call failed and another follows after ``wait`` seconds."""

    slot: str
    error: str
    attempt: int
    wait: float


class StateSet(Fact, frozen=True, kw_only=True, tag="state_set"):
    """A person wrote to the state; this counts as later than everything before it."""

    values: dict[str, Any]
    path: str = ""


class RunRebased(Fact, frozen=True, kw_only=True, tag="run_rebased"):
    """The run goes on in a changed graph: with this state, from these nodes.

    ``visits`` says how often each node had been visited, so that the numbers go on.
    """

    structure: str
    state: dict[str, Any]
    nodes: tuple[str, ...]
    visits: dict[str, int]
    definitions: dict[str, str]


class RunPaused(Fact, frozen=True, kw_only=True, tag="run_paused"):
    """The run stands; ``reason`` says why."""

    reason: str


class RunFinished(Fact, frozen=True, kw_only=True, tag="run_finished"):
    """The run came to its end."""


class RunFailed(Fact, frozen=True, kw_only=True, tag="run_failed"):
    """The run stopped at an error; it can be resumed once the cause is mended.

    ``node`` is where, if the error has a place, also when the node's body had ended.
    """

    error: str
    code: str
    node: str = ""


class RunCancelled(Fact, frozen=True, kw_only=True, tag="run_cancelled"):
    """The run was interrupted; what was finished stays finished."""


Event = (
    RunStarted
    | RunResumed
    | NodeStarted
    | InstanceFinished
    | NodeFinished
    | NodeFailed
    | LoopLimitReached
    | TokenAbsorbed
    | MemoryChanged
    | CallStarted
    | CallFinished
    | CallFailed
    | CallDiverged
    | CallRetried
    | StateSet
    | RunRebased
    | RunPaused
    | RunFinished
    | RunFailed
    | RunCancelled
)


class Streamed(Struct, frozen=True):
    """A hint: a piece of a model's answer on its way."""

    slot: str
    node: str
    delta: Delta


class Logged(Struct, frozen=True):
    """A hint: a line that a body logged or printed."""

    node: str
    text: str


class Progressed(Struct, frozen=True):
    """A hint: how far a body has come, from 0 to 1."""

    node: str
    fraction: float
    text: str = ""


Hint = Streamed | Logged | Progressed
