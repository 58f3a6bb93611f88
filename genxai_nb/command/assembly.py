"""A notebook's cells made into definitions, without a kernel."""

from __future__ import annotations

import ast
import asyncio
import inspect
import linecache
import re
from pathlib import Path
from typing import Any

from genxai_nb.agents.lookup import StandardLookup
from genxai_nb.agents.naming import Namespace, choose_graph, inserted
from genxai_nb.agents.notation import Head, agent_fields, agent_from, graph_from, input_from, schema_from
from genxai_nb.errors import DefinitionError, GenXAIError, InputError, LineInvalid, UnknownName
from genxai_nb.export.changes import Changes
from genxai_nb.export.texts import bound_by, parsed
from genxai_nb.export.unrun import Unrun, UnrunAgent, model_for, reducer_for
from genxai_nb.graph.build import Graph
from genxai_nb.source import bound_in, imported_in, needs_of
from genxai_nb.tools import registry

from .cells import Cell, read_cells
from .effects import first_effect, input_in, runs_of
from .needs import needed
from .printing import place_of
from .reading import choose_unrun, read

__all__ = ["Assembly"]

_DEFINING = ("agent", "graph", "schema")
_RUNNING = ("debug", "run")
_MOST = 5  # names that an error lists
_RESULT = "result"  # the variable that a run cell binds


class _Absent(str):
    """Stands in an input for a value of the notebook that is not there."""

    __slots__ = ()


