"""Functions and questions to people as nodes."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import DefinitionError
from genxai_nb.source import LiveVersion

from .nodes import NodeBody, NodeOptions
from .options import several
from .question import as_form

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["FunctionBody", "Human", "human"]


class FunctionBody:
    """A function of (state) or (state, context) made ready for a node.

    Raises:
        DefinitionError: The function takes no argument, or more than two.
    """

    kind = "function"
    writes: tuple[str, ...] = ()
    template: tuple[str, ...] = ()

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self.run = function
        self.threaded = not _is_async(function)
        self.wants_context = _wants_context(function, name)
        self._version = LiveVersion(function)

    @property
    def version(self) -> str:
        """Content hash of the function and of all that it uses, as these are now."""
        return self._version.hash

    @property
    def settled(self) -> bool:
        """Whether its version cannot change any more."""
        return self._version.settled


def _is_async(function: Callable[..., Any]) -> bool:
    while isinstance(function, partial):
        function = function.func
    called = getattr(type(function), "__call__", None)  # noqa: B004 - the method itself is looked at
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)


def _wants_context(function: Callable[..., Any], name: str) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin without a signature: it gets the state alone
        return False
    places = [p for p in parameters if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}]
    needed = [p for p in places if p.default is p.empty]
    spread = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if (not places and not spread) or len(needed) > 2:
        raise DefinitionError(
            f"The function of node {name!r} takes {len(needed)} arguments.",
            hint="A node's function takes (state) or (state, context).",
        )
    return len(needed) == 2 or (len(places) > 1 and places[1].name == "context")


class Human:
    """A question to a person, as a node.

    Args:
        prompt: The question; a template over the state.
        choices: The answers to choose from; empty for any text.
        schema: The pydantic model of a form to fill in; its answer is a dict of the model's fields.

    Raises:
        DefinitionError: There is no question, both choices and a schema, or the schema is none.

    Example:
        >>> human("Publish?", choices=["yes", "no"])
        human('Publish?', choices=['yes', 'no'])
    """

    def __init__(
        self, prompt: str, choices: Sequence[str] = (), schema: type[BaseModel] | None = None
    ) -> None:
        if not prompt.strip():
            raise DefinitionError("A human node needs a question.", hint='Write human("Publish?").')
        if choices and schema is not None:
            raise DefinitionError(
                f"The question {prompt!r:.80} has both choices and a schema.",
                hint="Make the choices a field of the schema: verdict: Literal['yes', 'no'].",
            )
        self.prompt = prompt
        self.choices = several("choices", choices, 'choices=["yes", "no"]')
        self.schema = None if schema is None else as_form(schema)

    def __repr__(self) -> str:
        more = f"choices={list(self.choices)!r}" if self.schema is None else f"schema={self.schema.__name__}"
        return f"human({self.prompt!r}, {more})"

    def as_node(self, options: NodeOptions) -> NodeBody:
        """Make the body for a node."""
        return HumanBody(self, options)


class HumanBody:
    """A question made ready for a node; its answer goes to ``into``, else to the node's own name."""

    kind = "human"
    threaded = False
    wants_context = True

    def __init__(self, question: Human, options: NodeOptions) -> None:
        from genxai_nb.calls.call import digest
        from genxai_nb.templates import compile_template

        self._template = compile_template(question.prompt)
        self.choices = options.choices or question.choices
        self.schema = question.schema or (None if self.choices else options.form)
        self._into = options.into or options.name
        self.writes = (self._into,)
        self.template = tuple(self._template.keys)
        form = [] if self.schema is None else [json.dumps(self.schema.model_json_schema())]
        offered = [text.encode() for text in (*self.choices, *form)]
        self.version = digest(question.prompt.encode(), *offered)

    async def run(self, state: Any, context: Any) -> dict[str, Any]:
        """Ask, and write the answer."""
        prompt = self._template.render(state)
        return {self._into: await context.ask_human(prompt, choices=self.choices, schema=self.schema)}


def human(prompt: str, choices: Sequence[str] = (), schema: type[BaseModel] | None = None) -> Human:
    """Make a node that asks a person.

    Args:
        prompt: The question; ``{{key}}`` inserts from the state.
        choices: The answers to choose from; empty for any text.
        schema: The pydantic model of a form to fill in instead. Without one, and without choices, it is that
            of the graph's state for the key that takes the answer, if that is a model.

    Raises:
        DefinitionError: There is no question, both choices and a schema, or the schema is none.
    """
    return Human(prompt, choices, schema)
