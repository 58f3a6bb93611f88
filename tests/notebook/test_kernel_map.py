"""A map in a notebook: its line of progress, and what an interrupt leaves."""

from __future__ import annotations

SETUP = """
import pandas as pd
from genxai_nb import Graph
async def shout(state):
    return {"draft": state["topic"].upper()}
graph = Graph("loud").node("shout", shout).edge("START", "shout")
frame = pd.DataFrame({"topic": [f"t{n}" for n in range(30)]})
"""


def test_a_map_writes_over_one_line_of_its_cell(kernel):
    """Whether it is awaited or not; the last word stays."""
    kernel.run(SETUP)
    for call in ("graph.map(frame, 'topic', again=True)", "await graph.amap(frame, 'topic', again=True)"):
        reply = kernel.run(f"done = {call}\ndone.status.value_counts().to_dict()")

        line, result = reply.shown
        assert line["text/plain"].startswith("loud: ")
        assert reply.updates[-1][0] == {"text/plain": "loud: 30 of 30 rows"}
        assert result["text/plain"] == "{'done': 30}"
        assert reply.streams == ""


def test_an_interrupted_map_says_how_to_go_on(kernel):
    """The line says how far it came, and the kernel is free again."""
    kernel.run(SETUP)
    kernel.run("""
import asyncio
async def slow(state):
    if state["topic"] == "t3" and waits:
        print("waits")
        await asyncio.Event().wait()
    return {"draft": "x"}
waits = [True]
graph.bind("shout", slow)
""")
    request = kernel.send("done = graph.map(frame, 'topic', limit=1)")
    kernel.wait_for(request, "waits")
    kernel.interrupt()
    reply = kernel.wait_for(request)
    assert "KeyboardInterrupt" in reply.error
    assert reply.updates[-1][0]["text/plain"] == "loud: 3 of 30 rows · interrupted; call it again to go on"

    reply = kernel.run("waits.clear()\ndone = graph.map(frame, 'topic')\nlist(done.run_id[:5])")
    assert reply.shown[-1]["text/plain"] == "['r1', 'r2', 'r3', 'r4', 'r5']"