class Assembly:
    """What a notebook defines, from its first cell to its last.

    Args:
        path: The notebook.
        space: The variables of its code, filled here.
        wanted: The graph that will be run; None for the only one.
        trust: Whether to run code cells that do more than import and define, as far as the first run of
            that graph.
        reads: Whether to read such cells where they are not run: they define what they define, and other
            values stand as `Unrun`.

    Attributes:
        cells: Its code cells.

    Raises:
        DefinitionError: The file is no notebook.
    """

    def __init__(
        self, path: Path, space: dict[str, Any], wanted: str | None, *, trust: bool, reads: bool = False
    ) -> None:
        self.space = space
        self._file = path.name
        self._wanted = wanted
        self._trust = trust
        self._reads = reads
        self._known = Namespace(space)
        self._lookup = StandardLookup(self._definitions)
        self._ran = False  # the first run of the wanted graph has been passed
        self._runs: list[tuple[Cell, Head]] = []
        self._mistakes: dict[str, GenXAIError] = {}
        self._absent: dict[str, str] = {}  # names that nothing made, with what would have
        self._left: list[tuple[Cell, str]] = []
        self._behind: list[Cell] = []
        self._unrun: dict[str, str] = {}  # why names stand for values that were not made
        self._read: dict[Cell, None] = {}  # cells of which something was read only
        self._drawn: dict[str, tuple[Cell, Head]] = {}  # graphs that cells of ours have made
        self._lacking: list[str] = []  # imports that failed
        self._parts: set[str] = set()  # what graphs that were not made are drawn of
        self.cells = read_cells(path)
        trees = [parsed(cell.text)[0] for cell in self.cells] if reads else []
        self._changes = Changes((part for tree in trees if tree for part in tree.body), space)
        for cell in self.cells:
            self._take(cell)

    # ── cells ────────────────────────────────────────────────────────────────────────────────

    def _take(self, cell: Cell) -> None:
        try:
            head = cell.head()
        except LineInvalid as exc:
            self._leave(cell, exc.what.rstrip("."))
            return
        if head is None and cell.magic:
            self._leave(cell, f"it begins with {cell.magic}")
        elif head is None:
            self._take_code(cell)
        elif head.kind in _DEFINING:
            self._define(cell, head)
        elif head.kind in _RUNNING:
            self._runs.append((cell, head))
            self._ran = self._ran or self._wanted in {None, head.name}
            self._absent[head.text("as") or _RESULT] = f"the run in {cell}"

    def _define(self, cell: Cell, head: Head) -> None:
        try:
            value = self._made(cell, head)
        except GenXAIError as exc:
            if isinstance(exc, LineInvalid):
                cell.placed(exc)
            exc.add_note(f"in {self._file}, {cell}")
            self._mistakes[head.name] = exc
            return
        self._mistakes.pop(head.name, None)
        self._bind({head.name: value})
        if head.kind == "graph":
            self._drawn[head.name] = cell, head

    def _made(self, cell: Cell, head: Head) -> Any:
        if head.kind == "agent":
            fields = agent_fields(cell.body, self._insert_or_stand) if self._reads else {}
            if isinstance(tools := fields.get("tools"), list):
                own = {name: value for name, value in self.space.items() if name in map(str, tools)}
                fields["tools"] = [own.get(str(tool), tool) for tool in tools]
            if any(isinstance(part, Unrun) for value in fields.values() for part in _parts(value)):
                return UnrunAgent(head.name, fields)
            return agent_from(head.name, cell.body, self._insert)
        if head.kind == "schema":
            hows = re.findall(r"\|\s*(\w+)", cell.body)
            return schema_from(head.name, cell.body, {**self.space, **self._reducers(hows)})[0]
        state = self.space.get(head.text("state") or "")
        models = {state.name: model_for(state)} if isinstance(state, Unrun) else {}
        hows = re.findall(r"=(\w+)", head.text("reduce") or "")
        return graph_from(head, cell.body, {**self.space, **models, **self._reducers(hows)}, self._lookup)

    def _reducers(self, names: list[str]) -> dict[str, Any]:
        """What stands for reducers that were not made."""
        found = {name: self.space.get(name) for name in names}
        return {name: reducer_for(value) for name, value in found.items() if isinstance(value, Unrun)}

    def _insert(self, path: str) -> Any:
        first = path.partition(".")[0]
        if first in self._absent:
            raise DefinitionError(f"{first!r} is not there: {self._why(first)}.", hint=self._advice())
        return inserted(self.space, path)

    def _insert_or_stand(self, path: str) -> Any:
        """What ``$path`` stands for, also where it was not made: an item of it, unless a cell takes it as an attribute."""
        first, *more = path.split(".")
        if not isinstance(self.space.get(first), Unrun):
            return self._insert(path)
        taken = re.compile(rf"(?<!\$)\b{re.escape(path)}\b")
        attributes = any(taken.search(cell.text) for cell in self.cells)
        return Unrun(first, within="".join(f".{name}" if attributes else f'["{name}"]' for name in more))

    def _take_code(self, cell: Cell) -> None:
        try:
            tree = (parsed(cell.text)[0] if self._reads else None) or cell.tree()
        except SyntaxError as exc:
            self._leave(cell, f"line {exc.lineno} is no Python: {exc.msg}")
            return
        graphs = {name for name, value in self.space.items() if isinstance(value, Graph)}
        self._ran = self._ran or any(runs_of(tree, graphs))
        effect = first_effect(tree)
        if self._reads and (effect is None or self._ran or not self._trust):
            self._read_code(cell, tree)
            return
        if effect is not None and (self._ran or not self._trust):
            text = ast.unparse(effect).split("\n")[0]
            shown = text if len(text) <= 50 else f"{text[:47]}..."
            self._leave(cell, f"line {effect.lineno} does more than define: {shown}", tree)
            return
        self._execute(cell, tree)

    def _read_code(self, cell: Cell, tree: ast.Module) -> None:
        """Make what a cell defines, and leave what it does undone."""
        made = bound_in(tree) | imported_in(tree)
        absent: dict[str, str] = {}
        for statement, left, why in read(
            tree, self.space, self._changes, lambda part: self._run_code(cell, part)
        ):
            self._read[cell] = None
            absent |= dict.fromkeys(left, f"{cell}, line {statement.lineno}: {why}")
            if left and isinstance(statement, ast.Import | ast.ImportFrom):
                self._lacking.append(f"{self._file}, {cell}, line {statement.lineno}: {why}.")
            if any(self.space[name].is_graph for name in left):
                self._parts |= {path[0] for path in needs_of(statement).now} - left
            for name in left & self._drawn.keys():
                if name not in bound_by(statement):
                    self.space[name].begun = self._made(*self._drawn[name])
        self._bind({name: self.space[name] for name in made if name in self.space and name not in absent})
        for name, why in absent.items():
            self._absent[name], self._unrun[name] = str(cell), why

    def _run_code(self, cell: Cell, tree: ast.Module) -> None:
        linecache.cache[cell.place] = (  # where tracebacks and versions of functions find its source
            len(cell.text),
            None,
            cell.text.splitlines(keepends=True),
            cell.place,
        )
        code = compile(tree, cell.place, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        done = eval(code, self.space)  # noqa: S307 - a person asked to run this file
        if inspect.iscoroutine(done):
            asyncio.run(done)

    def _execute(self, cell: Cell, tree: ast.Module) -> None:
        try:
            self._run_code(cell, tree)
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - a cell may raise anything; its names are then absent
            if isinstance(exc, NameError) and exc.name in self._absent:
                why = f"it uses {exc.name!r}, and {self._why(exc.name)}"
            else:
                why = f"{type(exc).__name__}: {exc}"
            place = place_of(exc)
            self._leave(cell, f"{why} ({place})" if place else why, tree)
            return
        made = bound_in(tree) | imported_in(tree)
        self._bind({name: self.space[name] for name in made if name in self.space})

    def _bind(self, values: dict[str, Any]) -> None:
        self.space.update(values)
        for name in values:
            self._absent.pop(name, None)
            self._unrun.pop(name, None)
            self._drawn.pop(name, None)

    def _definitions(self) -> dict[str, Any]:
        """What graphs find by name; what was not made stands for itself, unless a tool has its name."""
        unrun = {
            name: value
            for name, value in self.space.items()
            if isinstance(value, Unrun) and name not in registry.names()
        }
        return unrun | dict(self._known)

    def _leave(self, cell: Cell, why: str, tree: ast.Module | None = None) -> None:
        if self._ran:
            self._behind.append(cell)
        else:
            self._left.append((cell, why))
        if tree is not None:
            imported = {name for name in imported_in(tree) if name not in self.space}
            for name in bound_in(tree) | imported:
                self._absent.setdefault(name, str(cell))

    # ── the graph ────────────────────────────────────────────────────────────────────────────

    def graph(self) -> Graph | Unrun:
        """The graph to run, with all that it needs; what stands for it, where it was read only.

        Raises:
            UnknownName: There is no such graph.
            DefinitionError: It, or something that it needs, cannot be made or was left out.
        """
        wrong = self._mistakes.get((self._wanted or "").replace("-", "_"))
        if wrong is not None:
            raise wrong
        if self._wanted is None and not any(isinstance(value, Graph) for value in self.space.values()):
            for error in self._mistakes.values():
                raise error
        graph = self._chosen()
        if isinstance(graph, Unrun):
            return graph
        absent = {name for name in self._absent if not isinstance(self.space.get(name), Unrun)}
        lacking = needed(graph, self._known, self.space, {*absent, *self._mistakes})
        for name in lacking:
            if name in self._mistakes:
                raise self._mistakes[name]
        if lacking:
            names = ", ".join(map(repr, lacking[:_MOST]))
            wrong = DefinitionError(
                f"Graph {graph.name!r} needs {names}, which nothing here defines.", hint=self._advice()
            )
            for why in dict.fromkeys(map(self._why, lacking)):
                wrong.add_note(why)
            raise wrong
        return graph

    def _chosen(self) -> Graph | Unrun:
        unrun = choose_unrun(self.space, self._wanted, self._file, self._parts)
        if unrun is not None:
            return unrun
        try:
            return choose_graph(self.space, self._wanted, self._file)
        except (DefinitionError, UnknownName) as exc:
            name = (self._wanted or "").replace("-", "_")
            if not self._unrun or (self._wanted and name not in self._absent):
                raise
            wrong = DefinitionError(exc.what, hint=self._advice())
            for absent, why in list(self._unrun.items())[:_MOST]:
                wrong.add_note(f"{absent}: {why}")
            raise wrong from exc

    def _why(self, name: str) -> str:
        """Why a name is absent."""
        if name in self._unrun:
            return self._unrun[name]
        what = self._absent[name]
        reason = next((why for cell, why in self._left if str(cell) == what), "")
        return f"{what} was left out{reason and f': {reason}'}"

    def _advice(self) -> str:
        return "" if self._trust else "--trust runs the code cells above the first run."

    def notices(self) -> list[str]:
        """What was left out, and why; a line for each cell above the first run."""
        lines = [f"{self._file}, {cell} was left out: {why}." for cell, why in self._left]
        if self._behind:
            numbers = ", ".join(str(cell.number) for cell in self._behind)
            cells = f"code cell{'s' if len(self._behind) > 1 else ''} {numbers}"
            lines.append(f"{self._file}, {cells} below the first run: left out.")
        if self._read:
            count = f"{len(self._read)} code cell{'s do' if len(self._read) > 1 else ' does'}"
            lines.append(f"{self._file}: {count} more than define: read, not run.")
        lines += self._lacking
        lines += [
            f"{self._file}: {name!r} was left out, since its cell is wrong: {error.what}"
            for name, error in self._mistakes.items()
        ]
        return lines

    # ── the input ────────────────────────────────────────────────────────────────────────────

    def _run_of(self, graph: Graph | Unrun) -> tuple[Cell, Head] | None:
        """The last run cell of a graph."""
        names = {name for name, value in self.space.items() if value is graph}
        found = [(cell, head) for cell, head in self._runs if head.name in names]
        return found[-1] if found else None

    def _read_run(self, graph: Graph | Unrun) -> tuple[dict[str, Any], dict[str, Any]]:
        run = self._run_of(graph)
        if run is None:
            return {}, {}
        try:
            model = graph.schema.model if isinstance(graph, Graph) else None
            return input_from(run[0].body, model, self._insert_or_note)
        except LineInvalid as exc:
            run[0].placed(exc).add_note(f"in {self._file}, {run[0]}")
            raise

    def _insert_or_note(self, path: str) -> Any:
        try:
            return self._insert(path)
        except DefinitionError:
            return _Absent(path)

    def input_of(self, graph: Graph, given: dict[str, Any]) -> dict[str, Any]:
        """The input of the graph's last run cell, with what was given in its place.

        Raises:
            LineInvalid: The cell cannot be read.
            InputError: A value comes from a cell that was left out, and none was given in its place.
        """
        values = {**self._read_run(graph)[0], **given}
        for key, value in values.items():
            if isinstance(value, _Absent):
                first = value.partition(".")[0]
                why = f": {self._why(first)}" if first in self._absent else ""
                raise InputError(
                    f"The run cell takes {key!r} from ${value}, which is not there{why}.",
                    hint=f"Give --input {key}=... {self._advice()}".rstrip(),
                )
        return values

    def example_of(self, graph: Graph | Unrun) -> dict[str, Any]:
        """The input of the graph's last run cell, or call of its run, with what stands for a value that is not there."""
        values = self._read_run(graph)[0]
        if values:
            return {
                key: f"${value}" if isinstance(value, _Absent) else value for key, value in values.items()
            }
        names = {name for name, value in self.space.items() if value is graph}
        trees = [tree for cell in self.cells if (tree := parsed(cell.text)[0]) is not None]
        calls = [call for tree in trees for call in runs_of(tree, names)]
        return {key: _literal(value) for key, value in input_in(calls[-1]).items()} if calls else {}

    def answers_of(self, graph: Graph | Unrun) -> dict[str, Any]:
        """The answers of people in the graph's last run cell."""
        return self._read_run(graph)[1]

    def model_of(self, graph: Graph | Unrun) -> str | None:
        """The model that the graph's last run cell asks for."""
        run = self._run_of(graph)
        return None if run is None else run[1].text("model")


def _literal(value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except ValueError:
        return Unrun(ast.unparse(value))


def _parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
