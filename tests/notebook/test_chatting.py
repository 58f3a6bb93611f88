"""The cell ``chat``: a live panel where there can be one, lines of text elsewhere, one conversation over restarts."""

from __future__ import annotations

import pytest

from genxai_nb import Agent
from genxai_nb.errors import InputError, SetupError

WIDGET = "application/vnd.jupyter.widget-view+json"
ENDS = """
import threading
chat = genxai_session().chats["clerk"]
over = threading.Event()
chat.panel.observe(lambda told: over.set() if told["new"]["can"]["say"] else None, "run")
chat.panel.desk.refresh()
assert chat.panel.run["can"]["say"] or over.wait(10)
chat.panel.close()
"""
SESSION = "from genxai_nb.notebook.extension import session_of as genxai_session"
KNOWS = "print([m.text for m in clerk.conversation])"


def define(kernel, cells):
    """Define the clerk, who says what was said to it."""
    for code in (SESSION, cells.echo, cells.clerk):
        reply = kernel.run(code)
        assert reply.status == "ok", reply.text


def test_a_terminal_answers_the_first_message_and_says_how_to_go_on(run, person, cells):
    """There the answer is a line of text, and ask goes on with the same conversation."""
    run(cells.echo)
    run(cells.clerk)
    first = run("%%genxai chat clerk\nHello there")
    assert "You said: Hello there" in first.text
    assert "Go on with: %genxai ask clerk TEXT" in first.text
    run("%genxai ask clerk And again")
    again = run("%genxai chat clerk")

    assert "The conversation goes on after 2 turns." in again.text
    assert "you: Hello there\nclerk: You said: Hello there\n\nyou: And again" in again.text
    assert run(KNOWS).streams.count("You said") == 2
    assert "r1" in run("%genxai show r1").text or "Done" in run("%genxai show r1").text


def test_what_cannot_be_done_is_said(run, cells):
    """An unknown agent, an unknown option and a store of its own are refused with what to do."""
    run(cells.echo)
    run(cells.clerk)

    assert "clerk" in run("%genxai chat clerc").error
    assert "--new" in run("%%genxai chat clerk --neww\nHi").error
    assert "GENXAI_STORE" in run("clerk.chat('Hi', store=':memory:')").error


def test_python_opens_a_chat_too(run, cells):
    """The agent's method and the verb's function are the cell's twins."""
    run(cells.echo)
    run(cells.clerk)
    assert "You said: Hi" in run("clerk.chat('Hi')").text
    assert "You said: Ho" in run("import genxai_nb.notebook as nb\nnb.chat('clerk', 'Ho')").text


def test_a_script_is_told_that_a_chat_needs_a_notebook():
    """Without the extension there is nobody to open one."""
    with pytest.raises(SetupError, match="needs a notebook") as caught:
        Agent("clerk").chat()
    assert "ask(" in caught.value.hint
    with pytest.raises(InputError, match="journal"):
        Agent("clerk").chat(store=":memory:")


def test_the_cell_opens_a_panel_and_returns_at_once(kernel, cells):
    """A record that holds the place, then the widget; the first message is answered while the cell is over."""
    define(kernel, cells)
    reply = kernel.run("%%genxai chat clerk --as said\nHello", allow_stdin=True)
    assert [WIDGET in bundle for bundle in reply.shown] == [False, True]
    assert "gx-record" in reply.shown[0]["text/html"]
    assert "○ Not answered yet" in reply.shown[0]["text/plain"]
    ended = kernel.run(ENDS)
    assert ended.status == "ok", ended.text

    records = [bundle["text/plain"] for bundle, where in ended.updates if where.startswith("genxai-chat-")]
    assert "clerk: You said: Hello" in records[-1]
    assert "You said: Hello" in kernel.run("print(said)").streams
    assert "Done" in kernel.run("%genxai show").text
    assert "short_term" in kernel.run("%genxai memory clerk").text


