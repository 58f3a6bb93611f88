"""A run of everything that a graph can do, for processes that are killed, starved of disk or crowded.

    python workload.py STORE MARKS LIFE [RUN]

Each body and each tool writes a line to MARKS: its life, what it is and, for a tool, its idempotency key.
Facts go to the standard output as they are published, the final state to STATE beside MARKS. With RUN it
resumes that run, else it starts a new one.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from genxai_nb import Agent, Graph, Run, tool
from genxai_nb.journal.codec import encode_event, encode_request
from genxai_nb.messages import ToolCall
from genxai_nb.providers.scripted import Scripted

WIDE = 20  # branches of the fork
GIVEN = {"words": ["x", "y", "z"], "topic": "moss"}


def silent(text):
    pass


def agents(mark=silent):
    """Two agents with a tool that changes the world and one that only looks."""

    @tool
    async def send(to: str, context) -> str:
        """Send a letter."""
        mark(f"effect {to} {context.idempotency_key}")
        await asyncio.sleep(0.001)
        return f"sent to {to}"

    @tool(read_only=True)
    def look(at: str) -> str:
        """Look at something."""
        return f"{at} is green"

    def answer(request):
        said = [part for message in request.messages if message.role == "tool" for part in message.parts]
        who = next(message.text for message in request.messages if message.role == "user").split()[0]
        mark(f"model {who} {len(said)}")
        if not said:
            return [ToolCall("1", "look", {"at": who}), ToolCall("2", "send", {"to": f"{who}-1"})]
        if len(said) == 2:
            return [ToolCall("3", "send", {"to": f"{who}-2"})]
        return f"{who}: {'; '.join(part.text for part in said)}"

    script = Scripted(answer, name="workload")
    return [
        Agent(name, model=script.model, task=name + " writes about {{topic}}", tools=[send, look])
        for name in ("clerk", "porter")
    ]


def workflow(mark=silent, wide=WIDE):
    """A chain, a fork, a loop, a map, and two agents with tool calls."""

    @tool
    async def stamp(text: str, context) -> str:
        """Stamp a text."""
        mark(f"effect {text} {context.idempotency_key}")
        return f"stamped {text}"

    def plain(name):
        def body(state, context):
            mark(f"body {name} {context.visit}")
            return {"log": [name]}

        return body

    def branch(number):
        async def body(state, context):
            mark(f"body w{number} {context.visit}")
            await asyncio.sleep(number * 0.0005)
            return {"log": [f"w{number}"]}

        return body

    async def merge(state, context):
        mark(f"body merge {context.visit}")
        return {"log": [f"merge of {len(state['log'])}"]}

    async def judge(state, context):
        mark(f"body judge {context.visit}")
        return {"round": state.get("round", 0) + 1}

    async def post(state, context):
        mark(f"body post {context.visit} {context.index}")
        reply = await context.call("tool", "stamp", {"text": "same"}, stamp.handler, stamp.traits)
        return {"log": [f"{state['word']}: {reply}"]}

    graph = Graph("workload", reducers={"log": "append"})
    for name in ("first", "second", "third", "gate", "last"):
        graph.node(name, plain(name))
    for number in range(wide):
        graph.node(f"w{number}", branch(number))
    graph.node("merge", merge).node("judge", judge).node("post", post)
    for agent in agents(mark):
        graph.node(agent.name, agent)
    return graph.parse(
        "START -> first -> second -> third\n"
        f"third -> [{', '.join(f'w{number}' for number in range(wide))}] -> merge -> judge\n"
        "judge -> merge if round < 3 max 5\n"
        "judge -> gate else\n"
        "gate -> post for each word in words\n"
        "post -> [clerk, porter] -> last -> END"
    )


def main():
    store, marks, life, *run_id = sys.argv[1:]
    out = os.open(marks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def mark(text):
        os.write(out, f"{life} {text}\n".encode())

    def tell(event):
        os.write(1, (encode_event(event) if hasattr(event, "at") else msgspec.json.encode(event)) + b"\n")

    graph = workflow(mark)
    run = Run.load(run_id[0], graph, store) if run_id else graph.start(GIVEN, store=store)
    run.subscribe(tell)
    state = run.resume().state
    Path(marks).with_name("state").write_bytes(encode_request(state))


if __name__ == "__main__":
    main()
