"""An agent as a person declares it, and what follows from that alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from genxai_nb.calls.call import digest

from .fields import MEMORY_KINDS, checked, written
from .memory import AgentMemory, MemoryField
from .prompt import Prompt
from .selection import is_group
from .toolbox import equip, offered, replaced

if TYPE_CHECKING:
    from pydantic import BaseModel

    from genxai_nb.guard.budget import Budget
    from genxai_nb.guard.policy import Policy
    from genxai_nb.messages import Message, ToolSpec
    from genxai_nb.tools.base import Tool


@dataclass(frozen=True, eq=False, repr=False)
class Definition:
    """The fields of an agent, checked, and what is made of them once.

    Attributes:
        policy: What its tools may do, beside what the run's policy says.
        budget: What it may spend in a run, beside what the run may spend.
        conversation: What was said through ``ask``. In a graph the state keeps the history.
    """

    name: str
    _: KW_ONLY
    model: str | None = None
    role: str = ""
    goal: str = ""
    backstory: str = ""
    instructions: str = ""
    tools: Sequence[str | Tool | Callable[..., Any]] = ()
    memory: MemoryField = MemoryField()  # noqa: RUF009 - it keeps nothing of an agent in itself
    task: str | None = None
    reads: Sequence[str] | None = None
    writes: str | None = None
    output: type[BaseModel] | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    reasoning: str | int | None = None
    max_turns: int = 10
    memory_tokens: int | None = None
    context_window: int | None = None
    policy: Policy | Mapping[str, Any] | str | None = None
    budget: Budget | Mapping[str, Any] | str | float | None = None
    conversation: list[Message] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        given = {item.name: getattr(self, item.name) for item in fields(self) if item.init}
        for name, value in checked(given).items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        shown = (f"{name}={_shown(value)}" for name, value in self._said())
        return f"{type(self).__name__}({', '.join((repr(self.name), *shown))})"

    def _said(self) -> list[tuple[str, Any]]:
        """The fields after the name that hold another value than their default."""
        usual = {"memory": MEMORY_KINDS}
        pairs = [
            (item.name, _plain(getattr(self, item.name)), usual.get(item.name, item.default))
            for item in fields(self)
        ]
        return [(name, value) for name, value, default in pairs[1:-1] if value != default]

    @property
    def key(self) -> str:
        """The name as a key of the state."""
        return self.name.replace("-", "_")

    @property
    def remembers(self) -> bool:
        """Whether the agent is told what it said before."""
        return "short_term" in self.memory

    @cached_property
    def recalled(self) -> tuple[str, ...]:
        """Its kinds of memory that are asked before an answer."""
        from genxai_nb.memory import registry

        return tuple(name for name in self.memory if registry.find(name).recalls)

    @cached_property
    def recalled_again(self) -> tuple[str, ...]:
        """Those of them that are asked again before each later call of its model in a visit."""
        from genxai_nb.memory.occasions import is_each_call

        return tuple(name for name in self.recalled if is_each_call(self.memory.options[name]))

    @cached_property
    def prompt(self) -> Prompt:
        """What its model is told.

        Raises:
            DefinitionError: ``task`` is no template.
        """
        return Prompt(
            role=self.role,
            goal=self.goal,
            backstory=self.backstory,
            instructions=self.instructions,
            task=self.task,
        )

    @cached_property
    def toolbox(self) -> dict[str, Tool]:
        """Its tools by name.

        Raises:
            UnknownName: There is no tool of a given name.
        """
        return equip(self.tools)

    @cached_property
    def tool_specs(self) -> tuple[ToolSpec, ...]:
        """Its tools as the model is told of them."""
        return tuple(tool.spec for tool in self.toolbox.values())

    def specs_for(self, text: str) -> tuple[ToolSpec, ...]:
        """Its tools as the model is told of them when it answers a text: of ``@group/count`` the nearest only."""
        counted = any(is_group(item) and "/" in str(item) for item in self.tools)
        return offered(self.tools, self.toolbox, text) if counted else self.tool_specs

    @cached_property
    def schema(self) -> dict[str, Any] | None:
        """The JSON schema of ``output``."""
        return None if self.output is None else self.output.model_json_schema()

    @cached_property
    def spec_text(self) -> str:
        """Its fields as the body of a cell, defaults left out."""
        return "\n".join(f"{name}: {written(value)}" for name, value in self._said())

    @property
    def version(self) -> str:
        """Content hash of its fields, its tools and its output schema; its tools' as they are now.

        Raises:
            UnknownName: There is no tool of a given name.
        """
        return digest(self._said_version, *(tool.version.encode() for tool in self.toolbox.values()))

    @cached_property
    def _said_version(self) -> bytes:
        parts = [self.name, self.spec_text]
        if self.output is not None:
            from genxai_nb.source import version_of

            parts += [repr(self.schema), version_of(self.output).hash]
        parts += [rule["version"] for rule in self.memory.own_rules.values()]
        return digest(*(part.encode() for part in parts)).encode()

    def with_tools(self, find: Callable[[str], Any | None]) -> Self:
        """Put the definitions that ``find`` knows in place of tools' names; all else stays.

        Raises:
            DefinitionError: A name belongs to something that is no tool and no function.
        """
        tools = replaced(self.tools, find)
        if tools == self.tools:
            return self
        other = replace(self, tools=tools)
        object.__setattr__(other, "conversation", self.conversation)
        other.memory.summaries = self.memory.summaries
        return other


def _plain(value: Any) -> Any:
    return value.given if isinstance(value, AgentMemory) else value


def _shown(value: Any) -> str:
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, tuple):
        value = [getattr(item, "name", item) for item in value]
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:56]}...{text[-1]}"
