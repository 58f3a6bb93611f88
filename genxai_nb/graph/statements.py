"""What the lines of the graph language say, and how it is written back as lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Literal

from msgspec import Struct

from .lexer import NAME, RESERVED, one_line, quoted

Kind = Literal["agent", "function", "graph", "tool", "human"]
UNITS = {"ms": 1000, "s": 1, "m": 60, "h": 3600}


class EdgeStatement(Struct, frozen=True, kw_only=True):
    """An arrow from one node to one node.

    Attributes:
        source: Where it starts.
        target: Where it leads.
        when: The condition; None for always.
        otherwise: Taken when no conditional arrow of the source was.
        each: The key whose items the target is run for.
        item: The name under which an instance sees its item.
        limit: How often it may be taken.
        number: The line of the target, from 1.
        column: The column of the target, from 0.
        text: That line.
    """

    source: str
    target: str
    when: str | None = None
    otherwise: bool = False
    each: str | None = None
    item: str | None = None
    limit: int | None = None
    number: int = 0
    column: int = 0
    text: str = ""

    @property
    def clause(self) -> str:
        """What follows the arrow, with a space before it; empty for a plain arrow."""
        parts: list[str] = []
        if self.when is not None:
            parts.append(f" if {one_line(self.when)}")
        if self.otherwise:
            parts.append(" else")
        if self.each is not None:
            parts.append(f" for each {self.item} in {self.each}")
        if self.limit is not None:
            parts.append(f" max {self.limit}")
        return "".join(parts)


class NodeStatement(Struct, frozen=True, kw_only=True):
    """A node with what it runs and its options.

    Attributes:
        name: The node's name.
        kind: What kind of definition it runs; None if the line does not say.
        what: The definition's name, or a human node's question.
        arguments: A tool's arguments as expressions, by parameter.
        retry: Further attempts after a failure.
        timeout: Seconds that one attempt may take.
        on_error: ``fail``, ``continue`` or ``goto:NODE``.
        join: ``all``, ``any``, ``each``, or the number of arrivals that suffice.
        at_once: How many instances of a map may be under way; None for all.
        cache: Whether a result is kept for equal input.
        reads: The keys that the node is shown; None for all.
        into: The key that takes its value.
        choices: The answers that a human node offers.
        number: The line of the name, from 1.
        column: The column of the name, from 0.
        text: That line.
    """

    name: str
    kind: Kind | None = None
    what: str | None = None
    arguments: dict[str, str] = {}
    retry: int = 0
    timeout: float | None = None
    on_error: str = "fail"
    join: str | int = "all"
    at_once: int | None = None
    cache: bool = False
    reads: tuple[str, ...] | None = None
    into: str | None = None
    choices: tuple[str, ...] = ()
    number: int = 0
    column: int = 0
    text: str = ""


Statement = EdgeStatement | NodeStatement


def write(statements: Iterable[Statement]) -> str:
    """Write statements as lines that are read back as the same statements.

    Example:
        >>> print(write([EdgeStatement(source="a", target="b"), EdgeStatement(source="b", target="c", limit=2)]))
        a -> b
        b -> c max 2
    """
    lines: list[str] = []
    for kind, run in groupby(statements, type):
        if kind is NodeStatement:
            lines += [_node_line(node) for node in run if isinstance(node, NodeStatement)]
        else:
            lines += _edge_lines([edge for edge in run if isinstance(edge, EdgeStatement)])
    return "\n".join(lines)


def _edge_lines(edges: Sequence[EdgeStatement]) -> list[str]:
    """Gather arrows into groups and chains, in their order."""
    lines: list[str] = []
    end: list[str] | None = None  # the group that a chain may go on from
    at = 0
    while at < len(edges):
        sources, targets = _block(edges, at, end)
        clause = edges[at].clause
        if sources == end and not clause:
            lines[-1] += f" -> {group_text(targets)}"
        else:
            lines.append(f"{group_text(sources)} -> {group_text(targets)}{clause}")
        end = None if clause else targets
        at += len(sources) * len(targets)
    return lines


def _block(edges: Sequence[EdgeStatement], at: int, end: list[str] | None) -> tuple[list[str], list[str]]:
    """Find the next arrows that one group sends to another, preferring to go on from the last one."""
    targets = _fan(edges, at)
    sources = [edges[at].source]
    while (end is None or sources != end) and (following := at + len(sources) * len(targets)) < len(edges):
        follower = edges[following]
        same = follower.clause == edges[at].clause and follower.source not in sources
        if not same or _fan(edges, following) != targets:
            break
        sources.append(follower.source)
    return sources, targets


def _fan(edges: Sequence[EdgeStatement], at: int) -> list[str]:
    """List the different targets of the arrows that follow each other from one source with one clause."""
    first = edges[at]
    targets: list[str] = []
    for edge in edges[at:]:
        if edge.source != first.source or edge.clause != first.clause or edge.target in targets:
            break
        targets.append(edge.target)
    return targets


def group_text(names: Sequence[str]) -> str:
    """Write names as a group."""
    return _name(names[0]) if len(names) == 1 else f"[{', '.join(map(_name, names))}]"


def _name(name: str) -> str:
    return name if NAME.fullmatch(name) and name not in RESERVED else quoted(name)


def _node_line(node: NodeStatement) -> str:
    line = f"node {_name(node.name)}"
    if node.kind == "human":
        line += f" = human {quoted(node.what or '')}"
    elif node.kind is not None:
        line += f" = {node.kind} {_name(node.what or node.name)}"
    if node.arguments:
        line += f"({', '.join(f'{key}={one_line(value)}' for key, value in node.arguments.items())})"
    options = _options(node)
    return f"{line}: {', '.join(options)}" if options else line


def _options(node: NodeStatement) -> list[str]:
    rows: list[tuple[object, str]] = [
        (node.retry, f"retry {node.retry}"),
        (node.timeout is not None, f"timeout {_time(node.timeout or 0)}"),
        (node.on_error != "fail", f"on error {_way_on(node.on_error)}"),
        (node.join != "all", f"join {node.join}"),
        (node.at_once is not None, f"at once {node.at_once}"),
        (node.cache, "cache"),
        (node.reads is not None, f"reads [{', '.join(node.reads or ())}]"),
        (node.into is not None, f"into {node.into}"),
        (node.choices, f"choices [{', '.join(map(_name, node.choices))}]"),
    ]
    return [text for wanted, text in rows if wanted]


def _way_on(on_error: str) -> str:
    word, _, target = on_error.partition(":")
    return f"{word} {_name(target)}" if target else word


def _time(seconds: float) -> str:
    for unit in ("h", "m", "s"):
        if seconds >= UNITS[unit] and seconds % UNITS[unit] == 0:
            return f"{seconds // UNITS[unit]:.0f}{unit}"
    thousands = round(seconds * 1000)
    if thousands / 1000 == seconds:
        return f"{thousands}ms"
    return f"{Decimal(repr(float(seconds))):f}s"
