"""Secrets stay where they are: not in text, not in the journal, not in what is pickled."""

from __future__ import annotations

import copy
import os
import pickle
from pathlib import Path

import pytest

from genxai_nb import Agent, Graph, Run, Secret
from genxai_nb.errors import InputError, NodeFailed, NotStorable
from genxai_nb.journal.events import CallFinished, CallStarted
from genxai_nb.messages import ModelRequest, user
from genxai_nb.providers.scripted import Scripted
from genxai_nb.secrets import find_secrets, held_secret, learn_environment, mask, redact, scrub

CANARY = "canary-5f3a9c17e2-do-not-tell"


@pytest.fixture
def canary(monkeypatch):
    """A key in the environment that must turn up nowhere."""
    monkeypatch.setenv("CANARY_API_KEY", CANARY)
    learn_environment()
    return CANARY


@pytest.mark.parametrize("show", [repr, str, format, ascii, lambda secret: f"{secret!s:>40}"])
def test_a_secret_shows_its_name_only(show):
    """However a secret is turned into text, its value is not in it."""
    secret = Secret("s3cr3t-value-of-mine", name="SERVICE_KEY")
    assert "s3cr3t" not in show(secret)
    assert "SERVICE_KEY" in show(secret)
    assert secret.reveal() == "s3cr3t-value-of-mine"


def test_a_secret_is_not_pickled():
    """Pickling is refused; a copy is the secret itself."""
    secret = Secret("s3cr3t-value-of-mine")
    with pytest.raises(NotStorable):
        pickle.dumps(secret)
    assert copy.deepcopy([secret])[0] is secret
    assert copy.copy(secret) == secret


def test_a_secret_in_the_state_is_refused_by_its_place(tmp_path):
    """A body that returns a secret fails with the path to it, and the journal's file does not hold it."""

    def sign(state):
        return {"login": {"key": Secret("s3cr3t-value-of-mine", name="SERVICE_KEY")}}

    graph = Graph("signing")
    graph.node("sign", sign)
    graph.edge("START", "sign")
    with pytest.raises(NodeFailed) as caught:
        graph.run({}, store=str(tmp_path / "journal.db"))
    assert "login.key is a secret" in str(caught.value)
    assert not kept(tmp_path, "s3cr3t-value")


@pytest.mark.parametrize("value", ["", None, 12, b"bytes"])
def test_a_secret_is_text(value):
    """What is no text, or empty, is refused without being shown."""
    with pytest.raises(InputError):
        Secret(value)


def test_a_variable_that_is_not_set_is_named(monkeypatch):
    """Reading a secret from a variable that is not there names the variable."""
    monkeypatch.delenv("NOBODY_SET_THIS_KEY", raising=False)
    with pytest.raises(InputError, match="NOBODY_SET_THIS_KEY"):
        Secret.from_environment("NOBODY_SET_THIS_KEY")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("sk-proj-abcdefghijklmnop0123456789", "an OpenAI key"),
        ("sk-" + "ant-" + "api03-abcdefghij0123", "an Anthropic key"),
        ("AIza" + "a1B2c" * 7, "a Google key"),
        ("AKIAIOSFODNN7EXAMPLE", "an AWS key"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "a GitHub token"),
        ("xoxb-" + "123456789012-abcdefGHIJ", "a Slack token"),
        ("hf_abcdefghijklmnopqrstuvwxyz0123456789", "a Hugging Face token"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("postgresql://ann:pa55word@db/x", "a password in an address"),
        ("api_key = 'a1b2c3d4e5f6g7h8'", "a key in an assignment"),
        ('{"password": "hunter2hunter2"}', "a key in an assignment"),
    ],
)
def test_what_looks_like_a_key_is_found(text, what):
    """Keys of common forms are found in the middle of text, and taken out by what they are."""
    inside = f"before {text} after"
    assert [finding.what for finding in find_secrets(inside)] == [what]
    assert mask(inside).startswith("before ")
    assert text not in mask(inside)


@pytest.mark.parametrize(
    "text",
    [
        "The task-force-of-the-ministry-of-transport met.",
        "api_key = os.environ['OPENAI_API_KEY']",
        "token = 'short'",
        "postgresql://localhost/runs",
        "commit 495ce9b0c1a2d3e4f5a6b7c8d9e0f1a2b3c4d5e6",
        "550e8400-e29b-41d4-a716-446655440000",
        "password = '{password_from_the_form}'",
        "https://example.org/a:b@c",
        "max_tokens: 4096",
    ],
)
def test_ordinary_text_is_no_key(text):
    """Hashes, ids, names of variables and ordinary words are let be."""
    assert find_secrets(text) == []


def test_short_or_plain_values_are_not_known(monkeypatch):
    """A password that is an ordinary word does not make that word unspeakable."""
    monkeypatch.setenv("A_TEST_PASSWORD", "postgres")
    monkeypatch.setenv("ANOTHER_TEST_PASSWORD", "administrator")
    learn_environment()
    assert redact("postgres administrator") == "postgres administrator"


def test_a_key_that_takes_the_place_of_another_is_known(canary, monkeypatch):
    """A variable that gets a new value in a running program is read again."""
    monkeypatch.setenv("CANARY_API_KEY", "another-71aa0c8843-key")
    learn_environment()
    assert redact(f"another-71aa0c8843-key {canary}") == "[secret CANARY_API_KEY] [secret CANARY_API_KEY]"


