"""Schema cells: annotations, one a line, to a pydantic model and its reducers."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from genxai_nb.errors import LineInvalid, UnknownName
from genxai_nb.graph.lexer import identifier, tokens_of
from genxai_nb.graph.reducers import BUILTIN, Reduced, Reducer

from .annotation import Types

if TYPE_CHECKING:
    from pydantic import BaseModel

_EXAMPLE = "Write name: type, such as score: float = 0  # quality from 0 to 1."


def find_reducer(name: str, namespace: Mapping[str, Any]) -> str | Reducer:
    """Find a reducer by name: a builtin one, or a function of the namespace.

    Raises:
        UnknownName: There is none.
    """
    if name in BUILTIN:
        return name
    found = namespace.get(name)
    if not callable(found) or isinstance(found, type):
        raise UnknownName("reducer", name, BUILTIN)
    function: Reducer = found
    return function


def schema_from(
    name: str, body: str, namespace: Mapping[str, Any] | None = None
) -> tuple[type[BaseModel], dict[str, str | Reducer]]:
    r"""Make a model from annotations; the comment of a line describes its field.

    Args:
        name: The model's name.
        body: A field a line: ``name: type = default | reducer  # description``.
        namespace: Where models, enums and functions are found.

    Returns:
        The model, and the reducer of each field that has one; a graph over the model finds them in it.

    Raises:
        LineInvalid: A line is no such annotation.
        DefinitionError: The name cannot be a class.

    Example:
        >>> model, reducers = schema_from("Draft", "score: float = 0\nnotes: list[str] = [] | append")
        >>> model().model_dump(), reducers
        ({'score': 0.0, 'notes': []}, {'notes': 'append'})
    """
    from pydantic import Field, create_model

    space = namespace or {}
    fields: dict[str, Any] = {}
    reducers: dict[str, str | Reducer] = {}
    for number, text in enumerate(body.replace("\r\n", "\n").split("\n"), 1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        line = _Line(text, number)
        if line.name in fields:
            line.refuse(line.target, f"Field {line.name!r} is there twice.", "Leave one out.")
        reducer = line.take_reducer(space)
        kind = line.kind(space)
        options = line.options(kind)
        if reducer is not None:
            reducers[line.name] = reducer
            kind = Annotated[kind, Reduced(reducer)]
        fields[line.name] = (kind, Field(**options))
    if not fields:
        raise LineInvalid("The schema has no fields.", line="", number=1, column=0, hint=_EXAMPLE)
    module = str(space.get("__name__", "__main__"))
    model: type[BaseModel] = create_model(identifier(name), __module__=module, **fields)
    return model, reducers


class _Line:
    """A line of a schema cell, taken apart."""

    def __init__(self, text: str, number: int) -> None:
        self.text = text
        self.number = number
        statement = self._parse()
        self.target = statement.target
        self.name = ast.unparse(statement.target)
        self.annotation = statement.annotation
        self.default = statement.value
        self._check_name()

    def _parse(self) -> ast.AnnAssign:
        try:
            statements = ast.parse(self.text).body
        except SyntaxError as exc:
            self._refuse_at((exc.offset or 1) - 1, f"Not an annotation: {exc.msg}.", _EXAMPLE, exc)
        except (ValueError, RecursionError, MemoryError) as exc:
            self._refuse_at(0, "Not an annotation.", _EXAMPLE, exc)
        statement = statements[0]
        if len(statements) > 1 or not isinstance(statement, ast.AnnAssign) or not statement.simple:
            self._refuse_at(0, "The line is no annotation.", _EXAMPLE)
        return statement

    def _check_name(self) -> None:
        from pydantic import BaseModel

        if self.name.startswith("_"):
            self.refuse(
                self.target, f"Field {self.name!r} begins with an underscore.", "Begin it with a letter."
            )
        if hasattr(BaseModel, self.name):
            hint = f"Take another name, such as {self.name}_."
            self.refuse(self.target, f"Field {self.name!r} has a name that pydantic itself uses.", hint)

    def take_reducer(self, namespace: Mapping[str, Any]) -> str | Reducer | None:
        """Take the reducer behind the last bar off the default, or off the annotation if there is no default."""
        whole = self.annotation if self.default is None else self.default
        if not (
            isinstance(whole, ast.BinOp)
            and isinstance(whole.op, ast.BitOr)
            and isinstance(whole.right, ast.Name)
        ):
            return None
        try:
            reducer = find_reducer(whole.right.id, namespace)
        except UnknownName as exc:
            if self.default is None:  # then it is a type
                return None
            self.refuse(whole.right, exc.what, exc.hint, exc)
        if self.default is None:
            self.annotation = whole.left
        else:
            self.default = whole.left
        return reducer

    def kind(self, namespace: Mapping[str, Any]) -> Any:
        """The type of the field."""
        try:
            return Types(namespace, self.refuse).read(self.annotation)
        except RecursionError as exc:
            self.refuse(
                self.annotation, "The type is nested too deeply.", "Define a model for its parts.", exc
            )

    def options(self, kind: Any) -> dict[str, Any]:
        """The field's default and description."""
        options: dict[str, Any] = {}
        comment = self.text[tokens_of(self.text)[-1].start :].strip().lstrip("# ")
        if comment:
            options["description"] = comment
        if self.default is not None:
            options["default"] = self._value(self.default, kind)
        return options

    def _value(self, node: ast.expr, kind: Any) -> Any:
        from pydantic import TypeAdapter, ValidationError

        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, RecursionError) as exc:
            hint = "Write a number, a text in quotes, True, False, None, or a list or dict of these."
            self.refuse(node, f"The default {ast.unparse(node)} is no literal value.", hint, exc)
        try:
            return TypeAdapter(kind).validate_python(value)
        except ValidationError as exc:
            what = f"The default {value!r} does not fit the type: {exc.errors()[0]['msg']}."
            self.refuse(node, what, "Mend the default or the type.", exc)

    def refuse(self, node: ast.expr, what: str, hint: str, cause: Exception | None = None) -> NoReturn:
        """Raise LineInvalid with the caret under a part of the line."""
        before = self.text.encode()[: node.col_offset]  # the tree counts bytes
        self._refuse_at(len(before.decode()), what, hint, cause)

    def _refuse_at(self, column: int, what: str, hint: str, cause: Exception | None = None) -> NoReturn:
        column = min(max(column, 0), len(self.text))
        raise LineInvalid(what, line=self.text, number=self.number, column=column, hint=hint) from cause
