"""What stands for a value that a notebook makes when it runs, where it is only read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genxai_nb.agents.notation import Absent

__all__ = ["Unrun", "UnrunAgent"]


class Unrun(Absent):
    """The value of a variable whose statements were not executed; a script takes these statements as they stand.

    Args:
        name: The variable.
        is_graph: It holds a graph, as far as its statements tell.
        begun: That graph as a cell of ours made it, before statements that were not executed drew on.
        within: What is taken of the value, such as ``["prompt"]`` or ``.prompt``.

    Example:
        >>> Unrun("reference")
        <reference, not run>
    """

    __slots__ = ("begun", "is_graph", "name", "within")

    def __init__(self, name: str, *, is_graph: bool = False, begun: Any = None, within: str = "") -> None:
        self.name = name
        self.within = within
        self.is_graph = is_graph
        self.begun = begun

    def __repr__(self) -> str:
        return f"<{self.name}, not run>"


class UnrunAgent(Unrun):
    """An agent of a cell of ours, a field of which takes such a value.

    Args:
        name: Its name.
        fields: What its cell says.
    """

    __slots__ = ("fields",)

    def __init__(self, name: str, fields: Mapping[str, Any]) -> None:
        super().__init__(name)
        self.fields = fields
