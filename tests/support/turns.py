"""Turns of an agent's loop without an engine: a direct context, scripted agents, a tool."""

from __future__ import annotations

from typing import Any

from genxai_nb.agents.agent import Agent
from genxai_nb.calls.call import Call, Scope
from genxai_nb.messages import ToolCall
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tools.base import tool


class Direct:
    """A context that makes each call at once, with no engine around it."""

    run_id, node, visit, index, item, idempotency_key = "r1", "agent", 1, None, None, "k"

    def __init__(self, model_override: str | None = None) -> None:
        self.model_override = model_override
        self.calls: list[tuple[str, str, Any]] = []

    async def call(self, kind, name, request, handler, traits, memories=()):
        self.calls.append((kind, name, request))
        scope = Scope("", self.node, self.visit)
        place = {"scope": scope, "ordinal": 0, "slot": "s", "head": "r1.1"}
        return await handler(
            Call(kind, name, request, **place, traits=traits, emit=lambda hint: None, context=self)
        )


def call_of(name: str, _id: str = "c1", **arguments: Any) -> ToolCall:
    return ToolCall(_id, name, arguments)


def results(script: Scripted, request: int) -> list[tuple[str, str, bool]]:
    """Id, text and failure of the tool results that the last message of a request holds."""
    last = script.requests[request].messages[-1]
    assert last.role == "tool"
    return [(part.id, part.text, part.failed) for part in last.parts]


def agent_with(script: Scripted, *tools: Any, **options: Any) -> Agent:
    return Agent("clerk", model=script.model, tools=tools, **options)


@tool
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b
