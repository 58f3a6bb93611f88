"""The visit whose body runs here."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from msgspec import Struct

from genxai_nb.calls.call import Scope

from .context import Exchange, VisitContext
from .reducers import HIDDEN

__all__ = ["PERFORMED", "Performed", "here"]


class Performed(Struct, eq=False):
    """The visit that is being performed; its context is made when something asks for it.

    Attributes:
        exchange: What all contexts of the run share.
        path: The visits of subgraphs around it.
        node: Its node.
        visit: Its number.
        index: The map instance, if it is one.
        context: Its context, once it is made.
        seen: The values that it has read and could change, by key.
    """

    exchange: Exchange
    path: str
    node: str = ""
    visit: int = 0
    index: int | None = None
    context: VisitContext | None = None
    seen: dict[str, Any] | None = None

    def note(self, key: str, value: Any) -> None:
        """Remember how a value looks that is read; the engine's own keys are not a body's to change."""
        seen = self.seen or {}
        if key[:1] == HIDDEN or key in seen:
            return
        if self.exchange.watch.note(self.node, self.visit, key, value):
            self.seen = {**seen, key: value}

    def made(self, item: Any = None, each: str | None = None) -> VisitContext:
        """The context of the visit; ``item`` is the map instance's, from the list under ``each``."""
        if self.context is None:
            scope = Scope(self.path, self.node, self.visit, self.index)
            self.context = VisitContext(self.exchange, scope, item)
            self.context.each = each
        return self.context


PERFORMED: ContextVar[Performed | None] = ContextVar("genxai_performed", default=None)


def here() -> VisitContext | None:
    """The context of the visit whose body calls this, in whichever thread; None outside of bodies."""
    performed = PERFORMED.get()
    return None if performed is None or not performed.node else performed.made()
