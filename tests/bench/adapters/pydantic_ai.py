"""pydantic-ai: agents over a model that is a function."""

import asyncio

from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.usage import UsageLimits

PACKAGES = ["pydantic-ai-slim"]
INSTALL = ["pydantic-ai-slim[openai]"]
IMPORT = "import pydantic_ai"
FIRST = """
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel
print(Agent(TestModel(custom_output_text="1")).run_sync("go").output)
"""


def turn(n):
    calls = []

    async def answer(messages, info):
        done = sum(isinstance(part, ToolReturnPart) for message in messages for part in message.parts)
        if done == n:
            return ModelResponse(parts=[TextPart("done")])
        return ModelResponse(parts=[ToolCallPart("inc", {"x": done}, tool_call_id=f"c{done}")])

    agent = Agent(FunctionModel(answer))

    @agent.tool_plain
    async def inc(x: int) -> str:
        calls.append(x)
        return str(x + 1)

    async def run():
        calls.clear()
        await agent.run("go", usage_limits=UsageLimits(request_limit=None))
        return len(calls)

    return run


def tools(k, delay):
    calls = []

    async def answer(messages, info):
        if any(isinstance(part, ToolReturnPart) for part in messages[-1].parts):
            return ModelResponse(parts=[TextPart("done")])
        return ModelResponse(parts=[ToolCallPart("slow", {"x": x}, tool_call_id=f"c{x}") for x in range(k)])

    agent = Agent(FunctionModel(answer))

    @agent.tool_plain
    async def slow(x: int) -> str:
        await asyncio.sleep(delay)
        calls.append(x)
        return str(x)

    async def run():
        calls.clear()
        await agent.run("go")
        return len(calls)

    return run


def deltas(n):
    async def speak(messages, info):
        for _ in range(n):
            yield "tok"

    agent = Agent(FunctionModel(stream_function=speak))

    async def run():
        heard = 0
        async with agent.run_stream("go") as answering:
            async for _ in answering.stream_text(delta=True, debounce_by=None):
                heard += 1
        return heard

    return run
