"""Bodies that make calls, and where a run stands."""

from __future__ import annotations

from genxai_nb.calls.call import Traits


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
