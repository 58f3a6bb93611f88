"""Agents with a scripted model that uses tools as it is told."""

from __future__ import annotations

from typing import Any

from genxai_nb import Agent
from genxai_nb.messages import ModelRequest, ToolCall
from genxai_nb.providers.scripted import Scripted

FROM_TOOL = "The tool says: "


def asking_once(tool: str, arguments: dict[str, Any], **options: Any) -> tuple[str, Scripted]:
    """The answer of an agent whose model calls a tool once and repeats what it said; and the model's script."""

    def reply(request: ModelRequest) -> Any:
        last = request.messages[-1]
        if last.role == "user":
            return ToolCall("c1", tool, arguments)
        return FROM_TOOL + last.parts[0].text

    script = Scripted(reply, name=f"asking {tool}")
    agent = Agent("asker", model=script.model, **{"tools": [tool], **options})
    answer = agent.ask("Use the tool.")
    return answer.text, script
