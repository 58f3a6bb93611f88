"""Bodies that make calls, and where a run stands."""

from __future__ import annotations

import asyncio
import threading

from genxai_nb.calls.call import Traits
from genxai_nb.journal.events import CallStarted


async def echo(call):
    return f"{call.name} {call.request['n']}"


def calling(*names):
    """A body that makes these calls one after another."""

    async def body(state, context):
        said = [
            await context.call("tool", name, {"n": i}, echo, Traits(effect=True))
            for i, name in enumerate(names)
        ]
        return {"said": said}

    return body


def place(run):
    at = run.position
    return (at.path, at.node, at.visit, at.where)


def begun_until_asked(run):
    """Drive a run in the background until it asks a person; gives the question, and the future of its end."""
    asked = threading.Event()

    def hear(event):
        if isinstance(event, CallStarted) and event.kind == "human":
            asyncio.get_running_loop().call_soon(asked.set)  # the question is open once the call goes on

    run.subscribe(hear)
    future = run.begin()
    assert asked.wait(5)
    (question,) = run.questions
    return question, future
