"""What stands for a value that a notebook makes when it runs, where it is only read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from genxai_nb.agents.notation import Absent
from genxai_nb.errors import DefinitionError

__all__ = ["Unrun", "UnrunAgent", "model_for", "reducer_for", "unrun_of"]

_MARK = "__stands_for__"


class Unrun(Absent):
    """The value of a variable whose statements were not executed; a script takes these statements as they stand.

    Args:
        name: The variable.
        is_graph: It holds a graph, as far as its statements tell.
        begun: That graph as a cell of ours made it, before statements that were not executed drew on.
        fields: The annotations of the fields, if it is a class.
        within: What is taken of the value, such as ``["prompt"]`` or ``.prompt``.

    Example:
        >>> Unrun("reference")
        <reference, not run>
    """

    __slots__ = ("begun", "fields", "is_graph", "name", "within")

    def __init__(
        self,
        name: str,
        *,
        is_graph: bool = False,
        begun: Any = None,
        fields: Mapping[str, str] | None = None,
        within: str = "",
    ) -> None:
        self.name = name
        self.fields = fields or {}
        self.within = within
        self.is_graph = is_graph
        self.begun = begun

    def __repr__(self) -> str:
        return f"<{self.name}, not run>"


class UnrunAgent(Unrun):
    """An agent of a cell of ours, a field of which takes such a value.

    Args:
        name: Its name.
        said: What its cell says, by field.
    """

    __slots__ = ("said",)

    def __init__(self, name: str, said: Mapping[str, Any]) -> None:
        super().__init__(name)
        self.said = said


def model_for(unrun: Unrun) -> Any:
    """A pydantic model with the fields of a class that was not made, for a graph of a cell of ours."""
    from pydantic import create_model

    fields: dict[str, Any] = dict.fromkeys(unrun.fields, (Any, None))
    model = create_model(unrun.name, **fields)
    setattr(model, _MARK, unrun)
    return model


def reducer_for(unrun: Unrun) -> Any:
    """A function in the place of a reducer that was not made, for a graph of a cell of ours."""

    def reduce(_before: Any, _update: Any) -> NoReturn:
        raise DefinitionError(
            f"Reducer {unrun.name!r} was not made where it was read.", hint="Run the script."
        )

    setattr(reduce, _MARK, unrun)
    return reduce


def unrun_of(made: Any) -> Unrun | None:
    """What a model or a reducer stands for, if `model_for` or `reducer_for` has made it."""
    found: Unrun | None = getattr(made, _MARK, None)
    return found
