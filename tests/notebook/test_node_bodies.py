"""print, input and breakpoint in the bodies of nodes, and models that stream."""

from __future__ import annotations

import builtins
import sys
from io import StringIO

import pytest

from genxai_nb import Agent, Graph
from genxai_nb.journal.events import Logged, Streamed
from genxai_nb.messages import TextDelta
from genxai_nb.notebook.extension import session_of
from genxai_nb.notebook.session import Started
from genxai_nb.notebook.typing_in import Asker
from genxai_nb.providers.scripted import Scripted

HEARD = """
from genxai_nb.notebook.extension import session_of
heard = []
def listen():
    session_of().latest.run.subscribe(heard.append)
"""


@pytest.fixture
def heard(run, shell, person):
    """What a debugged run tells its watchers."""
    run(HEARD)
    return run


def test_what_a_body_prints_goes_to_its_nodes_log_and_to_the_cell(heard, shell):
    """From a worker thread and from the loop; what is printed elsewhere, or to a file, goes to no log."""
    heard("import io\ndef one(state):\n    print('from', 'one', sep='-')\n    print('x', file=io.StringIO())")
    heard("async def two(state):\n    print('from two')")
    heard("%%genxai graph g\nSTART -> one -> two")
    heard("%%genxai debug g\n")
    heard("listen()")
    reply = heard("print('outside')\n%genxai continue")

    logged = [event for event in shell.user_ns["heard"] if isinstance(event, Logged)]
    assert logged == [Logged("one", "from-one"), Logged("two", "from two")]
    assert reply.streams.splitlines() == ["outside", "from-one", "from two"]


def test_input_in_a_body_becomes_a_question_to_a_person(run, person, shell):
    """Two equal questions are two; in an async body it says what to write instead."""
    run("def one(state):\n    return {'name': input('Name?'), 'again': input('Name?')}")
    run("%%genxai graph g\nSTART -> one")
    person("Ada", "Grace")
    run("%%genxai run g\n")
    assert shell.user_ns["result"].state == {"name": "Ada", "again": "Grace"}

    run("async def one(state):\n    return {'name': input('Name?')}")
    failed = run("%%genxai run g\n")
    assert "Node 'one' is async: it would hold up all runs here." in failed.error
    assert "await context.ask_human(...)" in failed.error


def test_input_without_a_person_takes_the_runs_answers(run, shell):
    """By node or prompt; else it fails and names the node."""
    run("def one(state):\n    return {'name': input('Name?')}")
    run("%%genxai graph g\nSTART -> one")
    failed = run("%%genxai run g\n")
    run("%%genxai run g\nanswers:\n  one: Ada")

    assert "Node 'one' asks 'Name?'" in failed.error
    assert shell.user_ns["result"].state == {"name": "Ada"}


def test_breakpoint_in_a_body_lets_the_run_stand_with_its_locals(run, person, shell):
    """The line and its locals are shown; continue lets the body end."""
    run("def one(state):\n    part = state['n'] * 2\n    breakpoint()\n    return {'part': part}")
    run("%%genxai graph g\nSTART -> one")
    run("%%genxai debug g\nn: 4")
    stands = run("%genxai next")
    gone = run("%genxai next")

    assert "breakpoint() in one, visit 1, line 3" in stands.text
    assert any(line.startswith("  inside   one, visit 1: one, cell in[") for line in stands.text.splitlines())
    assert "part = 8" in stands.text
    assert gone.status == "ok"
    assert shell.user_ns["result"].state["part"] == 8


def test_breakpoint_in_a_run_cell_ends_it_in_one_calm_line(run, person, shell):
    """As any breakpoint does; without a person it is passed."""
    run("def one(state):\n    breakpoint()\n    return {'ok': 1}")
    run("%%genxai graph g\nSTART -> one")
    stopped = run("%%genxai run g\n")
    run("%genxai continue")

    assert "‖ Run r1 is paused before" in stopped.error or "‖ Run r1 is paused" in stopped.error
    assert "breakpoint() in one, visit 1, line 2" in stopped.error
    assert shell.user_ns["result"].state == {"ok": 1}


