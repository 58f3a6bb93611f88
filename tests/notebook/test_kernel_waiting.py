"""Waiting in a real kernel: order, interrupt, resume, blocking inside other magics."""

from __future__ import annotations

import re
import time

NODES = """
import asyncio, time
speed = {"slow": 30.0}
async def first(state):
    return {"first": 1}
async def slow(state):
    print("in slow", flush=True)
    await asyncio.sleep(speed["slow"])
    return {"slow": 1}
def blocking(state):
    print("in blocking", flush=True)
    time.sleep(speed["slow"])
    return {"blocking": 1}
"""


def test_a_run_cell_waits_and_queued_cells_keep_their_order(kernel):
    """Three cells sent at once run one after the other, and the last reads the result of the second."""
    kernel.run(NODES)
    requests = [
        kernel.send("speed['slow'] = 0.3\n"),
        kernel.send("%%genxai graph g\nSTART -> first -> slow -> END"),
        kernel.send("%%genxai run g\n"),
        kernel.send("print(result.state, result.status)"),
    ]
    replies = [kernel.wait_for(request) for request in requests]

    assert [reply.status for reply in replies] == ["ok"] * 4
    assert replies[2].seconds > 0.25
    assert replies[3].streams == "{'first': 1, 'slow': 1} done\n"


def test_an_interrupt_is_idle_at_once_and_the_run_goes_on_by_resume(kernel):
    """Interrupt ends the cell within half a second, in one calm line; resume ends the run without redoing a step.

    As no code has failed, why has no traceback to show.
    """
    kernel.run(NODES)
    kernel.run("%%genxai graph g\nSTART -> first -> slow -> END")
    request = kernel.send("%%genxai run g\n")
    kernel.wait_for(request, "in slow")

    began = time.perf_counter()
    kernel.interrupt()
    stopped = kernel.wait_for(request)
    seconds = time.perf_counter() - began

    assert stopped.status == "error"
    assert stopped.content["ename"] == "RunCancelled"
    assert seconds <= 0.5
    assert stopped.error == "‖ Run r1 was interrupted after step 1.\n%genxai resume r1 goes on from there."
    why = kernel.run("%genxai why").text
    assert why == "Run r1 was cancelled; what was finished is kept. Resume it to go on."
    resumed = kernel.run("speed['slow'] = 0\n%genxai resume r1\nprint(result.state)")
    assert resumed.status == "ok", resumed.text
    assert "{'first': 1, 'slow': 1}" in resumed.streams


def test_an_interrupt_holds_back_the_cells_that_are_queued(kernel):
    """A cell queued behind an interrupted run is not run."""
    kernel.run(NODES)
    kernel.run("%%genxai graph g\nSTART -> slow -> END")
    request = kernel.send("%%genxai run g\n")
    queued = kernel.send("print('ran after all')")
    kernel.wait_for(request, "in slow")
    kernel.interrupt()
    kernel.wait_for(request)

    assert kernel.wait_for(queued).streams == ""


def test_a_function_that_blocks_is_named_by_the_interrupt(kernel):
    """A plain function cannot be stopped: the cell is idle all the same and says which node still runs."""
    kernel.run(NODES)
    kernel.run("speed['slow'] = 2\n")
    kernel.run("%%genxai graph g\nSTART -> blocking -> END")
    request = kernel.send("%%genxai run g\n")
    kernel.wait_for(request, "in blocking")

    began = time.perf_counter()
    kernel.interrupt()
    stopped = kernel.wait_for(request)

    assert time.perf_counter() - began <= 0.5
    assert "Node 'blocking' cannot be stopped and still runs in its thread." in stopped.error


def test_an_interrupt_reaches_a_run_inside_another_magic(kernel):
    """Under %%time the cell blocks, and Interrupt stops the run just as soon."""
    kernel.run(NODES)
    kernel.run("%%genxai graph g\nSTART -> slow -> END")
    request = kernel.send("%%time\n%genxai run g")
    kernel.wait_for(request, "in slow")

    began = time.perf_counter()
    kernel.interrupt()
    stopped = kernel.wait_for(request)

    assert time.perf_counter() - began <= 0.5
    assert stopped.content["ename"] == "RunCancelled"


def test_time_around_a_run_blocks_and_measures_it(kernel):
    """%%time around a run cell waits for its end and reports how long that took."""
    kernel.run(NODES)
    kernel.run("speed['slow'] = 0.3\n")
    kernel.run("%%genxai graph g\nSTART -> slow -> END")
    line = kernel.run("%%time\nx = %genxai run g\nprint(x.state)")
    cell = kernel.run("%%time\n%%genxai run g\n\n")

    assert line.status == cell.status == "ok", line.text + cell.text
    assert "{'slow': 1}" in line.streams
    for reply in (line, cell):
        assert float(re.search(r"Wall time: ([\d.]+) ms", reply.streams)[1]) >= 300


def test_a_loop_in_a_cell_awaits_each_run(kernel):
    """A line verb inside a for loop waits each time, and its value can be taken."""
    kernel.run(NODES)
    kernel.run("%%genxai graph g\nSTART -> first -> END")
    reply = kernel.run("for i in range(3):\n    taken = %genxai run g\n    print(taken.run_id)")

    assert reply.streams == "r1\nr2\nr3\n"