def test_what_is_asked_in_another_cell_belongs_to_the_chat(kernel, cells):
    """The answer stands in that cell and in the chat's record, and the agent knows it once."""
    define(kernel, cells)
    kernel.run("%%genxai chat clerk\nHello", allow_stdin=True)
    assert kernel.run(ENDS.replace("chat.panel.close()", "")).status == "ok"
    asked = kernel.run("%genxai ask clerk And here?", allow_stdin=True)
    assert "You said: And here?" in asked.text
    ended = kernel.run(ENDS)

    updates = [*asked.updates, *ended.updates]
    records = [bundle["text/plain"] for bundle, where in updates if where.startswith("genxai-chat-")]
    assert "you: Hello\nclerk: You said: Hello\n\nyou: And here?\nclerk: You said: And here?" in records[-1]
    assert (
        kernel.run(KNOWS).streams == f"{['Hello', 'You said: Hello', 'And here?', 'You said: And here?']}\n"
    )


def test_nobody_there_gets_the_record_and_running_again_asks_nothing_again(kernel, cells):
    """A notebook that is executed waits for the answer; the same cell once more says that this was said."""
    define(kernel, cells)
    first = kernel.run("%%genxai chat clerk\nHello")
    again = kernel.run("%%genxai chat clerk\nHello")
    assert "No chat panel" not in first.text
    assert "Nobody is there to write to clerk." in again.text

    assert not any(WIDGET in bundle for bundle in [*first.shown, *again.shown])
    assert "you: Hello\nclerk: You said: Hello" in first.text
    assert "What this cell says first was said in it." in again.text
    assert again.text.count("you: Hello") == 1
    assert kernel.run("import genxai_nb\nprint(len(genxai_nb.run_log()))").streams == "1\n"


def test_a_failed_answer_fails_the_cell_where_nobody_is_there(kernel, cells):
    """The error is raised, and the record tells of it all the same."""
    kernel.run(SESSION)
    kernel.run("from genxai_nb.providers.scripted import Scripted\nnone = Scripted([]).model")
    kernel.run("%%genxai agent clerk\nmodel: $none")
    reply = kernel.run("%%genxai chat clerk\nHello")

    assert reply.status == "error"
    assert "has no reply" in reply.error
    assert any("✕ Failed" in bundle["text/plain"] for bundle in reply.shown)


def test_a_new_kernel_goes_on_with_the_conversation_unless_it_is_told_not_to(new_kernel, cells):
    """After a restart the agent knows what was said in the chat, also if it was asked before; --new begins anew."""
    before = new_kernel()
    define(before, cells)
    before.run("%genxai ask clerk Aside")
    for text in ("One", "Two"):
        before.run(f"%%genxai chat clerk\n{text}", allow_stdin=True)
        assert before.run(ENDS).status == "ok"
    before.kill()

    after = new_kernel()
    define(after, cells)
    after.run("%genxai ask clerk Aside")
    opened = after.run("%%genxai chat clerk\nOne", allow_stdin=True)
    record = opened.shown[0]["text/plain"]
    assert record.splitlines()[0] == "clerk: chat, 2 turns"
    assert "you: One\nclerk: You said: One\n\nyou: Two\nclerk: You said: Two" in record
    hint = after.run("print(genxai_session().chats['clerk'].panel.hint)").streams
    assert "The conversation goes on after 2 turns." in hint
    knows = after.run(KNOWS).streams
    assert knows == f"{['Aside', 'You said: Aside', 'One', 'You said: One', 'Two', 'You said: Two']}\n"

    new = after.run("%%genxai chat clerk --new\nThree", allow_stdin=True)
    assert after.run(ENDS).status == "ok"
    assert new.shown[0]["text/plain"].splitlines()[0] == "clerk: chat, 1 turn"
    assert after.run(KNOWS).streams == f"{['Three', 'You said: Three']}\n"
