"""langgraph: durability "sync", which commits a step before the next one starts."""

import asyncio
import operator
from typing import Annotated, TypedDict

from langgraph.graph import END, START, StateGraph

PACKAGES = ["langgraph", "langgraph-checkpoint-sqlite", "langchain"]
INSTALL = [*PACKAGES, "langchain-core"]
IMPORT = "import langgraph.graph"
FIRST = """
import asyncio
from typing import TypedDict
from langgraph.graph import StateGraph, START, END
class S(TypedDict): n: int
async def first(state): return {"n": state["n"] + 1}
g = StateGraph(S); g.add_node("a", first); g.add_edge(START, "a"); g.add_edge("a", END)
print(asyncio.run(g.compile().ainvoke({"n": 0}))["n"])
"""


class Counted(TypedDict):
    n: int
    m: int
    msg: str
    text: str


class Forked(TypedDict):
    out: Annotated[list, operator.add]
    c: int


async def count(state):
    return {"n": state["n"] + 1}


def line(bodies, saver=None):
    graph = StateGraph(Counted)
    for number, body in enumerate(bodies):
        graph.add_node(f"n{number}", body)
        graph.add_edge(f"n{number - 1}" if number else START, f"n{number}")
    graph.add_edge(f"n{len(bodies) - 1}", END)
    return graph.compile(checkpointer=saver)


def chain(n):
    app = line([count] * n)

    async def run():
        return (await app.ainvoke({"n": 0, "msg": "x"}, {"recursion_limit": n + 10}))["n"]

    return run


def fork(k, delay):
    async def branch(state):
        await asyncio.sleep(delay)
        return {"out": [1]}

    async def merge(state):
        return {"c": len(state["out"])}

    graph = StateGraph(Forked)
    graph.add_node("merge", merge)
    for number in range(k):
        graph.add_node(f"b{number}", branch)
        graph.add_edge(START, f"b{number}")
    graph.add_edge([f"b{number}" for number in range(k)], "merge")
    graph.add_edge("merge", END)
    app = graph.compile()

    async def run():
        return (await app.ainvoke({"out": [], "c": 0}))["c"]

    return run


def loop(n):
    async def second(state):
        return {"m": state["n"]}

    graph = StateGraph(Counted)
    graph.add_node("a", count)
    graph.add_node("b", second)
    graph.add_edge(START, "a")
    graph.add_edge("a", "b")
    graph.add_conditional_edges("b", lambda state: "a" if state["n"] < n else END, ["a", END])
    app = graph.compile()

    async def run():
        return (await app.ainvoke({"n": 0, "m": 0}, {"recursion_limit": 2 * n + 10}))["n"]

    return run


def _steps(n, on):
    def step(number):
        async def body(state):
            on(number)
            return {"n": state["n"] + 1}

        return body

    return [step(number) for number in range(n)]


async def _driven(app, given, n):
    settings = {"recursion_limit": n + 10, "configurable": {"thread_id": "t"}}
    return (await app.ainvoke(given, settings, durability="sync"))["n"]


async def step(n, db, kb, on):
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    opening = AsyncSqliteSaver.from_conn_string(db)
    saver = await opening.__aenter__()
    await saver.setup()
    app = line(_steps(n, on), saver)

    async def run():
        reached = await _driven(app, {"n": 0, "text": "a" * (kb * 1024)}, n)
        await opening.__aexit__(None, None, None)
        return reached

    return run


def resume(n, db, kb, on):
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    app = line(_steps(n, on))

    async def run():
        async with AsyncSqliteSaver.from_conn_string(db) as saver:
            app.checkpointer = saver
            return await _driven(app, None, n)

    return run


def _model(answer):
    from langchain_core.language_models import BaseChatModel
    from langchain_core.outputs import ChatGeneration, ChatResult

    class Fake(BaseChatModel):
        @property
        def _llm_type(self):
            return "fake"

        def bind_tools(self, tools, **options):
            return self

        def _generate(self, messages, stop=None, run_manager=None, **options):
            return ChatResult(generations=[ChatGeneration(message=answer(messages))])

        async def _agenerate(self, messages, stop=None, run_manager=None, **options):
            return self._generate(messages)

    return Fake()


def _agent(answer, function):
    from langchain.agents import create_agent
    from langchain_core.tools import tool

    return create_agent(_model(answer), [tool(function)])


def turn(n):
    from langchain_core.messages import AIMessage

    calls = []

    async def inc(x: int) -> str:
        """Increase a number."""
        calls.append(x)
        return str(x + 1)

    def answer(messages):
        done = sum(message.type == "tool" for message in messages)
        if done == n:
            return AIMessage(content="done")
        return AIMessage(content="", tool_calls=[{"name": "inc", "args": {"x": done}, "id": f"c{done}"}])

    app = _agent(answer, inc)

    async def run():
        calls.clear()
        await app.ainvoke({"messages": [("user", "go")]}, {"recursion_limit": 4 * n})
        return len(calls)

    return run


def tools(k, delay):
    from langchain_core.messages import AIMessage

    calls = []

    async def slow(x: int) -> str:
        """Take some time."""
        await asyncio.sleep(delay)
        calls.append(x)
        return str(x)

    def answer(messages):
        if messages[-1].type == "tool":
            return AIMessage(content="done")
        wanted = [{"name": "slow", "args": {"x": number}, "id": f"c{number}"} for number in range(k)]
        return AIMessage(content="", tool_calls=wanted)

    app = _agent(answer, slow)

    async def run():
        calls.clear()
        await app.ainvoke({"messages": [("user", "go")]})
        return len(calls)

    return run


def deltas(n):
    from langgraph.config import get_stream_writer

    async def speak(state):
        write = get_stream_writer()
        for _ in range(n):
            write({"d": "tok"})
            await asyncio.sleep(0)
        return {"n": n}

    app = line([speak])

    async def run():
        heard = 0
        async for _ in app.astream({"n": 0}, stream_mode="custom"):
            heard += 1
        return heard

    return run
