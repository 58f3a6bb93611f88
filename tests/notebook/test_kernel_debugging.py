"""Pauses, breakpoints, questions and panels in a real kernel."""

from __future__ import annotations

import pytest

WIDGET = "application/vnd.jupyter.widget-view+json"
NODES = """
import asyncio
async def first(state):
    return {"first": 1}
async def slow(state):
    print("in slow", flush=True)
    await asyncio.sleep(0.2)
    return {"slow": 1}
async def last(state):
    return {"last": 1}
"""
GRAPH = "%%genxai graph g\nSTART -> first -> slow -> last -> END"
ASKING = '%%genxai graph ask\nnode ok = human "Publish?": choices [yes, no]\nSTART -> ok -> END'


def test_a_breakpoint_ends_the_cell_and_holds_back_queued_cells(kernel):
    """One calm line, no traceback; continue goes on and its cell waits."""
    kernel.run(NODES)
    kernel.run(GRAPH)
    kernel.run("%genxai break last")
    request = kernel.send("%%genxai run g --breaks\n")
    queued = kernel.send("print('ran after all')")
    stopped, held_back = kernel.wait_for(request), kernel.wait_for(queued)
    on = kernel.run("%genxai continue\nprint(result.state['last'])")
    kernel.run("%genxai break --clear")

    assert stopped.content["ename"] == "RunPaused"
    assert stopped.error.splitlines() == [
        "‖ Run r1 is paused before last, visit 1, after step 2: breakpoint 1.",
        "%genxai continue goes on from there, %genxai next takes one step.",
    ]
    assert held_back.streams == ""
    assert on.streams.endswith("1\n"), on.text


def test_strides_wait_and_keep_the_order_of_cells(kernel):
    """A stride that was sent with the next cell ends before it; a cell that looks answers at once."""
    kernel.run(NODES)
    kernel.run(GRAPH)
    begun = kernel.run("%%genxai debug g --interactive\n")
    requests = [
        kernel.send("%genxai next"),
        kernel.send("%genxai next"),
        kernel.send("df = %genxai state\nprint(list(df.index))"),
    ]
    replies = [kernel.wait_for(request) for request in requests]

    assert begun.seconds < 1
    assert [reply.status for reply in replies] == ["ok"] * 3
    assert replies[1].seconds > 0.15
    assert replies[2].streams == "['first', 'slow']\n"


def test_an_interrupt_stops_a_stride(kernel):
    """The run is left where it can be resumed."""
    kernel.run(NODES.replace("0.2", "30"))
    kernel.run(GRAPH)
    begun = kernel.send("%%genxai debug g --interactive\n")
    kernel.wait_for(begun)
    kernel.run("%genxai next")
    request = kernel.send("%genxai next")
    kernel.wait_for(begun, "in slow")  # what nodes print belongs to the cell of the run
    kernel.interrupt()
    stopped = kernel.wait_for(request)

    assert stopped.content["ename"] == "RunCancelled"
    assert "%genxai resume r1 goes on from there." in stopped.error


@pytest.fixture
def no_panels(kernel):
    """A kernel without the widget library."""
    kernel.run("import sys\nsys.modules['anywidget'] = None")
    yield
    kernel.run("import sys\ndel sys.modules['anywidget']")


def test_a_question_is_a_form_below_the_cell_where_no_panel_is_live(kernel, no_panels):
    """It comes as the notebook's own input, does not end the waiting, and is asked again if it does not fit."""
    kernel.run(ASKING)
    request = kernel.send("%%genxai run ask\n", allow_stdin=True)
    prompts = []
    for text in ("perhaps", "yes"):
        prompts.append(kernel.client.get_stdin_msg(timeout=10)["content"]["prompt"])
        kernel.client.input(text)
    ended = kernel.wait_for(request)

    assert prompts == ["◇ ok: Publish? (yes, no) "] * 2
    assert ended.status == "ok", ended.text
    assert kernel.run("print(result.state)").streams == "{'ok': 'yes'}\n"