def test_known_values_are_taken_out_of_messages(canary):
    """A request keeps its type; only the text with the value in it is another one."""
    request = ModelRequest(model="offline", messages=(user("hello"), user(f"my key is {canary}")))
    clean = scrub(request)
    assert clean.messages[0] is request.messages[0]
    assert clean.messages[1].text == "my key is [secret CANARY_API_KEY]"
    assert scrub({"plain": ["text", 1]}) == {"plain": ["text", 1]}


@pytest.mark.parametrize("where", ["journal.db", ":memory:"])
def test_a_key_that_is_said_is_not_recorded(canary, tmp_path, where):
    """What a model is asked and answers is recorded with the name of the key in place of its value."""
    store = str(tmp_path / where) if where != ":memory:" else where
    model = Scripted([f"You said {canary}."]).model
    graph = Graph("desk")

    async def ask(state, context):
        reply = await context.model(f"My key is {os.environ['CANARY_API_KEY']}", model=model)
        return {"said": reply.message.text}

    graph.node("ask", ask)
    graph.edge("START", "ask")
    run = graph.start({}, store=store)
    result = run.resume()
    assert result.state["said"] == "You said [secret CANARY_API_KEY]."
    calls = [event for event in run.events() if isinstance(event, CallStarted | CallFinished)]
    assert len(calls) == 2
    assert not any(canary in str(event) for event in run.events())
    assert not kept(tmp_path, canary)


@pytest.mark.parametrize("where", ["journal.db", ":memory:"])
def test_a_key_in_the_state_stops_the_node(canary, tmp_path, where):
    """A body that writes a key into the state fails with its place, before anything of it is recorded."""
    store = str(tmp_path / where) if where != ":memory:" else where
    graph = Graph("leak")
    graph.node("leak", lambda state: {"seen": [os.environ["CANARY_API_KEY"]]})
    graph.edge("START", "leak")
    with pytest.raises(NodeFailed) as caught:
        graph.run({}, store=store)
    assert "seen[0] holds the value of CANARY_API_KEY" in str(caught.value)
    assert "from_environment" in caught.value.__cause__.hint
    assert not kept(tmp_path, canary)


def test_a_key_in_the_input_is_refused(canary, tmp_path):
    """A run is not begun with a key in its input."""
    graph = Graph("leak")
    graph.node("rest", lambda state: {})
    graph.edge("START", "rest")
    with pytest.raises(NotStorable, match="CANARY_API_KEY"):
        graph.run({"key": canary}, store=str(tmp_path / "journal.db"))
    with pytest.raises(NotStorable, match="CANARY_API_KEY"):
        graph.run({"key": canary}, store=":memory:")


def test_a_key_in_an_error_is_not_recorded(canary, tmp_path):
    """The text of an exception is recorded without the key in it."""

    def fail(state):
        message = f"cannot log in with {os.environ['CANARY_API_KEY']}"
        raise ValueError(message)

    graph = Graph("failing")
    graph.node("fail", fail)
    graph.edge("START", "fail")
    with pytest.raises(NodeFailed) as caught:
        graph.run({}, store=str(tmp_path / "journal.db"))
    events = Run.load(caught.value.run_id, store=str(tmp_path / "journal.db")).events()
    assert "cannot log in with [secret CANARY_API_KEY]" in str(events)
    assert not kept(tmp_path, canary)


def test_a_key_in_a_definition_is_not_kept(tmp_path):
    """The text of a definition goes into the journal without what looks like a key."""
    key = "sk-proj-abcdefghijklmnop0123456789"
    agent = Agent("clerk", instructions=f"Use {key} to log in.", model=Scripted(["Yes."]).model)
    agent.ask("Ready?", store=str(tmp_path / "journal.db"))
    assert not kept(tmp_path, f"instructions: Use {key}")


def test_the_escaped_form_of_a_value_is_found_in_bytes():
    """A value with a quote in it is found in JSON, where the quote is escaped."""
    Secret('quo"te-1234567890-x', name="QUOTED")
    assert held_secret(b'{"a":"quo\\"te-1234567890-x"}') == "QUOTED"


def test_a_value_whose_text_raises_is_looked_through(canary):
    """While secrets are known, a value that cannot even be shown still passes through the memory store."""

    class Shy:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    graph = Graph("shy")
    graph.node("a", lambda state: {"shy": Shy()})
    graph.edge("START", "a")
    assert type(graph.run({}, store=":memory:").state["shy"]) is Shy


def test_a_secret_may_be_made_while_a_text_is_looked_through():
    """As another thread does it that reads a key while a run is recorded."""

    class Interrupted(str):
        """A text in which looking for a value takes so long that a secret is made meanwhile."""

        __slots__ = ()

        def __contains__(self, value: str) -> bool:
            Secret(f"made-meanwhile-{os.urandom(8).hex()}", name="MEANWHILE")
            return str.__contains__(self, value)

    Secret("there-before-0123456789", name="BEFORE")
    text = Interrupted("it is there-before-0123456789")
    assert redact(text) == "it is [secret BEFORE]"
    assert held_secret(text) == "BEFORE"


def test_nothing_is_left_of_a_value_that_begins_with_another_one():
    """The longer one is hidden whole."""
    Secret("begin-0123456789", name="SHORT")
    Secret("begin-0123456789-and-more", name="LONG")
    assert redact("a begin-0123456789-and-more b") == "a [secret LONG] b"


def kept(folder: Path, text: str) -> bool:
    """Whether a text stands in any file of a folder."""
    return any(text.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())
