"""What is done to a cell's text before IPython compiles it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from types import CodeType

from genxai_nb.errors import LineInvalid

Lines = list[str]

# A first word that the transformers put before a verb, for the magic to see how it was called.
AWAIT, VALUE = "await", "value"

_CALLS = ("run_line_magic", "run_cell_magic")
_HELP = re.compile(r"^(?P<indent>\s*)%%?genxai(?:\s+(?P<verb>\w+))?\s*\?{1,2}\s*$")
_ASK = re.compile(r"^(?P<left>\s*(?:\w+\s*=\s*)?)%genxai\s+(?P<line>(?:ask|chat|run|memory)\s.*\?)\s*$")
_ALONE = re.compile(r"^%%genxai(?P<head>\s+\S)?")


def clean_lines(lines: Lines) -> Lines:
    """Rewrite what IPython would take for a help request of its own, and cells without a body.

    ``%genxai wait?`` asks for our help; the question mark that ends ``%genxai ask writer why?`` belongs
    to the question; IPython refuses a cell magic whose body is empty, but a run may have no input.

    Raises:
        LineInvalid: The head of a cell stands below something else, which IPython would take for Python.
    """
    if not any("%genxai" in line for line in lines):
        return lines
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and not _HELP.match(first):
        found = _ALONE.match(first)
        if found is None or "".join(lines[lines.index(first) + 1 :]):
            return lines
        return [*lines[:-1], first.rstrip("\n") + "\n", "\n"] if found["head"] else ["%genxai\n"]
    _refuse_low_head(lines)
    return [_clean(line) for line in lines]


# IPython asks before each new line of a terminal whether the cell is complete; an empty line added here
# would end it at its head, so the question is left to IPython alone.
clean_lines.has_side_effects = True  # type: ignore[attr-defined]  # IPython's mark on a function


def _refuse_low_head(lines: Lines) -> None:
    for place, line in enumerate(lines):
        head = _ALONE.match(line)
        if head and head["head"] and not _HELP.match(line) and _is_whole(lines[:place]):
            raise LineInvalid(
                "%%genxai begins a cell, and here it stands below something else.",
                line=line.rstrip("\n"),
                number=place + 1,
                column=0,
                hint="Put it, and what belongs to it, into a cell of its own.",
            )


def _is_whole(lines: Lines) -> bool:
    """Whether lines end outside a string and a bracket."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        ast.parse(TransformerManager().transform_cell("".join(lines)))  # type: ignore[no-untyped-call]  # IPython has no types
    except SyntaxError:
        return False
    return True


def _clean(line: str) -> str:
    if found := _HELP.match(line):
        return f"{found['indent']}%genxai help {found['verb'] or ''}".rstrip() + "\n"
    if found := _ASK.match(line):
        return f"{found['left']}get_ipython().run_line_magic('genxai', {found['line']!r})\n"
    return line


def transformer_for(waiting: Sequence[str], *, awaits: Callable[[], bool]) -> Callable[[Lines], Lines]:
    """Make the transformer that lets cells await the verbs that may take long.

    Args:
        waiting: The verbs that wait.
        awaits: Tells, at each cell, whether a cell can be awaited here at all.
    """
    verbs = frozenset(waiting)

    def transform(lines: Lines) -> Lines:
        text = "".join(lines)
        if "_magic('genxai'" not in text:
            return lines
        try:
            tree = compile(text, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except (SyntaxError, ValueError):
            return lines
        found = [call for call in _calls(tree, awaitable=True) if call.verb in verbs]
        if not found:
            return lines
        return _marked(text, found, awaits=awaits() and not inside_magic()).splitlines(keepends=True)

    return transform


def inside_magic() -> bool:
    """Tell whether this code runs inside a magic, such as the body of ``%%time``, which cannot await."""
    from IPython.core.interactiveshell import InteractiveShell as Shell

    codes: tuple[CodeType, ...] = (Shell.run_cell_magic.__code__, Shell.run_line_magic.__code__)
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code in codes:
            return True
    return False


class _Call:
    """One call of our magic in a cell: where it begins, where its line argument is, how it is used."""

    def __init__(self, node: ast.Call, *, awaitable: bool, valued: bool) -> None:
        self.node = node
        self.awaitable = awaitable
        self.valued = valued
        self.line = node.args[1]

    @property
    def verb(self) -> str:
        words = str(getattr(self.line, "value", "")).split(None, 1)
        return words[0] if words else ""


def _calls(node: ast.AST, *, awaitable: bool, valued: bool = True) -> Iterator[_Call]:
    if isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
        awaitable = False
    elif isinstance(node, ast.AsyncFunctionDef):
        awaitable = True
    elif isinstance(node, ast.Await):
        return
    if isinstance(node, ast.Call) and _is_ours(node):
        yield _Call(node, awaitable=awaitable, valued=valued)
        return
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, awaitable=awaitable, valued=not isinstance(node, ast.Expr))


def _is_ours(node: ast.Call) -> bool:
    if not (isinstance(node.func, ast.Attribute) and node.func.attr in _CALLS and len(node.args) > 1):
        return False
    return isinstance(node.args[0], ast.Constant) and node.args[0].value == "genxai"


def _marked(text: str, calls: list[_Call], *, awaits: bool) -> str:
    """Put ``await`` before the calls and a mark into their line, last call first so that places hold."""
    lines = [line.encode() for line in text.splitlines(keepends=True)]  # ast counts bytes

    def insert(row: int, column: int, what: str) -> None:
        lines[row - 1] = lines[row - 1][:column] + what.encode() + lines[row - 1][column:]

    for call in sorted(calls, key=lambda call: (call.node.lineno, call.node.col_offset), reverse=True):
        awaited = awaits and call.awaitable
        marks = [mark for mark, on in ((AWAIT, awaited), (VALUE, call.valued)) if on]
        if marks:
            insert(call.line.lineno, call.line.col_offset + 1, " ".join(marks) + " ")
        if awaited:
            insert(call.node.lineno, call.node.col_offset, "await ")
    return b"".join(lines).decode()