def test_breakpoint_is_passed_where_nobody_is_there(run, shell):
    """The run goes to its end."""
    run("def one(state):\n    breakpoint()\n    return {'ok': 1}")
    run("%%genxai graph g\nSTART -> one")

    assert run("%%genxai run g\n").status == "ok"
    assert shell.user_ns["result"].state == {"ok": 1}


def test_a_body_may_pause_its_run(run, person, shell):
    """Await context.pause() stands and goes on there."""
    run("async def one(state, context):\n    await context.pause('to look')\n    return {'ok': 1}")
    run("%%genxai graph g\nSTART -> one")
    run("%%genxai debug g\n")
    stands = run("%genxai next")
    run("%genxai continue")

    assert "to look" in stands.text
    assert shell.user_ns["result"].state == {"ok": 1}


def test_unloading_puts_pythons_own_words_back(shell):
    """print, input and breakpoint are what they were."""
    ours = builtins.print, builtins.input, sys.breakpointhook
    shell.run_line_magic("unload_ext", "genxai_nb")
    theirs = builtins.print, builtins.input, sys.breakpointhook
    shell.run_line_magic("load_ext", "genxai_nb")

    assert not set(ours) & set(theirs)
    assert theirs[0] is ours[0].__wrapped__


STREAM = """
from genxai_nb import Agent, Graph
writer = Agent("writer", model="offline", task="Cats eat fish. Dogs bark. What do cats eat?")
graph = Graph("g").node("writer", writer).edge("START", "writer")
"""


async def test_a_slow_reader_of_a_run_loses_no_fact():
    """It gets the pieces of the model's answer too, and every fact in the order of the journal."""
    import asyncio

    names: dict = {}
    exec(STREAM, names)
    run = names["graph"].start({}, store=":memory:")
    pieces, facts = "", []
    async for event in run:
        await asyncio.sleep(0.002)  # slower than the run
        if isinstance(event, Streamed):
            pieces += event.delta.text if isinstance(event.delta, TextDelta) else ""
        else:
            facts.append(event)

    assert pieces == run.result().state["writer"]
    assert facts == run.events()[1:]


class Terminal(StringIO):
    """A screen that keeps what is written to it."""

    def isatty(self) -> bool:
        """Say that somebody looks at it."""
        return True


def shown_live(shell, run, monkeypatch) -> str:
    """What a terminal has been shown by the end of a run that was waited for."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    asker = Asker(session_of(shell), Started(run, session_of(shell).cell(), None, "result"))
    run.subscribe(lambda event: asker.look() if isinstance(event, Streamed) else None)
    run.resume()
    asker.close()
    return screen.getvalue()


def test_a_terminal_shows_what_a_model_is_saying(shell, person, monkeypatch):
    """One live line with the end of the text, cleared before anything else is shown."""
    names: dict = {}
    exec(STREAM, names)
    shown = shown_live(shell, names["graph"].start({}, store=":memory:"), monkeypatch)

    assert "▶ writer: " in shown
    assert shown.endswith("\r\x1b[K")


def test_a_terminal_shows_no_known_secret_that_a_model_says(shell, person, monkeypatch):
    """A key stands by its name in the live line too, which no journal has cleaned."""
    secret = "sk-proj-0123456789abcdefghij"
    monkeypatch.setenv("SOME_API_KEY", secret)
    script = Scripted(lambda request: [TextDelta(f"It is {secret}."), TextDelta(" Keep it.")], name="telling")
    graph = Graph("g").node("writer", Agent("writer", model=script.model)).edge("START", "writer")
    shown = shown_live(shell, graph.start({}, store=":memory:"), monkeypatch)

    assert "It is [secret SOME_API_KEY]. Keep it." in shown
    assert secret not in shown
