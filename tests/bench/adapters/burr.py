"""burr: applications hold their state, so building one is part of a run; its graph is built before."""

import asyncio
from itertools import pairwise

from burr.core import ApplicationBuilder, GraphBuilder, State, action, default, expr
from burr.core.action import streaming_action
from burr.core.parallelism import MapStates

PACKAGES = ["apache-burr"]
INSTALL = ["apache-burr", "aiosqlite", "pydantic"]
IMPORT = "import burr.core"
FIRST = """
import asyncio
from itertools import pairwise
from burr.core import ApplicationBuilder, State, action
@action(reads=["n"], writes=["n"])
async def a(state): return state.update(n=state["n"] + 1)
app = ApplicationBuilder().with_actions(a=a).with_transitions().with_entrypoint("a").with_state(n=0).build()
print(asyncio.run(app.arun(halt_after=["a"]))[2]["n"])
"""


@action(reads=["n"], writes=["n"])
async def count(state: State) -> State:
    return state.update(n=state["n"] + 1)


def line(actions):
    names = list(actions)
    return GraphBuilder().with_actions(**actions).with_transitions(*pairwise(names)).build()


def driving(graph, entry, last, key, **state):
    async def run():
        app = ApplicationBuilder().with_graph(graph).with_entrypoint(entry).with_state(**state).build()
        return (await app.arun(halt_after=[last]))[2][key]

    return run


def chain(n):
    return driving(line({f"n{number}": count for number in range(n)}), "n0", f"n{n - 1}", "n", n=0, msg="x")


def fork(k, delay):
    @action(reads=["i"], writes=["o"])
    async def branch(state: State) -> State:
        await asyncio.sleep(delay)
        return state.update(o=1)

    class Fork(MapStates):
        def is_async(self):
            return True

        def action(self, state, inputs):
            return branch

        async def states(self, state, context, inputs):
            for number in range(k):
                yield state.update(i=number)

        async def reduce(self, state, states):
            total = 0
            async for one in states:
                total += one["o"]
            return state.update(c=total)

        @property
        def reads(self):
            return []

        @property
        def writes(self):
            return ["c"]

    return driving(
        GraphBuilder().with_actions(fork=Fork()).with_transitions().build(), "fork", "fork", "c", c=0
    )


def loop(n):
    @action(reads=["n"], writes=["m"])
    async def second(state: State) -> State:
        return state.update(m=state["n"])

    @action(reads=["n"], writes=[])
    async def end(state: State) -> State:
        return state

    edges = (("a", "b"), ("b", "a", expr(f"n < {n}")), ("b", "end", default))
    graph = GraphBuilder().with_actions(a=count, b=second, end=end).with_transitions(*edges).build()
    return driving(graph, "a", "end", "n", n=0, m=0)


def _steps(n, on):
    def step(number):
        @action(reads=["n"], writes=["n"])
        async def body(state: State) -> State:
            on(number)
            return state.update(n=state["n"] + 1)

        return body

    return line({f"n{number}": step(number) for number in range(n)})


async def step(n, db, kb, on):
    from burr.integrations.persisters.b_aiosqlite import AsyncSQLitePersister

    persister = await AsyncSQLitePersister.from_values(db)
    await persister.initialize()
    graph = _steps(n, on)

    async def run():
        builder = ApplicationBuilder().with_graph(graph).with_identifiers(app_id="t", partition_key="p")
        builder = builder.with_state_persister(persister).initialize_from(
            persister,
            resume_at_next_action=True,
            default_entrypoint="n0",
            default_state={"n": 0, "text": "a" * (kb * 1024)},
        )
        app = await builder.abuild()
        reached = (await app.arun(halt_after=[f"n{n - 1}"]))[2]["n"]
        await persister.cleanup()
        return reached

    return run


resume = step


def deltas(n):
    @streaming_action(reads=[], writes=["t"])
    async def speak(state: State):
        for _ in range(n):
            yield {"d": "tok"}, None
        yield {"d": "end"}, state.update(t=n)

    graph = GraphBuilder().with_actions(speak=speak).with_transitions().build()

    async def run():
        app = ApplicationBuilder().with_graph(graph).with_entrypoint("speak").with_state(t=0).build()
        _, container = await app.astream_result(halt_after=["speak"])
        heard = 0
        async for _ in container:
            heard += 1
        await container.get()
        return heard

    return run
