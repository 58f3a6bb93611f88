"""The texts in which names were made: the cells of a notebook, or the file of a module."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from genxai_nb.source import bound_in, imported_in, needs_of, outside_functions, root_of

from .changes import Changes
from .pieces import Import

__all__ = [
    "END",
    "MAGIC",
    "UNLISTED",
    "Statement",
    "Text",
    "Texts",
    "bound_by",
    "cells_of",
    "file_text",
    "parsed",
    "untimed",
]

END = sys.maxsize  # behind all statements
MAGIC = "get_ipython"
UNLISTED = (
    "_genxai_unlisted"  # a notebook's variable: cells that its history leaves out, with their places in it
)
_CERTAIN = (
    *(ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
)  # statements that bind what they bind whatever happens
_AROUND = re.compile(r"%%(?:time|timeit|capture|prun)\b.*")  # cell magics that run what stands below them
_LINE = re.compile(r"^(?P<before>\s*(?:[\w.,\[\] ]+=\s*)?)(?:[%!].*|\??[\w.]+\?\??\s*$)")
_OURS = re.compile(  # as it was written, or as IPython remembers it
    r"(?:%%genxai\s+|get_ipython\(\)\.run_cell_magic\('genxai', ')(?:agent|graph|schema)\s+(?P<name>[\w-]+)"
)
_TIMED = re.compile(r"^(\s*)%time\s+(?=[^\s-])")  # a line magic that runs what stands behind it
_RUN = re.compile(r"^%run\s+(?:-\w+\s+)*(?P<file>[^\s-]\S*)", re.MULTILINE)


class Text(NamedTuple):
    """A cell or a file.

    Attributes:
        label: What it is called, such as ``cell [3]`` or ``helpers.py``.
        text: Its text.
        is_file: It is a file, whose lines are worth naming.
    """

    label: str
    text: str
    is_file: bool = False


class Statement:
    """A statement at the top of a cell or file.

    Attributes:
        node: Its tree.
        text: Its text, with the comments right above it.
        label: Where it stands.
        order: Its place among all statements.
        bound: The names that it binds.
        changed: The names whose values it may change in place.
    """

    __slots__ = ("bound", "changed", "label", "node", "order", "text")

    def __init__(self, node: ast.stmt, text: str, label: str, order: int) -> None:
        self.node = node
        self.text = text
        self.label = label
        self.order = order
        self.bound = bound_by(node)
        self.changed: set[str] = set()

    @property
    def is_definition(self) -> bool:
        """Whether it defines a function or a class."""
        return isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)

    @property
    def value(self) -> ast.expr | None:
        """What it assigns, if it is an assignment."""
        return self.node.value if isinstance(self.node, ast.Assign | ast.AnnAssign) else None


class Texts:
    """The statements of a namespace, and which of them make a name.

    Args:
        texts: Its cells in the order in which they ran, or its file.
        space: Its variables.

    Attributes:
        statements: Its statements in order.
        future: Annotations are not evaluated in some of them.
        missing: Files that ``%run`` has run and that are not there.
        foreign: Cells of other languages.
        stars: Modules of which all names were imported.
        ours: The cells that define agents, graphs and schemas, by name.
    """

    def __init__(self, texts: Iterable[Text], space: Mapping[str, Any]) -> None:
        self.statements: list[Statement] = []
        self.future = False
        self.missing: list[str] = []
        self.foreign: list[Text] = []
        self.stars: list[tuple[Statement, ast.ImportFrom]] = []
        self.ours: dict[str, str] = {}
        self._anew: dict[str, int] = {}
        self._binding: dict[str, list[Statement]] = {}
        for text in texts:
            self._read(text)
        changes = Changes((statement.node for statement in self.statements), space)
        for statement in self.statements:
            statement.changed = changes.of(statement.node)
            self._index(statement)

    def binding(self, name: str) -> Statement | None:
        """The last statement that gave a name its value."""
        found = self._binding.get(name)
        return found[-1] if found else None

    def makers(self, name: str, before: int = END) -> list[Statement]:
        """The statements that make what a name holds at a place: the last that surely binds it, and what follows.

        What that one needs in turn, an earlier value of the same name for one, is not among them.

        Args:
            name: The name.
            before: The order of the statement that needs it.
        """
        found: list[Statement] = []
        anew = self._anew.get(name, 0)
        for statement in reversed(self.statements[: before - 1]):
            if statement.order <= anew < before:
                break
            if name in statement.bound or name in statement.changed:
                found.append(statement)
            if name in statement.bound and isinstance(statement.node, _CERTAIN):
                break
        return found[::-1]

    def making(self, name: str) -> list[Statement]:
        """The statements that made what a name holds, from the last that needs no earlier value of it."""
        found = self.makers(name)
        while any(path[0] == name for path in needs_of(found[0].node).now):
            earlier = self.makers(name, found[0].order)
            if not earlier:
                break
            found = [*earlier, *found]
        return found

    def hidden_maker(self, name: str) -> str:
        """What may have made a name that no statement makes, in words; empty if nothing may have."""
        defined = re.compile(rf"\b(?:def|cdef|cpdef|class)\b[^\n]*\b{name}\b")
        for text in self.foreign:
            if defined.search(text.text):
                return f"it is made by {text.label}, which begins with {text.text.split()[0]}"
        if self.missing:
            return f"no statement makes it, as if by {self.missing[0]!r}, a file of %run that is missing"
        calls = (part for statement in self.statements for part in ast.walk(statement.node))
        if any(isinstance(part, ast.Name) and part.id == "exec" for part in calls):
            return "no statement makes it, as if by exec"
        return ""

    def is_other(self, name: str, since: Statement) -> bool:
        """Whether a name was bound anew, or its value changed, behind a statement."""
        found = [each for each in self.statements if name in each.bound or name in each.changed]
        before = {statement.text for statement in found if statement.order < since.order}
        return any(
            statement.order > since.order and statement.text not in before
            for statement in found
            if not isinstance(statement.node, ast.Import | ast.ImportFrom)
        )

    def imports_of(self, name: str) -> Iterator[Import]:
        """All imports that give a name its value: ``import a.b`` and ``import a.c`` both bind ``a``."""
        for statement in self._binding.get(name, ()):
            for alias in statement.node.names if isinstance(statement.node, ast.Import) else ():
                if (alias.asname or alias.name.partition(".")[0]) == name:
                    yield Import(alias.name, "", name)

    def _read(self, text: Text) -> None:
        if not text.is_file:
            for found in _RUN.finditer(text.text):
                path = Path(found["file"].strip("'\"")).expanduser()
                path = path if path.suffix else path.with_suffix(".py")
                if path.is_file():
                    self._read(Text(path.name, path.read_text("utf-8"), is_file=True))
                else:
                    self.missing.append(str(path))
        if own := _OURS.match(text.text.lstrip()):
            name = own["name"].replace("-", "_")
            self.ours[name] = text.label
            self._anew[name] = len(self.statements)  # what cells before it have made of the name is gone
        tree, body = parsed(text.text)
        if tree is None:
            self.foreign.append(text)
            return
        lines = body.splitlines()
        below = 0  # the last line of the statement before
        for number, node in enumerate(tree.body):
            after = tree.body[number + 1] if number + 1 < len(tree.body) else None
            shared = below >= _first_line(node) or (
                after is not None and _first_line(after) <= _last_line(node)
            )
            segment = (ast.get_source_segment(body, node) or "") if shared else _lines_of(lines, node, below)
            label = f"{text.label}, line {node.lineno}" if text.is_file else text.label
            below = _last_line(node)
            guarded = node.body if isinstance(node, ast.If) and _is_guard(node) else []
            for part, written in [(part, ast.unparse(part)) for part in guarded] or [(node, segment)]:
                self.statements.append(Statement(part, written, label, len(self.statements) + 1))

    def _index(self, statement: Statement) -> None:
        node = statement.node
        if isinstance(node, ast.ImportFrom):
            self.future = self.future or node.module == "__future__"
            if node.names[0].name == "*":
                self.stars.append((statement, node))
                return
        gone = {name for name, order in self._anew.items() if statement.order <= order}
        for name in statement.bound - gone:
            self._binding.setdefault(name, []).append(statement)


def _is_guard(node: ast.If) -> bool:
    """Whether it is ``if __name__ == "__main__"``."""
    return "__name__" in ast.unparse(node.test) and "__main__" in ast.unparse(node.test)


def bound_by(node: ast.stmt) -> set[str]:
    """The names that a statement binds, whatever values it changes beside."""
    parts = list(outside_functions(node))
    added = {id(part.target) for part in parts if isinstance(part, ast.AugAssign)}
    changed = {
        root_of(part)
        for part in parts
        if isinstance(part, ast.Subscript | ast.Attribute | ast.Name)
        and (not isinstance(part, ast.Name) or id(part) in added)
    }
    stored = {
        part.id
        for part in parts
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and id(part) not in added
    }
    return imported_in(node) | (bound_in(node) - (changed - stored))


@lru_cache(maxsize=4096)
def parsed(text: str) -> tuple[ast.Module | None, str]:
    """A cell's tree and its text as Python; None for a cell of another language, or one that is no Python."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.strip() and not _AROUND.fullmatch(line):
            if line.startswith("%%"):
                return None, ""
            break
        lines[number] = ""
    body = "\n".join(lines)
    for attempt in (body, "\n".join(map(_without_magic, lines))):
        try:
            return ast.parse(attempt), attempt
        except (SyntaxError, ValueError):
            continue
    return None, ""


