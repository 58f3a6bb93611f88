"""The ``@tool`` decorator and the tool that it makes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, overload

from genxai_nb.calls.call import Call, Traits, digest
from genxai_nb.errors import RunError, ToolFailed
from genxai_nb.loop import run_in_worker
from genxai_nb.source import LiveVersion

from .node import ToolNode
from .results import plain, valid
from .schema import Schema
from .signature import CONTEXT, EMPTY, read_signature

if TYPE_CHECKING:
    from genxai_nb.calls.call import Subjects
    from genxai_nb.guard.policy import SubjectKind
    from genxai_nb.messages import ToolSpec

    from .node import Options


LONGEST_ERROR = 20_000  # characters


class Tool:
    """A typed function that models, nodes and people can call.

    Calling the tool calls the function as it is. ``handler`` is the way through the chain: arguments
    are checked, a plain function runs in a worker thread, an ``async`` one on the loop, and what it
    raises becomes a ToolFailed that a model can read.

    Attributes:
        name: The name that models call it by.
        description: The docstring without its sections.
        category: One word for grouping, such as ``"data"``.
        tags: Further words to find it by.
        timeout: Seconds that one call may take; None for no limit.
        idempotent: Calling it twice with the same arguments is as calling it once.
        read_only: It changes nothing.
        permissions: What it needs, of ``read network write execute send secret``; a policy decides on them.
        effect: It changes the world, so its call is recorded before it is made.
        parameters: The names of its parameters, in order.

    Example:
        >>> @tool
        ... def double(number: int) -> int:
        ...     "Double a number."
        ...     return number * 2
        >>> double(4), double.name, double.description
        (8, 'double', 'Double a number.')
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        category: str = "general",
        tags: Iterable[str] = (),
        timeout: float | None = None,
        idempotent: bool = False,
        read_only: bool = False,
        permissions: Iterable[str] = (),
        needs: Callable[[Mapping[str, Any]], Iterable[str]] | None = None,
        subjects: Mapping[str, SubjectKind] | Subjects = (),
    ) -> None:
        signature = read_signature(function, name)
        self.function = function
        self.name = signature.name
        self.description = signature.description
        self.category = category
        self.tags = tuple(tags)
        self.timeout = timeout
        self.idempotent = idempotent
        self.read_only = read_only
        self.permissions = frozenset(permissions)
        self.effect = not (idempotent or read_only)
        self.parameters = tuple(parameter.name for parameter in signature.parameters)
        self.traits = Traits(
            effect=self.effect,
            timeout=timeout,
            permissions=self.permissions,
            needs=needs,
            subjects=tuple(subjects.items()) if isinstance(subjects, Mapping) else subjects,
        )
        self._signature = signature
        self._schema = Schema(signature)
        self._inline = inspect.iscoroutinefunction(function)
        self._version = LiveVersion(function)
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function as it is, without checking or conversion."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"Tool({self.name!r}, {', '.join(self.parameters)})"

    @functools.cached_property
    def spec(self) -> ToolSpec:
        """The tool as a model is told of it."""
        return self._schema.spec()

    @property
    def version(self) -> str:
        """Content hash of the function, of all that it uses as this is now, and of what was said of it."""
        return digest(self._version.hash.encode(), self._said)

    @functools.cached_property
    def _said(self) -> bytes:
        return repr((self.name, self.timeout, self.effect, sorted(self.permissions))).encode()

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Check arguments against the schema and return them as the function takes them.

        Raises:
            ToolFailed: They do not fit; one line says of each parameter what is wrong.
        """
        return self._schema.validate(arguments)

    async def handler(self, call: Call) -> Any:
        """Answer a call: check its arguments, run the function, return plain data.

        Raises:
            ToolFailed: The arguments do not fit, or the function raised; the cause is kept.
            NotStorable: The function returned what the journal cannot keep.
        """
        try:
            return await self._answered(call)
        except ToolFailed as exc:
            said, hint = valid(exc.what), valid(exc.hint)
            if len(said) > LONGEST_ERROR:
                said = f"{said[:LONGEST_ERROR]}... ({len(said) - LONGEST_ERROR} characters more)"
            if (said, hint) == (exc.what, exc.hint):
                raise
            raise type(exc)(said, hint=hint) from exc

    async def _answered(self, call: Call) -> Any:
        arguments = self._schema.validate(call.request)
        if self._signature.wants_context:
            arguments[CONTEXT] = call.context
        if self._inline:
            try:
                value = await self.function(**arguments)
            except (RunError, ToolFailed):
                raise
            except (Exception, SystemExit) as exc:  # a person's function may raise anything
                raise self._failure(exc) from exc
        else:
            value = await run_in_worker(self._run, arguments)
        return plain(value, self.name)

    def _run(self, arguments: dict[str, Any]) -> Any:
        # caught inside the thread: a future can carry neither StopIteration nor SystemExit
        try:
            return self.function(**arguments)
        except (RunError, ToolFailed):
            raise
        except (Exception, SystemExit) as exc:  # a person's function may raise anything
            raise self._failure(exc) from exc

    def _failure(self, error: BaseException) -> ToolFailed:
        return ToolFailed(f"Tool {self.name!r} raised {type(error).__name__}: {error}")

    def as_node(self, options: Options) -> ToolNode:
        """Make the body for a node that calls this tool.

        Raises:
            UnknownName: An argument is given that is no parameter.
            GraphInvalid: A parameter without default has no argument though others are given.
        """
        required = (parameter.name for parameter in self._signature.parameters if parameter.default is EMPTY)
        return ToolNode(self, options, required=tuple(required))


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    name: str | None = None,
    category: str = "general",
    tags: Iterable[str] = (),
    timeout: float | None = None,
    idempotent: bool = False,
    read_only: bool = False,
    permissions: Iterable[str] = (),
    needs: Callable[[Mapping[str, Any]], Iterable[str]] | None = None,
    subjects: Mapping[str, SubjectKind] | Subjects = (),
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a tool from a typed function, bare or with options.

    The schema comes from the annotations, the description from the docstring, the parameters'
    descriptions from its ``Args:``, or from ``Field(description=...)`` in an ``Annotated``. A parameter
    named ``context`` is not part of the schema and receives the context of the call.

    Args:
        function: The function, when used without parentheses.
        **options: ``name category tags timeout idempotent read_only permissions``, as in Tool; ``needs``:
            a function of the arguments that says which of the permissions these need; ``subjects``: which
            parameters are folders, URLs, tables or recipients for the policy, such as ``{"url": "hosts"}``.

    Raises:
        SchemaInvalid: The signature cannot be described to a model.

    Example:
        >>> @tool(category="text", tags=["count"], read_only=True)
        ... def letters(text: str) -> int:
        ...     "Count the letters of a text."
        ...     return sum(c.isalpha() for c in text)
        >>> letters.spec.parameters["required"]
        ['text']
    """
    if function is not None:
        return Tool(function, **options)
    return functools.partial(Tool, **options)
