"""pydantic-graph: the builder of its second version; it keeps nothing between runs."""

import asyncio
from itertools import pairwise

from pydantic_graph import GraphBuilder, StepContext, reduce_list_append

PACKAGES = ["pydantic-graph"]
IMPORT = "import pydantic_graph"
FIRST = """
import asyncio
from itertools import pairwise
from pydantic_graph import GraphBuilder, StepContext
g = GraphBuilder(state_type=dict, input_type=int, output_type=int)
@g.step
async def a(ctx: StepContext[dict, None, int]) -> int: return ctx.inputs + 1
g.add(g.edge_from(g.start_node).to(a), g.edge_from(a).to(g.end_node))
print(asyncio.run(g.build().run(state={}, inputs=0)))
"""


async def count(ctx: StepContext[dict, None, dict]) -> dict:
    return {**ctx.inputs, "n": ctx.inputs["n"] + 1}


def chain(n):
    g = GraphBuilder(state_type=dict, input_type=dict, output_type=dict)
    steps = [g.step(count, node_id=f"n{number}") for number in range(n)]
    between = [g.edge_from(one).to(other) for one, other in pairwise(steps)]
    g.add(g.edge_from(g.start_node).to(steps[0]), *between, g.edge_from(steps[-1]).to(g.end_node))
    graph = g.build()

    async def run():
        return (await graph.run(state={}, inputs={"n": 0, "msg": "x"}))["n"]

    return run


def fork(k, delay):
    async def branch(ctx: StepContext[dict, None, int]) -> int:
        await asyncio.sleep(delay)
        return 1

    async def merge(ctx: StepContext[dict, None, list]) -> int:
        return len(ctx.inputs)

    g = GraphBuilder(state_type=dict, input_type=int, output_type=int)
    steps = [g.step(branch, node_id=f"b{number}") for number in range(k)]
    join, last = g.join(reduce_list_append, initial_factory=list), g.step(merge, node_id="merge")
    g.add(g.edge_from(g.start_node).to(*steps), g.edge_from(*steps).to(join))
    g.add(g.edge_from(join).to(last), g.edge_from(last).to(g.end_node))
    graph = g.build()

    async def run():
        return await graph.run(state={}, inputs=0)

    return run


def loop(n):
    async def second(ctx: StepContext[dict, None, dict]) -> dict:
        return {**ctx.inputs, "m": ctx.inputs["n"]}

    g = GraphBuilder(state_type=dict, input_type=dict, output_type=dict)
    a, b = g.step(count, node_id="a"), g.step(second, node_id="b")
    again = g.match(dict, matches=lambda state: state["n"] < n).to(a)
    over = g.match(dict, matches=lambda state: state["n"] >= n).to(g.end_node)
    g.add(g.edge_from(g.start_node).to(a), g.edge_from(a).to(b))
    g.add(g.edge_from(b).to(g.decision().branch(again).branch(over)))
    graph = g.build()

    async def run():
        return (await graph.run(state={}, inputs={"n": 0, "m": 0}))["n"]

    return run
