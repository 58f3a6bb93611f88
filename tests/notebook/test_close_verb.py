"""Letting go of what a notebook holds open."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"
WIDGET = "application/vnd.jupyter.widget-view+json"
WAITING = """
import asyncio
async def first(state):
    return {"first": 1}
async def slow(state):
    print("in slow", flush=True)
    await asyncio.sleep(opened)
    return {"slow": 1}
opened = 60
"""
GRAPH = "%%genxai graph g\nSTART -> first -> slow -> END"
OPEN_FILES = (
    "import os; print([f for f in map(os.path.realpath, os.scandir('/proc/self/fd')) if 'journal.db' in f])"
)


@pytest.fixture
def kernel(new_kernel):
    """A kernel of its own, in which nothing was opened before."""
    return new_kernel()


def test_a_notebook_that_has_done_nothing_has_nothing_open(kernel):
    """It says so, and so does the second of two closings."""
    nothing = kernel.run("%genxai close").text
    kernel.run("%%genxai agent writer")
    first, second = kernel.run("%genxai close").text, kernel.run("%genxai close").text

    assert nothing == second == "Nothing was open."
    assert first.splitlines()[0] == "closed:"


def test_the_journal_is_let_go_of_and_opened_again(kernel, tmp_path):
    """No file of it is open after that; what ran is there as before, and more can run."""
    kernel.run("async def one(state):\n    return {'one': 1}")
    kernel.run("%%genxai graph g\nSTART -> one -> END")
    kernel.run("%%genxai run g\n")
    before = kernel.run(OPEN_FILES).streams
    closed = kernel.run("%genxai close").text
    after = kernel.run(OPEN_FILES).streams
    runs = kernel.run("%%genxai run g\n\n").text, kernel.run("df = %genxai runs\nprint(len(df))").streams

    assert "journal.db" in before
    assert closed == (
        f"closed:\n  journal {tmp_path}/.genxai/journal.db\nWhat is needed again is opened again."
    )
    assert after == "[]\n"
    assert runs[0].startswith("g: ✓ Done")
    assert runs[1] == "2\n"


def test_a_run_that_goes_on_is_not_closed_by_accident(kernel):
    """The error names it and what to do, and it goes on; with --force it is stopped and can be resumed."""
    kernel.run(WAITING)
    kernel.run(GRAPH)
    begun = kernel.send("%%genxai run g --detach\n")
    kernel.wait_for(begun, "in slow")
    refused = kernel.run("%genxai close")
    status = kernel.run(
        "from genxai_nb.notebook.extension import session_of\nprint(session_of().run().status)"
    )
    forced = kernel.run("%genxai close --force")
    kernel.run("opened = 0")
    resumed = kernel.run("%genxai resume r1\nprint(result.state)")

    assert "Run r1 of g goes on. Nothing was closed." in refused.error
    assert "%genxai wait r1, or %genxai close --force, which stops it: it can be resumed." in refused.error
    assert status.streams == "running\n"
    assert "  run r1 (%genxai resume r1 goes on)" in forced.text
    assert resumed.streams.endswith("{'first': 1, 'slow': 1}\n"), resumed.text


def test_a_run_that_stands_is_let_go_of_with_its_panel(kernel):
    """The panel's place is taken by the record, and another process may go on with the run."""
    kernel.run(WAITING.replace("60", "0"))
    kernel.run(GRAPH)
    begun = kernel.run("%%genxai debug g --interactive\n", allow_stdin=True)
    kernel.run("%genxai next", allow_stdin=True)
    closed = kernel.run("%genxai close", allow_stdin=True)
    panel = kernel.run(
        "from genxai_nb.notebook.extension import session_of\nprint(session_of().latest.panel)"
    )
    elsewhere = kernel.run(
        "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', "
        '\'from genxai_nb.journal import open_store\\nwith open_store().lease("r1"): print("had")\''
        "], capture_output=True, text=True))"
    )

    assert any(WIDGET in bundle for bundle in begun.shown)
    assert "  run r1 (%genxai resume r1 goes on)" in closed.text
    assert panel.streams == "None\n"
    assert "had" in elsewhere.streams, elsewhere.streams


