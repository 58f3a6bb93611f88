"""``%genxai new``: a cell to begin with, which runs as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genxai_nb.agents.naming import variable_of
from genxai_nb.errors import DefinitionError, UnknownName
from genxai_nb.graph.lexer import identifier

if TYPE_CHECKING:
    from .session import Session
    from .verb import Request

_AGENT = """%%genxai agent {name}
# without a line such as model: openai:gpt-5 it takes the model that %genxai config model shows
role: Assistant
task: Answer in three sentences: {{{{question}}}}
tools: calculator
writes: answer"""
_SCHEMA = """%%genxai schema {name}
question: str
answer: str = ""
score: float = 0  # quality from 0 to 1
notes: list[str] = [] | append"""
_TOOL = '''from genxai_nb import tool


@tool
def {name}(text: str) -> int:
    """Count the words of a text."""
    return len(text.split())'''
_GRAPH = """%%genxai graph {name}
START -> {way} -> END"""
_ALONE = """%%genxai graph {name}
node sum = tool calculator(expression=question): into answer
START -> sum -> END"""

_DRAFTS = {"agent": _AGENT, "graph": _GRAPH, "schema": _SCHEMA, "tool": _TOOL}
_NAMES = {"agent": "assistant", "graph": "work", "schema": "Work", "tool": "count_words"}

KINDS = tuple(_DRAFTS)


def draft_cell(session: Session, request: Request) -> None:
    """Put the text of a cell that defines something below this one.

    Raises:
        UnknownName: There is no such kind; the nearest one is suggested.
        DefinitionError: The name is taken, or cannot be one.
    """
    kind, name = request.name, request.text("name")
    if kind not in _DRAFTS:
        raise UnknownName("kind of definition", kind, KINDS)
    name = name or _free(session, _NAMES[kind])
    _check(session, kind, name)
    session.shell.set_next_input(_text(session, kind, name), replace=False)


def _text(session: Session, kind: str, name: str) -> str:
    if kind != "graph":
        return _DRAFTS[kind].format(name=name)
    agents = list(session.notebook.only("agent"))
    return (_GRAPH if agents else _ALONE).format(name=name, way=" -> ".join(agents))


def _free(session: Session, name: str) -> str:
    names = (name, *(f"{name}_{number}" for number in range(2, 1000)))
    return next(one for one in names if one not in session.variables)


def _check(session: Session, kind: str, name: str) -> None:
    """Refuse a name that the cell could not define, or that means something already."""
    if kind in {"schema", "tool"} and not name.isidentifier():
        raise DefinitionError(
            f"{name!r} cannot be the name of a {kind}.", hint="Take letters, digits and '_', a letter first."
        )
    identifier(name)
    if variable_of(name) in {*session.notebook, *session.schemas}:
        raise DefinitionError(
            f"{name!r} is defined already, and the cell would define it anew.",
            hint=f"Choose another name, or look at it: %genxai show {name}",
        )
    session.check_bindable(name)
