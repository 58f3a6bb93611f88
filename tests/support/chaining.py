"""An agent whose tools go five deep, one of them failing; killed where the test says, and resumed.

    python chaining.py STORE MARKS KILL [RUN]

Each tool, and the model, writes a line to MARKS. KILL is the mark at which the process kills itself; ``-``
for never. With RUN it resumes that run. The final state is printed.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from genxai_nb import Agent, Graph, Run, tool
from genxai_nb.messages import ToolCall
from genxai_nb.providers.scripted import Scripted

STEPS = ("fetch", "parse", "weigh", "sort", "print_out")


def workflow(mark):
    """A graph of one agent whose model hands each tool what the last one gave."""

    def step(name):
        def run(value: int) -> int:
            """Take the next step."""
            mark(f"tool {name} {value}")
            if name == "weigh" and value % 2 == 0:
                message = f"{value} is even; give the next odd number"
                raise ValueError(message)
            mark(f"done {name}")
            return value * 2

        run.__name__ = name
        return tool(run)

    def answer(request):
        results = [part for message in request.messages if message.role == "tool" for part in message.parts]
        mark(f"model {len(results)}")
        last = results[-1] if results else None
        if last is not None and last.failed:
            return ToolCall(
                f"c{len(results)}", last.name, {"value": int(last.text.split(": ")[-1].split()[0]) + 1}
            )
        left = STEPS[STEPS.index(last.name) + 1 :] if last else STEPS
        value = int(last.text) if last else 1
        return ToolCall(f"c{len(results)}", left[0], {"value": value}) if left else f"It is {value}."

    script = Scripted(answer, name="chain")
    graph = Graph("chaining")
    graph.node("clerk", Agent("clerk", model=script.model, tools=[step(name) for name in STEPS]))
    return graph.parse("START -> clerk -> END")


def main():
    store, marks, kill, *run_id = sys.argv[1:]
    out = os.open(marks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def mark(text):
        os.write(out, f"{text}\n".encode())
        os.fsync(out)
        if text == kill:
            os.kill(os.getpid(), signal.SIGKILL)

    graph = workflow(mark)
    run = Run.load(run_id[0], graph, store) if run_id else graph.start({}, store=store)
    sys.stdout.write(json.dumps(run.resume().state["clerk"]))


if __name__ == "__main__":
    main()
