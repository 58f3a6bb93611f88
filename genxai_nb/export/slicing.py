"""A notebook that was read and not run: the statements that make what a graph uses, as they stand, in their order."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from genxai_nb.source import Needs, bound_in, imported_in, needs_of

from .collecting import Collecting, User
from .pieces import Piece
from .texts import Statement
from .waiting import let_wait

__all__ = ["Slices", "needs_at"]

_IMPORTS = ast.Import | ast.ImportFrom
_ALL = {"eval", "globals", "locals"}  # functions that may look for any name


class Slices:
    """Carries the statements of a notebook for a closure: each in its place, whatever it does.

    A name is asked for at a place: a statement needs what the name held before it, and what a function
    needs that it calls; the graph needs what it holds behind the last one.

    Args:
        closure: The closure.
    """

    def __init__(self, closure: Collecting) -> None:
        self._closure = closure
        self._home = closure.units.home
        self._taken: set[tuple[int, int]] = set()

    def take(self, name: str, before: int) -> None:
        """Carry the statements that make what a name holds at a place."""
        if self._home.texts.binding(name) is None:
            self._closure.carry_unwritten(self._home, name, self._home.space[name])
        for statement in self._home.texts.makers(name, before):
            if isinstance(statement.node, _IMPORTS):
                self._closure.carry_import(self._home, name, statement)
            elif (statement.order, before) not in self._taken:
                self._taken.add((statement.order, before))
                self._stand(statement, before)

    def _stand(self, statement: Statement, before: int) -> None:
        """Carry a statement, with what it needs at once before it, and what its functions need where they are called."""
        home, closure = self._home, self._closure
        piece = closure.pieces.get((id(home), statement.order))
        if piece is None:
            names = (*sorted(statement.bound), *sorted(statement.changed - statement.bound))
            piece = closure.pieces[id(home), statement.order] = Piece(
                names=names,
                text=statement.text,
                label=statement.label,
                order=(0, statement.order),
                definition=statement.is_definition,
                stands=True,
            )
            for name in names:
                closure.names.claim(name, home.space.get(name))
            let_wait(closure, piece, [statement])
        needs = needs_at(statement, future=home.texts.future)
        user = User(piece.names[0], statement.label)
        if _ALL & {path[0] for path in needs.now | needs.later}:
            above = [each for each in home.texts.statements if each.order < statement.order]
            every = {(name,) for each in above if not isinstance(each.node, _IMPORTS) for name in each.bound}
            needs = needs._replace(now=needs.now | every)
        piece.now |= closure.take_paths(home, needs.now, user, statement.order)
        piece.later |= closure.take_paths(home, needs.later, user, before)
        if not statement.is_definition and not isinstance(statement.value, ast.Lambda):
            piece.now |= closure.take_paths(
                home, needs.later, user, statement.order
            )  # it may call its lambdas


def needs_at(statement: Statement, *, future: bool = False) -> Needs:
    """The names that a statement needs from before it; what it surely binds itself before it looks is none.

    Args:
        statement: The statement.
        future: Its annotations are not evaluated.
    """
    needs = needs_of(statement.node, future=future)
    read: set[str] = set()
    _read(statement.node, set(), read)
    return Needs(frozenset(path for path in needs.now if path[0] in read), needs.later)


def _read(node: ast.stmt, bound: set[str], read: set[str]) -> set[str]:
    """Note what a statement reads of names that are not surely bound; returns what is bound behind it."""
    match node:
        case ast.If() | ast.While():
            bound = _look(node.test, bound, read)
            first, second = _all(node.body, bound, read), _all(node.orelse, bound, read)
            return first & second if isinstance(node, ast.If) else bound
        case ast.For() | ast.AsyncFor():
            bound = _look(node.iter, bound, read)
            _all(node.body, bound | _names(node.target), read)
            _all(node.orelse, bound, read)
            return bound
        case ast.With() | ast.AsyncWith():
            for item in node.items:
                bound = _look(item.context_expr, bound, read)
                bound = bound | (_names(item.optional_vars) if item.optional_vars else set())
            return _all(node.body, bound, read)
        case ast.Try() | ast.TryStar():
            behind = _all([*node.body, *node.orelse], bound, read)
            for handler in node.handlers:
                if handler.type is not None:
                    _look(handler.type, bound, read)
                behind = behind & _all(handler.body, bound | {handler.name or ""}, read)
            return behind | _all(node.finalbody, bound, read)
        case ast.Break() | ast.Continue():
            return bound
    given = bound | {part.target.id for part in ast.walk(node) if isinstance(part, ast.NamedExpr)}
    read |= {path[0] for path in needs_of(node).now} - given
    return bound | bound_in(node) | imported_in(node)


def _all(body: Iterable[ast.stmt], bound: set[str], read: set[str]) -> set[str]:
    for statement in body:
        bound = _read(statement, bound, read)
    return bound


def _look(expression: ast.expr, bound: set[str], read: set[str]) -> set[str]:
    """The same for an expression, which may bind names too."""
    return _read(ast.copy_location(ast.Expr(expression), expression), bound, read)


def _names(target: ast.expr) -> set[str]:
    return {
        part.id for part in ast.walk(target) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }
