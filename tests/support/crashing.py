"""A run that is killed where the test says, and resumed in another process.

    python crashing.py STORE MARKS KILL [RUN]

Each body writes a line to MARKS, synced to disk. KILL is the mark at which the process kills itself;
``-`` for never. With RUN it resumes that run, else it starts a new one. The final state is printed.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from genxai_nb import Graph, Run
from genxai_nb.calls.call import Traits


def workflow(mark):
    """A chain, a fork, a loop and a map, with calls in two of the nodes."""

    async def send(call):
        mark(f"effect {call.request['to']}")
        return f"sent {call.request['to']}"

    def body(name):
        def run(state):
            mark(f"body {name}")
            return {"log": [name]}

        return run

    async def judge(state):
        mark("body judge")
        return {"round": state.get("round", 0) + 1}

    async def mail(state, context):
        mark("body mail")
        reply = await context.call("tool", "send", {"to": "ada"}, send, Traits(effect=True))
        mark("mail sent")
        return {"log": [reply]}

    async def each(state, context):
        mark(f"body each {state['word']}")
        reply = await context.call("tool", "send", {"to": "same"}, send, Traits(effect=True))
        mark(f"each sent {state['word']}")
        return {"log": [f"{state['word']}: {reply}"]}

    graph = Graph("crashing", reducers={"log": "append"})
    for name in ("first", "left", "right", "merge"):
        graph.node(name, body(name))
    graph.node("judge", judge).node("mail", mail).node("post", each)
    return graph.parse(
        "START -> first -> [left, right] -> merge -> judge\n"
        "judge -> merge if round < 3 max 5\n"
        "judge -> mail else\n"
        "mail -> post for each word in words\n"
        "post -> END"
    )


def main():
    store, marks, kill, *run_id = sys.argv[1:]
    out = os.open(marks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def mark(text):
        os.write(out, f"{text}\n".encode())
        os.fsync(out)
        if text == kill:
            os.kill(os.getpid(), signal.SIGKILL)

    graph = workflow(mark)
    if run_id:
        run = Run.load(run_id[0], graph, store)
    else:
        run = graph.start({"words": ["x", "y", "z"]}, store=store)
    result = run.resume()
    sys.stdout.write(json.dumps(result.state))


if __name__ == "__main__":
    main()
