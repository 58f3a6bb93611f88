"""genxai_nb as it comes: events on, a watcher on each run, no special path."""

import asyncio

from genxai_nb import Agent, Graph, Run, tool
from genxai_nb.journal.events import Streamed
from genxai_nb.messages import TextDelta, ToolCall
from genxai_nb.providers.scripted import Scripted

PACKAGES = ["genxai-nb"]
IMPORT = "import genxai_nb"
FIRST = """
from genxai_nb import Graph
async def first(state): return {"n": state["n"] + 1}
print(Graph("g").node("first", first).parse("START -> first -> END").run({"n": 0}, store=":memory:").state["n"])
"""


async def count(state):
    return {"n": state["n"] + 1}


def line(name, bodies):
    graph = Graph(name)
    for number, body in enumerate(bodies):
        graph.node(f"n{number}", body)
    names = " -> ".join(f"n{number}" for number in range(len(bodies)))
    return graph.parse(f"START -> {names} -> END")


def driving(graph, given, read, store=":memory:"):
    """Start a run that somebody watches, and drive it on this loop."""
    graph.build()

    async def run():
        seen = []
        made = graph.start(given, store=store)
        made.subscribe(seen.append)
        state = (await made.drive()).state
        assert len(seen) > 2
        return read(state)

    return run


def chain(n):
    return driving(line("chain", [count] * n), {"n": 0, "msg": "x"}, lambda state: state["n"])


def _fan(k, delay):
    async def branch(state):
        await asyncio.sleep(delay)
        return {"out": [1]}

    async def merge(state):
        return {"c": len(state["out"])}

    graph = Graph("fork", reducers={"out": "append"}).node("merge", merge)
    for number in range(k):
        graph.node(f"b{number}", branch)
    return graph.parse(f"START -> [{', '.join(f'b{number}' for number in range(k))}] -> merge -> END")


def fork(k, delay):
    return driving(_fan(k, delay), {"out": []}, lambda state: state["c"])


def finish(k, delay, db):
    return driving(_fan(k, delay), {"out": []}, lambda state: state["c"], db)


def loop(n):
    async def second(state):
        return {"m": state["n"]}

    graph = Graph("loop").node("a", count).node("b", second)
    graph.parse(f"START -> a -> b\nb -> a if n < {n} max {n}\nb -> END else")
    return driving(graph, {"n": 0, "m": 0}, lambda state: state["n"])


def _steps(n, on):
    def step(number):
        async def body(state):
            on(number)
            return {"n": state["n"] + 1}

        return body

    return line("steps", [step(number) for number in range(n)])


def step(n, db, kb, on):
    return driving(_steps(n, on), {"n": 0, "text": "a" * (kb * 1024)}, lambda state: state["n"], db)


def resume(n, db, kb, on):
    graph = _steps(n, on)
    graph.build()

    async def run():
        return (await Run.load("r1", graph, db).drive()).state["n"]

    return run


def _asked(answer, tools):
    """One question to an agent, with the engine, the journal and a watcher around it."""
    script = Scripted(answer)
    agent = Agent("asked", model=script.model, tools=tools, task="go", memory="none", max_turns=10**6)
    return driving(
        Graph("asked").node("asked", agent).parse("START -> asked -> END"), {}, lambda state: state
    )


def turn(n):
    calls = []

    @tool(read_only=True)
    async def inc(x: int) -> str:
        """Increase a number."""
        calls.append(x)
        return str(x + 1)

    def answer(request):
        done = len(calls)
        return ToolCall(f"c{done}", "inc", {"x": done}) if done < n else "done"

    drive = _asked(answer, [inc])

    async def run():
        calls.clear()
        await drive()
        return len(calls)

    return run


def tools(k, delay):
    calls = []

    @tool(read_only=True)
    async def slow(x: int) -> str:
        """Take some time."""
        await asyncio.sleep(delay)
        calls.append(x)
        return str(x)

    def answer(request):
        if request.messages[-1].role == "tool":
            return "done"
        return [ToolCall(f"c{number}", "slow", {"x": number}) for number in range(k)]

    drive = _asked(answer, [slow])

    async def run():
        calls.clear()
        await drive()
        return len(calls)

    return run


def deltas(n):
    script = Scripted(lambda request: [TextDelta("tok")] * n)
    agent = Agent("speaker", model=script.model, task="go", memory="none")
    graph = Graph("speaking").node("speaker", agent).parse("START -> speaker -> END")
    graph.build()

    async def run():
        heard = 0

        def hear(event):
            nonlocal heard
            heard += type(event) is Streamed

        made = graph.start({}, store=":memory:")
        made.subscribe(hear)
        await made.drive()
        return heard

    return run
