"""The closure of a graph: everything of a person's own that it uses, as pieces of text, and nothing else."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from genxai_nb.source import Names, Needs, dedented, is_builtin, is_own, needs_of, source_of

from .collecting import User
from .constants import Constants
from .functions import carried_lambda, code_agrees, made_again, only_definition
from .holders import Holders
from .imports import absolute, derived, home_of, is_compiled, star_module
from .literals import Code, writable
from .models import class_text
from .naming import Naming
from .nested import Nested
from .pieces import Import, Piece, import_lines
from .slicing import Slices
from .texts import END, MAGIC, Statement
from .units import Unit, Units
from .unrun import Unrun, unrun_of
from .waiting import let_wait

__all__ = ["Closure", "Refusal"]

_DISPLAY = "display"
_MODULES_OWN = {"__builtins__", "__doc__", "__file__", "__name__", "__package__", "__qualname__", "__spec__"}


class Refusal(NamedTuple):
    """Something that no script can carry.

    Attributes:
        name: What it is called.
        label: Where it stands.
        why: Why not.
    """

    name: str
    label: str
    why: str


class Closure:
    """Collects pieces from the values and names that a graph uses.

    Args:
        units: The namespaces.
        special: Writes values of ours, such as agents: ``special(value, name)`` gives whether it took one.
    """

    def __init__(self, units: Units, special: Callable[[Any, str], bool]) -> None:
        self.units = units
        self.pieces: dict[tuple[int, str | int], Piece] = {}
        self.imports: dict[str, Import] = {}
        self.refused: dict[tuple[str, str], Refusal] = {}
        self.future = units.home.texts.future
        self.unrun = False
        self._special = special
        self._constants = Constants(self)
        self._slices = Slices(self)
        self._done: set[tuple[int, str, int]] = set()
        self.names = Naming(units.home)
        self.holders = Holders()
        self.nested = Nested()
        self._references: dict[int, tuple[Any, str]] = {}

    # ── values ───────────────────────────────────────────────────────────────────────────────

    def refer(self, value: Any, wanted: str = "") -> Code:
        """What a value is called in the script; it is collected with all that it uses.

        Args:
            value: A function, a class, or something callable.
            wanted: A name for it, where it has none.
        """
        unrun = unrun_of(value)
        if unrun is not None:
            self.need(self.units.home, unrun.name)
            return Code(f"{unrun.name}{unrun.within}")
        kept = self._references.get(id(value))
        if kept is None:
            kept = self._references[id(value)] = value, self._referred(value, wanted)
        return Code(kept[1])

    def _referred(self, value: Any, wanted: str) -> str:
        module = str(getattr(value, "__module__", None) or "")
        if isinstance(value, FunctionType):
            module = str(value.__globals__.get("__name__", ""))
        if isinstance(value, (FunctionType, type)) or hasattr(value, "__qualname__"):
            if module == "builtins":
                return str(value.__name__)
            if not is_own(module) and not (isinstance(value, FunctionType) and "<" in value.__qualname__):
                return self._foreign(value, module)
        unit = self._unit_of(value)
        for candidate in (unit, self.units.home):
            name = self.variable(candidate, value, getattr(value, "__name__", ""))
            if name:
                self.need(candidate, name)
                return self.name_of(candidate, name)
        return self._nameless(unit, value, wanted)

    def _nameless(self, unit: Unit, value: Any, wanted: str) -> str:
        """Collect what no variable holds."""
        if isinstance(value, FunctionType) and value.__name__ == "<lambda>" and not value.__closure__:
            found = carried_lambda(self, unit, value, wanted)
            if found:
                return found
        if isinstance(value, FunctionType):
            name = value.__name__ if value.__name__.isidentifier() else wanted or "function"
            name = self.names.new_name(f"{name}_1" if name in unit.space else name)
            self.carry_function(unit, name, value)
            return name
        if isinstance(value, type):
            self.carry_class(unit, value.__name__, value)
            return value.__name__
        return self._constants.inline(unit, value, wanted)

    def _foreign(self, value: Any, module: str) -> str:
        name = str(getattr(value, "__qualname__", "") or getattr(value, "_name", "")).partition(".")[0]
        self.add_import(Import(home_of(module, name, value), name, name))
        return str(getattr(value, "__qualname__", name))

    def variable(self, unit: Unit, value: Any, likely: str) -> str:
        """The variable of a namespace that holds a value; empty if none does."""
        if likely and unit.space.get(likely) is value:
            return likely
        found = [name for name, held in list(unit.space.items()) if held is value and not _hidden(name)]
        return found[0] if found else ""

    def _unit_of(self, value: Any) -> Unit:
        if isinstance(value, FunctionType):
            return self.units.of(value.__globals__)
        module = sys.modules.get(str(getattr(value, "__module__", "")))
        if module is None or vars(module) is self.units.home.space or not is_own(module.__name__):
            return self.units.home
        return self.units.home if module.__name__ == "__main__" else self.units.of_module(module.__name__)

    # ── names ────────────────────────────────────────────────────────────────────────────────

    def need(self, unit: Unit, name: str, before: int = END) -> None:
        """Collect what a name of a namespace stands for; in a notebook that was read, before a statement."""
        sliced = self.units.read and unit is self.units.home
        key = (id(unit), name, before if sliced else END)
        if key in self._done or name in _MODULES_OWN:
            return
        self._done.add(key)
        if name not in unit.space or name == MAGIC or is_builtin(name, unit.space[name]):
            return  # a builtin, or refused where it is used
        value = unit.space[name]
        if isinstance(value, ModuleType) and is_own(value.__name__):
            self._into_module(value, (name,), name)
            return
        if not self._claim(unit, name, value):
            return
        if not self.rebound(unit, name) and self._special(value, name):
            return
        statement = unit.texts.binding(name)
        if sliced:
            self.unrun = self.unrun or isinstance(value, Unrun)
            self._slices.take(name, before)
        elif statement is None:
            self.carry_unwritten(unit, name, value)
        elif isinstance(statement.node, ast.Import | ast.ImportFrom):
            self.carry_import(unit, name, statement)
        elif statement.is_definition:
            self._definition(unit, name, value)
        else:
            self._constants.take(unit, name, value, statement)

    def rebound(self, unit: Unit, name: str) -> bool:
        """Whether a name of a notebook that was read has held other values before."""
        if not self.units.read or unit is not self.units.home:
            return False
        return sum(name in statement.bound for statement in unit.texts.statements) > 1

    def _claim(self, unit: Unit, name: str, value: Any) -> bool:
        """Whether a name is free for this value; of two values of one name, the second is refused."""
        home = self.units.home
        free = (value, unit.name)
        if unit is not home and not _hidden(name):
            free = (home.space.get(name, value), unit.name)
        owner, where = self.names.owner(name, *free)
        if owner is value or (writable(value) and type(owner) is type(value) and owner == value):
            return where == unit.name or not any(name in piece.names for piece in self.pieces.values())
        if unit is not home:
            self.nested.take(unit, name)
            return True
        why = f"{where} has another {name!r}, and one script cannot hold both: rename one"
        self.refuse(name, self.label_of(unit, name), why)
        return False

    def name_of(self, unit: Unit, name: str) -> str:
        """What the script calls a name of a namespace."""
        return self.nested.reached(unit, name, self.names.new_name)

    def bring(self, what: Import) -> Code:
        """Import a name of ours; it is called otherwise where the person's own code has that name."""
        for kept in self.imports.values():
            if kept[:2] == what[:2]:
                return Code(kept.bound)
        bound = what.bound
        if self.names.is_taken(bound, what.value):
            bound = self.names.free_name(f"{bound}_")
        what = what._replace(bound=bound)
        self.add_import(what)
        return Code(bound)

    def take_needs(self, unit: Unit, needs: Needs, name: str) -> tuple[frozenset[str], frozenset[str]]:
        """Collect all that a piece needs; returns what is needed at once, and later, as names of the script."""
        user = User(name, self.label_of(unit, name))
        return self.take_paths(unit, needs.now, user), self.take_paths(unit, needs.later, user)

    def take_paths(self, unit: Unit, paths: Iterable[Names], user: User, before: int = END) -> frozenset[str]:
        """Collect what names of a namespace stand for, before a statement; returns them as names of the script."""
        return frozenset(filter(None, (self._path(unit, path, user, before) for path in sorted(paths))))

    def _path(self, unit: Unit, path: Names, user: User, before: int) -> str:
        first = path[0]
        value = unit.space.get(first)
        if first == MAGIC:
            self.refuse(user.name, user.label, "it uses a magic of IPython")
            return ""
        if first == _DISPLAY and first not in unit.space:
            self.add(self.units.home, Piece(names=(first,), text=f"{first} = print", order=(-1, 0)))
            return first
        if isinstance(value, ModuleType) and is_own(value.__name__):
            self._into_module(value, path, first)
            return first
        if first not in unit.space:
            if not hasattr(builtins, first) and (why := unit.texts.hidden_maker(first)):
                self.refuse(first, user.label, why)
            return ""
        self.need(unit, first, before)
        return first

    def _into_module(self, module: ModuleType, path: tuple[str, ...], holder: str) -> None:
        """Collect what is taken of a module of a person's own, for a namespace of the module's name."""
        unit = self.units.of_module(module.__name__)
        names = path[1:2] or tuple(name for name in unit.space if not _hidden(name))
        for name in names:
            inner = unit.space.get(name)
            if isinstance(inner, ModuleType) and is_own(inner.__name__):
                self._into_module(inner, path[1:], f"{holder}.{name}")
                self.holders.note(holder, name, "")
            elif name in unit.space:
                self.need(unit, name)
                self.holders.note(holder, name, self.name_of(unit, name))

    def label_of(self, unit: Unit, name: str) -> str:
        """Where a name was made."""
        statement = unit.texts.binding(name)
        return statement.label if statement else unit.texts.ours.get(name, "")

    # ── pieces ───────────────────────────────────────────────────────────────────────────────

    def add(self, unit: Unit, piece: Piece) -> None:
        """Keep a piece."""
        self.pieces[id(unit), piece.names[0]] = piece

    def add_import(self, what: Import) -> None:
        """Keep an import; two modules below one package are both imported."""
        if self.names.is_free(what.bound):
            self.names.claim(what.bound, what.value)
        self.imports[f"{what.bound} {what.module}"] = what

    def _add_import_of(self, unit: Unit, what: Import) -> None:
        """Import for one namespace; inside of it, where the name is another one's outside."""
        if self.nested.holds(unit, what.bound):
            self.add(unit, Piece(names=(what.bound,), text=import_lines([what])[0]))
        else:
            self.add_import(what)

    def refuse(self, name: str, label: str, why: str) -> None:
        """Note something that no script can carry."""
        self.refused.setdefault((name, why), Refusal(name, label, why))

    def statements(
        self, unit: Unit, names: Iterable[str], statements: Sequence[Statement], text: str = ""
    ) -> None:
        """Carry statements as they are written: the one that makes a name, and those that change what it holds."""
        names, first = tuple(names), statements[0]
        piece = Piece(
            names=names,
            text=text or "\n".join(statement.text for statement in statements),
            label=first.label,
            order=(0 if unit is self.units.home else -1, first.order),
            definition=first.is_definition,
        )
        let_wait(self, piece, statements)
        self.add(unit, piece)
        self.future = self.future or unit.texts.future
        for statement in statements:
            now, later = self.take_needs(unit, needs_of(statement.node, future=unit.texts.future), names[0])
            piece.now, piece.later = piece.now | now - set(names), piece.later | later - set(names)

    def _definition(self, unit: Unit, name: str, value: Any) -> None:
        made = unit.texts.making(name)
        if isinstance(value, FunctionType) and not code_agrees(value, made[0].node):
            self.carry_function(unit, name, value)
        else:
            self.statements(unit, (name,), made)

    def carry_function(self, unit: Unit, name: str, value: FunctionType) -> None:
        """Carry a function by its own source, as no statement of the namespace has made it."""
        if value.__closure__:
            made_again(self, unit, name, value)
            return
        text = dedented(source_of(value)).rstrip()
        label = self.label_of(unit, value.__name__)
        node = only_definition(text)
        if node is None:
            missing = value.__code__.co_filename in unit.texts.missing
            what = f"its file {value.__code__.co_filename!r} is missing" if missing else "it has no source"
            lambda_ = value.__name__ == "<lambda>"
            why = "it is a lambda whose source cannot be found" if lambda_ else f"{what}, as if made by exec"
            self.refuse(name, label, why)
            return
        names = (name,) if node.name == name else (name, node.name)
        alias = "" if node.name == name else f"\n\n\n{name} = {node.name}"
        statement = Statement(node, f"{text}{alias}", label, -1)
        self.statements(unit, names, [statement])

    def carry_class(self, unit: Unit, name: str, value: type) -> None:
        """Carry a class that no statement has made: by its source, or a pydantic model by its fields."""
        text = dedented(source_of(value)).rstrip()
        node = only_definition(text)
        if node is not None:
            self.statements(unit, (name,), [Statement(node, text, "", -1)])
            return
        if not hasattr(value, "__pydantic_fields__"):
            self.refuse(name, self.label_of(unit, name), "it is a class whose source cannot be found")
            return
        from pydantic import BaseModel, Field

        text = class_text(value, self.refer, self.refer(BaseModel), self.refer(Field))
        needs = needs_of(ast.parse(text).body[0])
        piece = Piece(
            names=(name,),
            text=text,
            label=unit.texts.ours.get(name, ""),
            now=frozenset(path[0] for path in needs.now),
            definition=True,
        )
        self.add(unit, piece)

    def carry_unwritten(self, unit: Unit, name: str, value: Any) -> None:
        """Collect a name that no statement of the namespace has made."""
        if isinstance(value, Unrun) and value.begun is not None:
            self._special(value.begun, name)
            return
        if is_compiled(value):
            self.refuse(name, self.label_of(unit, name), "it is compiled code that was built in the notebook")
            return
        module = star_module(unit, name, value)
        found = Import(module, name, name) if module else derived(name, value, unit)
        if found is not None and is_own(found.module):
            self.need(self.units.of_module(found.module), found.name)
        elif found is not None:
            self.add_import(found)
        elif isinstance(value, type) and is_own(value.__module__):
            self.carry_class(unit, name, value)
        elif isinstance(value, FunctionType):
            self.carry_function(self.units.of(value.__globals__), name, value)
        else:
            self._constants.by_value(unit, name, value, self.label_of(unit, name))

    def carry_import(self, unit: Unit, name: str, statement: Statement) -> None:
        """Carry an import; what comes from a module of a person's own is carried itself."""
        node = statement.node
        if isinstance(node, ast.Import):
            for what in unit.texts.imports_of(name):
                self._add_import_of(unit, what)
        elif isinstance(node, ast.ImportFrom):
            module = absolute(node, unit)
            original = next(a.name for a in node.names if (a.asname or a.name) == name)
            if not is_own(module) or isinstance(unit.space.get(name), Unrun):
                self._add_import_of(unit, Import(module, original, name))
                return
            other = self.units.of_module(module)
            self.need(other, original)
            reached = self.name_of(other, original)
            if reached != name:
                alias = Piece(names=(name,), text=f"{name} = {reached}", label=statement.label)
                alias.order, alias.now = (0, statement.order), frozenset({reached.partition(".")[0]})
                self.add(unit, alias)


def _hidden(name: str) -> bool:
    return name.startswith("_")
