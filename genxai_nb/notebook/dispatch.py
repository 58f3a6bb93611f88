"""From a magic line to its verb, and the errors on the way back to their place in the cell."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from genxai_nb.agents.notation.fields import inserted_or_text
from genxai_nb.errors import (
    DefinitionError,
    GenXAIError,
    LineInvalid,
    NotStorable,
    StateInvalid,
    TemplateKeyMissing,
    UnknownName,
)

from .arguments import read_head, read_line
from .tracebacks import point, point_at_word
from .transform import AWAIT, VALUE
from .verbs import VERBS
from .waiting import Inquiry, Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from .session import Session
    from .verb import Request

_INSERTING = {"MODEL", "STORE", "BUDGET", "FILE"}  # options for which $name stands for an object's text
_KEY = re.compile(r"^([^\W\d][\w-]*)[^\S\n]*:", re.MULTILINE)
_NAME = re.compile(r"[\w-]+")
_SUBJECT = re.compile(r"(Node|Tool) '([^']+)'(?: expects \w+ '([^']+)')?")


def dispatch(session: Session, line: str, body: str | None) -> Any:
    """Do what a line, or a cell's head and body, ask for.

    Returns:
        The value of the cell; a coroutine of it if the cell awaits; None from a run whose value nobody takes.

    Raises:
        GenXAIError: Something is wrong, and where.
    """
    marks, line = _unmarked(line)
    cell = session.cell()
    if body is None:
        request = read_line(line, cell=cell, verbs=VERBS)
    else:
        request = read_head(line, body, cell=cell, verbs=VERBS)
    value = perform(session, request)
    if AWAIT in marks:
        return _awaited(value, valued=VALUE in marks)
    if not isinstance(value, Wait | Inquiry):
        return value
    result = value.join()
    return result if VALUE in marks or value.shown else None


def perform(session: Session, request: Request) -> Any:
    """Call a verb's function; an error of it learns where in the cell its cause stands.

    Raises:
        GenXAIError: What the verb raised.
    """
    try:
        return request.verb.function(session, replace(request, options=_inserted(session, request)))
    except GenXAIError as exc:
        _locate(exc, request)
        exc.__context__ = None  # an exception group there would make IPython print the whole traceback
        raise


def _inserted(session: Session, request: Request) -> dict[str, Any]:
    """The options of a request, with the objects of the notebook that they name."""
    options = dict(request.options)
    for name, value in options.items():
        option = request.verb.option(name)
        if option is not None and option.value in _INSERTING and isinstance(value, str):
            options[name] = str(inserted_or_text(value, session.insert))
    return options


async def _awaited(value: Any, *, valued: bool) -> Any:
    if not isinstance(value, Wait | Inquiry):
        return value
    result = await value.joined()
    return result if valued or value.shown else None


def _unmarked(line: str) -> tuple[set[str], str]:
    marks = set()
    while (word := line.partition(" "))[0] in {AWAIT, VALUE}:
        marks.add(word[0])
        line = word[2]
    return marks, line


def _locate(error: GenXAIError, request: Request) -> None:
    """Count lines from the top of the cell and put a caret under the name or key that is wrong."""
    body = request.body or ""
    above = request.cell.lines_above + 1
    if isinstance(error, LineInvalid):
        _count(error, body.splitlines(), above)
        return
    if getattr(error, "__notes__", None):
        return
    word = ""
    if isinstance(error, UnknownName):
        word = error.name
        if word in _words_of(request):
            column = request.head.rfind(word)
            point(error, request.head, request.cell.lines_above + 1, column)
            return
    elif isinstance(error, TemplateKeyMissing):
        word = error.key
    elif isinstance(error, StateInvalid):
        _point_at_key(error, body, above, lambda key: f"{key}: " in error.what)
    elif isinstance(error, NotStorable):
        _point_at_key(error, body, above, lambda key: re.match(rf"input\.{key}\b", error.path) is not None)
    elif isinstance(error, DefinitionError):
        _point_at_subject(error, body, above)
    if word:
        point_at_word(error, word, body, above=above)


def _point_at_key(error: GenXAIError, body: str, above: int, wrong: Callable[[str], bool]) -> None:
    """Point at the first key of a body that is the wrong one."""
    for number, line in enumerate(body.splitlines(), above + 1):
        if (found := _KEY.match(line)) and wrong(found[1]):
            point(error, line, number, 0)
            return


def _point_at_subject(error: DefinitionError, body: str, above: int) -> None:
    """Point at the node or tool of which an error tells: where it is declared, else where it is first named."""
    found = _SUBJECT.match(error.what)
    if found is None:
        return
    kind, name, what = found.groups()
    lines = body.splitlines()
    opens = rf"\s*node\s+['\"]?{re.escape(name)}(?![\w-])" if kind == "Node" else r"tools\s*:"
    first = next((number for number, line in enumerate(lines) if re.match(opens, line)), 0)
    point_at_word(error, what or name, "\n".join(lines[first:]), above=above + first)


def _words_of(request: Request) -> set[str]:
    """The words of a head that name something: not what a cell defines."""
    options = ",".join(str(value) for value in request.options.values())
    words = set(_NAME.findall(options))
    if request.verb.whole:
        words.update(_NAME.findall(request.name))
    return words if request.verb.defines else {*words, request.name}


def _count(error: LineInvalid, lines: list[str], above: int) -> None:
    if 0 < error.number <= len(lines) and lines[error.number - 1] == error.line:
        error.number += above
        return
    # a line of a field's value: the parser of the value has counted from the value's beginning
    for number, line in enumerate(lines, 1):
        if error.line.strip() and (start := line.find(error.line)) >= 0:
            error.number, error.column, error.line = number + above, error.column + start, line
            return