def test_a_magic_inside_a_function_blocks(kernel):
    """In a def the line cannot be awaited, so it blocks and gives its value."""
    kernel.run(NODES)
    kernel.run("%%genxai graph g\nSTART -> first -> END")
    reply = kernel.run("def go():\n    taken = %genxai run g\n    return taken.status\nprint(go())")

    assert reply.streams == "done\n"


def test_other_code_of_the_cell_goes_on_while_it_awaits(kernel):
    """A background task of the notebook's own loop makes progress while a run cell waits."""
    kernel.run(NODES)
    kernel.run("speed['slow'] = 0.4\n")
    kernel.run("%%genxai graph g\nSTART -> slow -> END")
    kernel.run(
        "ticks = []\nasync def tick():\n    while True:\n        ticks.append(1)\n        await asyncio.sleep(0.02)\n"
        "task = asyncio.ensure_future(tick())\nticks.clear()"
    )
    kernel.run("%%genxai run g\n")

    assert int(kernel.run("task.cancel()\nprint(len(ticks))").streams) >= 5


def test_detach_returns_at_once_and_wait_joins(kernel):
    """With --detach the cell is idle while the run goes on; the result says so; %genxai wait brings it."""
    kernel.run(NODES)
    kernel.run("speed['slow'] = 1.0\n")
    kernel.run("%%genxai graph g\nSTART -> slow -> END")
    started = kernel.run("%%genxai run g --detach\n")
    early = kernel.run("result.state")
    around = kernel.run("%genxai")
    joined = kernel.run("%genxai wait\nprint(result.state)")

    assert started.seconds < 0.7
    assert started.status == "ok"
    assert started.text.endswith("▶ Run r1 of g goes on beside. %genxai wait joins it.")
    assert early.error == "✕ Run r1 of g has no result: its status is running.\n%genxai wait joins it."
    assert "running    r1 g, step 1" in around.text
    assert joined.streams.endswith("{'slow': 1}\n")


def test_the_same_cell_run_again_parks_its_old_run(kernel):
    """Running a cell again while its run goes on parks that run and names it; another cell parks nothing."""
    kernel.run(NODES)
    kernel.run("%%genxai graph g\nSTART -> first -> slow -> END")
    kernel.run("%%genxai run g --detach\n", cell_id="one")
    other = kernel.run("%%genxai run g --detach\n", cell_id="two")
    again = kernel.run("%%genxai run g --detach\n", cell_id="one")
    runs = kernel.run("df = %genxai runs\nprint(dict(zip(df.run_id, df.status)))")

    assert "parked" not in other.text
    assert again.shown[0] == {
        "text/plain": "‖ Run r1, which this cell had started, is parked. %genxai resume r1"
    }
    assert runs.streams == "{'r3': 'running', 'r2': 'running', 'r1': 'cancelled'}\n"
    kernel.run("speed['slow'] = 0")


def test_a_new_kernel_lists_unfinished_runs_and_resumes_them_only_when_told(new_kernel):
    """After the old kernel is gone its run is listed as resumable; resume asks for the cells, then ends the run."""
    old = new_kernel()
    old.run(NODES)
    old.run("%%genxai agent writer\nmodel: offline\ntask: Cats eat fish. What do cats eat?")
    old.run("%%genxai graph g\nSTART -> first -> writer -> slow -> END")
    old.wait_for(old.send("%%genxai run g\n"), "in slow")
    old.kill()

    new = new_kernel()
    around = new.run("%genxai")
    refused = new.run("%genxai resume r1")
    new.run(NODES + "speed['slow'] = 0\ndef first(state):\n    raise RuntimeError('run again')")
    new.run("%%genxai agent writer\nmodel: offline\ntask: Cats eat fish. What do cats eat?")
    new.run("%%genxai graph g\nSTART -> first -> writer -> slow -> END")
    resumed = new.run("%genxai resume r1\nprint(result.status, result.state['first'])")

    assert "resumable  r1 g (unfinished): %genxai resume r1" in around.text
    assert "graph g" in refused.error
    assert "agent writer" in refused.error
    assert "function slow" in refused.error
    assert "task: Cats eat fish." in refused.text
    assert resumed.streams.endswith("done 1\n"), resumed.text


def test_a_run_that_another_kernel_drives_is_left_to_it(new_kernel):
    """A second kernel does not list a run that is going on in the first, and resuming it says who drives it."""
    first, second = new_kernel(), new_kernel()
    for kernel in (first, second):
        kernel.run(NODES)
        kernel.run("%%genxai graph g\nSTART -> slow -> END")
    first.wait_for(first.send("%%genxai run g\n"), "in slow")
    around = second.run("%genxai")
    busy = second.run("%genxai resume r1")
    first.kill()

    assert "resumable" not in around.text
    assert busy.content["ename"] == "RunBusy"
    assert "'r1' is being driven already, by process" in busy.error
    assert "resumable  r1 g (unfinished)" in second.run("%genxai").text
