"""How far a run may go: freely, visit by visit, call by call, to a breakpoint, to a pause.

Every level of a run (the graph and the subgraphs in it) asks before it starts a visit, unless nobody
wants to stop anywhere. A run is at *rest* when no body is busy: each has ended or waits at the gate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Literal

from msgspec import Struct

from genxai_nb.calls.gate import Gate
from genxai_nb.errors import ConditionFailed
from genxai_nb.expressions import Expression

__all__ = ["Breakpoint", "Pace", "Stride"]

Stride = Literal["go", "next", "step", "out"]


class Breakpoint(Struct, frozen=True):
    """A place to stop at.

    Attributes:
        id: Its number in the run, from 1.
        node: The node's name.
        when: A condition over what the visit sees, and its number as ``visit``; None for always.
        after: Stop behind the visit instead of before it.
    """

    id: int
    node: str
    when: Expression | None = None
    after: bool = False

    def holds(self, data: Mapping[str, Any], visit: int) -> bool:
        """Whether it stops at this visit. A condition over a key that is not there yet does not hold."""
        if self.when is None:
            return True
        try:
            return self.when.holds({**data, "visit": visit})
        except ConditionFailed:
            return False


class Pace:
    """Says who may start, and knows when everybody stands.

    Attributes:
        free: Nobody wants to stop anywhere, so nobody need ask.
        busy: Bodies that are under way and do not wait at the gate.
        reason: Why the run stands, in words.
        breakpoints: Where to stop, by id.
        until: Stop behind the first visit after which this holds.
        behind: The run stands behind a visit, also if that was the last one.
    """

    def __init__(self, gate: Gate) -> None:
        self.free = True
        self.busy = 0
        self.reason = ""
        self.breakpoints: dict[int, Breakpoint] = {}
        self.until: Expression | None = None
        self.behind = False
        self.rested: asyncio.Future[None] | None = None
        self._gate = gate
        self._stride: Stride | Literal["stand"] = "go"
        self._left = 0  # visits that may still start
        self._inside: str | None = None  # a scope whose own visits start freely
        self._stopped: tuple[str, str, int] | None = None
        self._levels: list[Callable[[], None]] = []
        self._resting: list[asyncio.Future[None]] = []
        gate.parked = self.parked

    def join(self, stir: Callable[[], None]) -> None:
        """Let a level be stirred whenever the pace changes."""
        self._levels.append(stir)

    def leave(self, stir: Callable[[], None]) -> None:
        """A level has ended."""
        self._levels.remove(stir)

    def stand(self, reason: str) -> None:
        """Start nothing new; bodies under way hold at their next call or end."""
        self._stride = "stand"
        self.reason = self.reason or reason
        self.free = False
        self._gate.hold()
        self.stir()

    @property
    def stands(self) -> bool:
        """Nothing new starts."""
        return self._stride == "stand"

    async def rest(self, reason: str) -> None:
        """Stand on behalf of a body, which waits until the run goes on."""
        going_on = asyncio.get_running_loop().create_future()
        self._resting.append(going_on)
        self.stand(reason)
        self.parked(1)
        try:
            await going_on
        finally:
            self.parked(-1)

    def set_off(self, stride: Stride, inside: str | None = None) -> None:
        """Go on from a rest.

        Args:
            stride: ``go`` to the end or the next breakpoint; ``next`` through one visit; ``step`` to the next
                call or visit; ``out`` until the visit or subgraph around has ended.
            inside: The scope of the visit, or for ``out`` of the subgraph, that the run stands in.
        """
        self.reason = ""
        self.behind = False
        self._stride = stride
        self._inside = inside
        rested = bool(self._resting)
        held = bool(self._gate.held) or rested
        while self._resting:
            if not (going_on := self._resting.pop()).done():
                going_on.set_result(None)
        if stride == "step":
            self._gate.hold()
            self._left = 0 if rested or self._gate.release_first() else 1
        else:
            self._left = 0 if held else 1
            self._gate.release()
        self.free = stride == "go" and not self.breakpoints and self.until is None
        self.stir()

    def admits(self, path: str, node: str, visit: int, data: Callable[[], Mapping[str, Any]]) -> bool:
        """Whether a visit may start now. ``data`` gives what it would see."""
        if self._stride == "stand" or not self._in_stride(path, node, visit):
            return False
        if self._stride in {"next", "step"} and not self._is_inside(path):  # the run stood before it already
            self._left -= 1
            self._inside = scope_of(path, node, visit) if self._stride == "next" else None
            return True
        place = (path, node, visit)
        for point in self.breakpoints.values():
            if (
                point.node == node
                and not point.after
                and self._stopped != place
                and point.holds(data(), visit)
            ):
                self._stopped = place
                self.stand(f"breakpoint {point.id} before {node}, visit {visit}")
                return False
        return True

    def _in_stride(self, path: str, node: str, visit: int) -> bool:  # noqa: ARG002 - the place asked for
        if self._stride == "go":
            return True
        if self._is_inside(path):
            return True
        return self._stride != "out" and self._left > 0

    def _is_inside(self, path: str) -> bool:
        return self._inside is not None and is_within(path, self._inside)

    def take_up(self) -> None:
        """Visits that had begun before go on, so no other one starts in this stride."""
        self._left = 0

    def ended(self, node: str, visit: int, data: Mapping[str, Any]) -> None:
        """A visit has ended with this view; stop here if somebody wants to."""
        for point in self.breakpoints.values():
            if point.node == node and point.after and point.holds(data, visit):
                self.behind = True
                self.stand(f"breakpoint {point.id} after {node}, visit {visit}")
        if self.until is not None and Breakpoint(0, node, self.until).holds(data, visit):
            text, self.until = self.until.text, None
            self.stand(f"{text} holds after {node}, visit {visit}")

    def check(self) -> None:
        """Tell whoever drives that everybody stands, if so."""
        if not self.busy and self._stride != "go" and self.rested is not None and not self.rested.done():
            self.rested.set_result(None)

    def parked(self, change: int) -> None:
        """A body begins to wait at the gate or for a person (+1), or goes on (-1)."""
        self.busy -= change
        self.check()

    def stir(self) -> None:
        """Let all levels look again what may start."""
        for stir in list(self._levels):
            stir()


def scope_of(path: str, node: str, visit: int, index: int | None = None) -> str:
    """The path of the visits inside a visit of a subgraph node."""
    name = node.replace("%", "%25").replace("/", "%2F").replace("#", "%23")
    place = f"{name}#{visit}" if index is None else f"{name}#{visit}[{index}]"
    return f"{path}/{place}" if path else place


def is_within(path: str, scope: str) -> bool:
    """Whether a path leads into that visit of a subgraph, or into any instance of it if it is a map."""
    return path == scope or path.startswith((f"{scope}/", f"{scope}["))


def nodes_of(path: str) -> list[str]:
    """The nodes of subgraphs that a path leads through, outermost first."""
    return [
        part.rpartition("#")[0].replace("%2F", "/").replace("%23", "#").replace("%25", "%")
        for part in (path.split("/") if path else ())
    ]