def untimed(line: str) -> str:
    """A line as Python, if it is one whose time is taken: ``%time x = f()``."""
    return _TIMED.sub(r"\1", line)


def _without_magic(line: str) -> str:
    line = untimed(line)
    found = _LINE.match(line)
    return f"{found['before']}{MAGIC}().run_cell({line.strip()!r})" if found else line


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _lines_of(lines: list[str], node: ast.stmt, below: int) -> str:
    """A statement's lines, with the comments that stand right above it."""
    first = _first_line(node) - 1
    while first > below and lines[first - 1].startswith("#") and not lines[first - 1].startswith("# %%"):
        first -= 1
    return "\n".join(line.rstrip() if line.isspace() else line for line in lines[first : _last_line(node)])


def cells_of(space: Mapping[str, Any]) -> list[Text]:
    """The cells that a notebook's own variables remember, in the order in which they ran."""
    cells = space.get("In")
    if not isinstance(cells, list) or "Out" not in space:
        return []
    listed = [(number, f"cell [{number}]", str(text)) for number, text in enumerate(cells) if text]
    unlisted = [(place, "a cell", str(text)) for place, text in space.get(UNLISTED, ())]
    ran = sorted(
        [*unlisted, *listed], key=lambda cell: cell[0]
    )  # what is unlisted ran before the one listed there
    return [Text(label, text) for _, label, text in ran]


def file_text(path: str | None) -> list[Text]:
    """The text of a module's file, if it is there."""
    if path is None or not path.endswith(".py") or not Path(path).is_file():
        return []
    return [Text(Path(path).name, Path(path).read_text("utf-8", "replace"), is_file=True)]
