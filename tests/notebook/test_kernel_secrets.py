"""A key in the environment of a kernel turns up in nothing that leaves it."""

from __future__ import annotations

import json

CANARY = "canary-7d1f40b2c9-tell-nobody"
SETUP = """
import os
from genxai_nb.providers.scripted import Scripted
parrot = Scripted(lambda request: "You said " + request.messages[-1].text).model
def tell(state, context):
    key = os.environ["OPENAI_API_KEY"]
    context.log(f"logged {key}")
    return {"told": True}
async def ask(state, context):
    reply = await context.model("My key is " + os.environ["OPENAI_API_KEY"], model=parrot)
    return {"said": reply.message.text}
def fail(state):
    key = os.environ["OPENAI_API_KEY"]
    raise ValueError(f"cannot log in with {key}")
"""
CELLS = (
    SETUP,
    "%%genxai graph talk\nSTART -> tell -> ask",
    "%%genxai run talk\n",
    "%genxai timeline",
    "%genxai state",
    "%%genxai debug talk --interactive\n",
    "%genxai step",
    "%genxai step",
    "%genxai step",
    "%genxai held",
    "%genxai continue",
    "%genxai close",
    "%%genxai graph bad\nSTART -> fail",
    "%%genxai run bad\n",
    "%genxai why",
    "%genxai debug",
    "%genxai doctor",
    "%%genxai agent clerk\nmodel: $parrot\nmemory: short_term, semantic",
    "clerk.ask('My token is ' + os.environ['OPENAI_API_KEY'] + ', keep it in mind.')",
    "%genxai memory clerk",
    "%genxai export talk talk.py",
    "%genxai",
)


def sent(kernel, cell):
    """All that the kernel sends while a cell runs: outputs, widgets, the reply."""
    client, request, found = kernel.client, kernel.send(cell), []
    while True:
        message = client.get_iopub_msg(timeout=20)
        own = message["parent_header"].get("msg_id") == request
        if message["msg_type"] != "execute_input":
            found.append(json.dumps(message["content"], default=str))
        if own and message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            found.append(json.dumps(client.get_shell_msg(timeout=5)["content"], default=str))
            return found


def test_a_key_leaves_the_kernel_by_no_way(new_kernel, tmp_path, monkeypatch):
    """Outputs, errors, widgets, journal, memory and script hold the name of the key, and never its value.

    What a person prints is theirs.
    """
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    kernel = new_kernel()
    leaks = {cell: [text for text in sent(kernel, cell) if CANARY in text] for cell in CELLS}
    kept = [
        path.name for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()
    ]

    assert {cell: texts for cell, texts in leaks.items() if texts} == {}
    assert kept == []
    assert (tmp_path / "talk.py").is_file()


def test_what_was_said_of_a_key_is_told_by_its_name(new_kernel, monkeypatch):
    """A reader of the record sees that a key stood there, and which one."""
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    kernel = new_kernel()
    for cell in CELLS[:2]:
        kernel.run(cell)

    assert "[secret OPENAI_API_KEY]" in kernel.run(CELLS[2]).text