def test_input_in_a_node_is_asked_in_the_notebook(kernel, no_panels):
    """Not by the worker thread, but as a question of the run."""
    kernel.run("def name(state):\n    return {'name': input('Your name?')}")
    kernel.run("%%genxai graph g\nSTART -> name")
    request = kernel.send("%%genxai run g\n", allow_stdin=True)
    prompt = kernel.client.get_stdin_msg(timeout=10)["content"]["prompt"]
    kernel.client.input("Ada")

    assert prompt == "◇ name: Your name? "
    assert kernel.wait_for(request).status == "ok"
    assert kernel.run("print(result.state)").streams == "{'name': 'Ada'}\n"
    plain = kernel.send("print(input('Plain?'))", allow_stdin=True)
    assert kernel.client.get_stdin_msg(timeout=10)["content"]["prompt"] == "Plain?"
    kernel.client.input("as ever")
    assert kernel.wait_for(plain).streams == "as ever\n"


def test_a_panel_is_shown_to_a_person_and_gives_way_to_the_record(kernel):
    """Panel first, nothing of it left at the end; the record takes the place that was kept for it."""
    kernel.run(NODES)
    kernel.run(GRAPH)
    reply = kernel.run("%%genxai run g\n", allow_stdin=True)

    kinds = [sorted(bundle) for bundle in reply.shown]
    assert [WIDGET, "text/plain"] in kinds
    updates = [bundle for bundle, _ in reply.updates]
    assert any("text/html" in bundle for bundle in updates)
    assert {"text/plain": ""} in updates
    assert not any("text/html" in bundle for bundle in reply.shown)


def test_debug_opens_a_panel_and_answers_at_once(kernel):
    """Lines beside it act on the same run; the record shows when it has ended."""
    kernel.run(NODES)
    kernel.run(GRAPH)
    begun = kernel.run("%%genxai debug g\n", allow_stdin=True)
    stride = kernel.run("%genxai next", allow_stdin=True)
    ended = kernel.run("%genxai continue\nprint(result.state)", allow_stdin=True)

    assert any(WIDGET in bundle for bundle in begun.shown)
    assert stride.text.splitlines()[0] == "‖ g stands before slow, visit 1, after step 1"
    assert any("text/html" in bundle for bundle, _ in ended.updates)
    assert "{'first': 1, 'slow': 1, 'last': 1}" in ended.streams
    again = kernel.run("%genxai show r1", allow_stdin=True)
    assert any(WIDGET in bundle for bundle in again.shown)
    assert not any(WIDGET in bundle for bundle in kernel.run("%genxai show r1").shown)


def test_nobody_there_shows_no_panel(kernel):
    """As in nbclient: the record stands in the output itself."""
    kernel.run(NODES)
    kernel.run(GRAPH)
    reply = kernel.run("%%genxai run g\n", allow_stdin=False)

    assert not any(WIDGET in bundle for bundle in reply.shown)
    assert any("text/html" in bundle for bundle in reply.shown)


def test_a_question_that_stands_in_a_panel_elsewhere_is_told_where_the_cell_waits(kernel):
    """The panel may be far above the cell that goes on with its run; in the panel's own cell nothing is said beside it."""
    kernel.run('%%genxai graph g\nSTART -> ok\nnode ok = human "Publish?": choices [yes, no], timeout 1s')
    asked = kernel.run("%%genxai run g\n", allow_stdin=True)
    kernel.run("%genxai break ok")
    kernel.run("%%genxai run g\n", allow_stdin=True)
    on = kernel.run("%genxai continue", allow_stdin=True)

    said = "◇ ok: Publish? (yes, no) Answer in the panel of run r2."
    assert any(WIDGET in bundle for bundle in asked.shown)
    assert said not in asked.text
    assert said in on.text
