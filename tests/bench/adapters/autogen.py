"""autogen: an assistant over a model client that answers from a function."""

import asyncio

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.messages import ModelClientStreamingChunkEvent
from autogen_core import FunctionCall
from autogen_core.models import ChatCompletionClient, CreateResult, ModelInfo, RequestUsage

PACKAGES = ["autogen-agentchat", "autogen-core"]
INSTALL = [*PACKAGES, "autogen-ext"]
IMPORT = "import autogen_agentchat.agents"


class Fake(ChatCompletionClient):
    component_type = "model"
    component_config_schema = None

    def __init__(self, answer, pieces=0):
        self.answer = answer
        self.pieces = pieces

    def reply(self, messages):
        content = self.answer(messages)
        return CreateResult(content=content, usage=RequestUsage(0, 0), finish_reason="stop", cached=False)

    async def create(self, messages, **options):
        return self.reply(messages)

    async def create_stream(self, messages, **options):
        for _ in range(self.pieces):
            yield "tok"
        yield self.reply(messages)

    async def close(self):
        pass

    def actual_usage(self):
        return RequestUsage(0, 0)

    def total_usage(self):
        return RequestUsage(0, 0)

    def count_tokens(self, *args, **options):
        return 0

    def remaining_tokens(self, *args, **options):
        return 10**6

    @property
    def capabilities(self):
        return self.model_info

    @property
    def model_info(self):
        said = {"vision": False, "function_calling": True, "json_output": False, "structured_output": False}
        return ModelInfo(family="unknown", multiple_system_messages=True, **said)


def results_in(messages):
    return sum(type(message).__name__ == "FunctionExecutionResultMessage" for message in messages)


def turn(n):
    calls = []

    async def inc(x: int) -> str:
        """Increase a number."""
        calls.append(x)
        return str(x + 1)

    def answer(messages):
        done = results_in(messages)
        return [FunctionCall(id=f"c{done}", name="inc", arguments=f'{{"x": {done}}}')] if done < n else "done"

    async def run():
        calls.clear()
        await AssistantAgent("a", Fake(answer), tools=[inc], max_tool_iterations=n + 1).run(task="go")
        return len(calls)

    return run


def tools(k, delay):
    calls = []

    async def slow(x: int) -> str:
        """Take some time."""
        await asyncio.sleep(delay)
        calls.append(x)
        return str(x)

    def answer(messages):
        if results_in(messages):
            return "done"
        return [FunctionCall(id=f"c{x}", name="slow", arguments=f'{{"x": {x}}}') for x in range(k)]

    async def run():
        calls.clear()
        await AssistantAgent("a", Fake(answer), tools=[slow], max_tool_iterations=3).run(task="go")
        return len(calls)

    return run


def deltas(n):
    async def run():
        heard = 0
        agent = AssistantAgent("a", Fake(lambda messages: "done", n), model_client_stream=True)
        async for event in agent.run_stream(task="go"):
            heard += isinstance(event, ModelClientStreamingChunkEvent)
        return heard

    return run
