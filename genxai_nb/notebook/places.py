"""Where runs stop: breakpoints of a graph, and lines of a node's body."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stop:
    """A breakpoint of a graph, for the run that goes on and for those to come.

    Example:
        >>> str(Stop("critic", "score < 0.5", after=True))
        'after critic if score < 0.5'
    """

    node: str
    when: str | None = None
    after: bool = False

    def __str__(self) -> str:
        clause = f" if {self.when}" if self.when else ""
        return f"{'after' if self.after else 'before'} {self.node}{clause}"


@dataclass(frozen=True, slots=True)
class Inside:
    """A line of a node's body at which its run stands.

    Attributes:
        place: The node, its visit and the line, in words.
        locals: The local variables there, in short.

    Example:
        >>> Inside("critic, visit 2: grade, cell in[3] line 4", {"score": "0.5"}).locals["score"]
        '0.5'
    """

    place: str
    locals: dict[str, str] = field(default_factory=dict)