def test_a_chat_is_let_go_of_and_goes_on_later(kernel, cells):
    """Its panel goes, what was said stays: running its cell again goes on with it."""
    kernel.run(cells.echo)
    kernel.run(cells.clerk)
    opened = kernel.run("%genxai chat clerk Hello.", allow_stdin=True)
    kernel.run("%genxai wait")
    closed = kernel.run("%genxai close", allow_stdin=True)
    panel = kernel.run(
        "from genxai_nb.notebook.extension import session_of\nprint(session_of().chats['clerk'].panel)"
    )
    again = kernel.run("%genxai chat clerk Again.", allow_stdin=True)

    assert any(WIDGET in bundle for bundle in opened.shown), opened.text
    assert "  the chat with clerk" in closed.text
    assert panel.streams == "None\n"
    assert any(WIDGET in bundle for bundle in again.shown)
    assert kernel.run("print(len(session_of().chats['clerk'].turns))").streams == "2\n"


def test_servers_and_processes_end(kernel, tmp_path):
    """A server of MCP and the processes that run code are gone, and are started again on demand."""
    (tmp_path / "about.json").write_text('{"mirror": "Turn a text round."}')
    kernel.run(
        "import psutil\nfrom genxai_nb.loop import run_sync\nfrom genxai_nb.tools.mcp import McpServer\n"
        "from genxai_nb.tools.registry import find\n"
        f"server = McpServer('mirror', [{sys.executable!r}, {str(SUPPORT / 'mcp_tools.py')!r}, 'about.json'], timeout=20)\n"
        "def use():\n"
        "    (mirror,) = server.tools()\n"
        "    return mirror(text='abc').split()[0], run_sync(find('code_executor')(code='1 + 1', level='safe')).value\n"
        "def children():\n"
        "    return len(psutil.Process().children())"
    )
    used = kernel.run("print(use(), children() > 0)")
    closed = kernel.run("%genxai close")
    after = kernel.run("psutil.wait_procs(psutil.Process().children(), 10)\nprint(children())")
    again = kernel.run("print(use())")

    assert used.streams == "('cba', 2) True\n", used.text
    assert "  MCP server mirror\n  the code executor" in closed.text
    assert after.streams == "0\n"
    assert again.streams == "('cba', 2)\n", again.text


def test_connections_to_models_end(kernel):
    """Each client is closed, and the next answer makes another."""
    begun = kernel.run(
        f"import os, sys\nsys.path.insert(0, {str(SUPPORT)!r})\n"
        "from chat_chunks import DONE, chunk\nfrom model_server import serving\n"
        "from genxai_nb import Agent\nfrom genxai_nb.providers.clients import _clients\n"
        "context = serving()\nserver = context.__enter__()\n"
        "server.answers = [[chunk(content=text), chunk('stop'), DONE] for text in ('one', 'two')]\n"
        "writer = Agent('writer', model=f'local:{server.url}#m')\n"
        "print(writer.ask('Say one').text, len(_clients))"
    )
    closed = kernel.run("%genxai close\nprint(len(_clients))")
    again = kernel.run("print(writer.ask('Say two').text)\ncontext.__exit__(None, None, None)")

    assert begun.streams == "one 1\n", begun.text
    assert "  1 connection to models" in closed.text
    assert closed.streams == "0\n"
    assert again.streams == "two\n", again.text


def test_closing_is_a_function_too(kernel):
    """With force as its option."""
    kernel.run(WAITING)
    kernel.run(GRAPH)
    begun = kernel.send("%%genxai run g --detach\n")
    kernel.wait_for(begun, "in slow")
    closed = kernel.run("import genxai_nb.notebook\ngenxai_nb.notebook.close(force=True)")

    assert "  run r1 (%genxai resume r1 goes on)" in closed.text, closed.error
