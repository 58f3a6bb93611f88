"""The graph language: lines of text to statements."""

from __future__ import annotations

from itertools import pairwise, product
from typing import NoReturn

from .clause import CLAUSES, MEANT, Clause, read_clause, refuse_rest
from .definition import END, START
from .lexer import Cursor, Name, Token, lines_above, quoted
from .node_line import read_node
from .statements import EdgeStatement as EdgeStatement
from .statements import NodeStatement as NodeStatement
from .statements import Statement as Statement
from .statements import group_text
from .statements import write as write

__all__ = ["EdgeStatement", "NodeStatement", "Statement", "parse", "write"]


def parse(text: str) -> list[Statement]:
    r"""Read lines of the graph language; groups come out as one statement per arrow.

    Raises:
        LineInvalid: A line is not of the language; it has the line, the column and a hint.

    Example:
        >>> [(edge.source, edge.target, edge.when) for edge in parse("START -> a\na -> b if score < 1")]
        [('START', 'a', None), ('a', 'b', 'score < 1')]
    """
    return _Lines(text).read()


class _Lines:
    def __init__(self, text: str) -> None:
        self.cursor = Cursor(text)
        self.statements: list[Statement] = []
        self.sources: list[Name] = []  # the group that a branch leaves from
        self.alone: Name | None = None  # begins a group on a line of its own, which needs a branch below
        self.arrows: set[tuple[object, ...]] = set()
        self.conditional: set[str] = set()
        self.fallbacks: dict[str, Token] = {}
        self.nodes: dict[str, NodeStatement] = {}
        self.kinds: dict[str, NodeStatement] = {}

    def read(self) -> list[Statement]:
        while not self._at_end():
            if self.cursor.accept("node"):
                self._node()
            else:
                self._arrows()
        for source, token in self.fallbacks.items():
            if source not in self.conditional:
                what = f"Node {source!r} has an else and no if."
                self.cursor.refuse(token, what, f"Add {source} -> NODE if CONDITION, or leave else out.")
        return self.statements

    def _at_end(self) -> bool:
        """Go to the next statement, if there is one."""
        cursor = self.cursor
        if cursor.token.kind == "newline":
            cursor.take()
        if self.alone and not cursor.meets("->"):
            name, token = self.alone
            hint = f"Write {name} -> NODE, or branches on the lines below it: -> NODE if CONDITION."
            cursor.refuse(token, f"Nothing leads from {name!r}.", hint)
        return cursor.token.kind == "end"

    def _node(self) -> None:
        node = read_node(self.cursor)
        self.statements.append(node)
        earlier = self.nodes.setdefault(node.name, node)
        if earlier is not node:
            what = f"Node {node.name!r} is declared twice."
            if earlier.kind and node.kind and earlier.kind != node.kind:
                what = f"Node {node.name!r} is of two kinds: {earlier.kind} and {node.kind}."
            above = lines_above(node.number - earlier.number)
            self._refuse_node(node, what, f"Put everything into the line that declares it, {above}.")
        if node.what and node.kind != "human":
            first = self.kinds.setdefault(node.what, node)
            if first.kind != node.kind:
                what = f"{node.what!r} is of two kinds: {first.kind} and {node.kind}."
                above = lines_above(node.number - first.number)
                self._refuse_node(node, what, f"It is {first.kind} {above}; rename one of the two.")

    def _refuse_node(self, node: NodeStatement, what: str, hint: str) -> NoReturn:
        cursor = self.cursor
        start = sum(len(line) + 1 for line in cursor.lines[: node.number - 1]) + node.column
        cursor.refuse(Token("word", node.name, start, start), what, hint)

    def _arrows(self) -> None:
        cursor = self.cursor
        branch = cursor.meets("->")
        if branch and not self.sources:
            cursor.refuse(
                cursor.token, "There is no node above for this branch to leave from.", "Write NODE -> NODE."
            )
        groups = [self.sources if branch else self._group()]
        self.alone = None
        if cursor.ends():
            self.sources, self.alone = groups[0], groups[0][0]
            return
        while cursor.accept("->"):
            groups.append(self._group())
        if not branch:
            self.sources = groups[-2] if len(groups) > 1 else groups[0]
        clause_token = cursor.token
        clause = Clause() if cursor.ends() else self._clause(groups)
        for sources, targets in pairwise(groups):
            for source, target in product(sources, targets):
                self._add(source, target, clause, clause_token)

    def _group(self) -> list[Name]:
        cursor = self.cursor
        if not cursor.accept("["):
            return [self._name()]
        names: list[Name] = []
        while True:
            name = self._name()
            if any(name.name == other.name for other in names):
                cursor.refuse(name.token, f"{name.name!r} is in the group twice.", "Leave one out.")
            names.append(name)
            if cursor.accept("]"):
                return names
            if not cursor.accept(","):
                cursor.refuse(cursor.token, "The group is not closed.", "Write a group as [a, b].")

    def _name(self) -> Name:
        """Take a name that no other word may follow."""
        cursor = self.cursor
        name = cursor.name()
        words = [name.token.text]
        while cursor.token.kind in {"word", "number"} and not cursor.meets(*CLAUSES, *MEANT):
            words.append(cursor.take().text)
        if len(words) > 1:
            whole = " ".join(words)
            hint = f"Quote a name with a space: {quoted(whole)}."
            cursor.refuse(name.token, f"{whole!r} is more than one name.", hint)
        return name

    def _add(self, source: Name, target: Name, clause: Clause, token: Token) -> None:
        cursor = self.cursor
        if source.name == END:
            cursor.refuse(source.token, "Nothing leads from END.", "END is where the run ends.")
        if target.name == START:
            cursor.refuse(target.token, "Nothing leads to START.", "To go back, name the first node.")
        arrow = (source.name, target.name, clause.when, clause.otherwise, clause.each)
        if arrow in self.arrows:
            cursor.refuse(
                target.token, f"The arrow {source.name} -> {target.name} is there twice.", "Leave one out."
            )
        self.arrows.add(arrow)
        if clause.when is not None or (clause.limit is not None and not clause.otherwise):
            self.conditional.add(source.name)
        if clause.otherwise and self.fallbacks.setdefault(source.name, token) is not token:
            cursor.refuse(
                token, f"Node {source.name!r} has two else.", "Write one: -> [a, b] else leads to both."
            )
        number, column = cursor.position(target.token.start)
        self.statements.append(
            EdgeStatement(
                source=source.name,
                target=target.name,
                number=number,
                column=column,
                text=cursor.lines[number - 1],
                **clause._asdict(),
            )
        )

    def _clause(self, groups: list[list[Name]]) -> Clause:
        cursor = self.cursor
        token = cursor.token
        if not cursor.meets(*CLAUSES):
            refuse_rest(cursor)
        if len(groups) == 1:
            cursor.refuse(
                token, f"{token.text!r} needs an arrow before it.", "Write NODE -> NODE if CONDITION."
            )
        if len(groups) > 2:
            self._refuse_chained(token, groups)
        clause = read_clause(cursor)
        if cursor.meets("->"):
            self._refuse_chained(token, groups)
        if not cursor.ends():
            refuse_rest(cursor)
        return clause

    def _refuse_chained(self, token: Token, groups: list[list[Name]]) -> NoReturn:
        source, target = (group_text([name.name for name in group]) for group in groups[-2:])
        what = f"{token.text!r} belongs to a single arrow, and this line has more."
        self.cursor.refuse(
            token, what, f"Give that arrow its own line: {source} -> {target} {token.text} ..."
        )
