"""Servers of one's own by ``local:URL#MODEL``."""

from __future__ import annotations

import socket

import pytest
from chat_chunks import DONE, chunk
from model_server import Refusal

from genxai_nb.errors import Authentication, ConnectionLost, DefinitionError, ProviderError
from genxai_nb.messages import ModelReply, ToolSpec, Usage, assistant
from genxai_nb.providers.local import Local
from genxai_nb.providers.registry import find_provider, window_of
from genxai_nb.providers.vendors import extras_of

HI = [chunk(content="Hi."), chunk("stop"), DONE]


async def test_local_server_is_asked_without_any_key(server, ask, monkeypatch):
    """The vendor's key stays at home; the limit of the answer has its older name."""
    server.answers = [HI]
    *_, reply = await ask(find_provider(f"local:{server.url}#llama3.2"), max_tokens=50)
    assert reply.message.text == "Hi."
    assert (server.requests[0]["model"], server.requests[0]["max_tokens"]) == ("llama3.2", 50)
    assert "canary" not in str(server.headers)


async def test_parallel_calls_are_asked_for_unless_the_server_knows_no_such_thing(server, ask):
    """llama.cpp makes several calls a turn only if asked to; a server that refuses that is asked without."""
    body = {"message": "parallel_tool_calls: Extra inputs are not permitted"}
    server.answers = [HI, Refusal(422, {"error": body}), HI]
    spec = ToolSpec("look", "Look.", {"type": "object", "properties": {}})
    provider = Local(f"{server.url}#several")
    await ask(provider, tools=(spec,))
    await ask(provider, tools=(spec,))
    assert [request.get("parallel_tool_calls") for request in server.requests] == [True, True, None]


async def test_local_server_with_a_key_gets_its_own(server, ask, monkeypatch):
    """``GENXAI_LOCAL_KEY`` is sent where it is set, and named where it is wanted."""
    server.answers = [Refusal(401, {"error": {"message": "Key?"}}), HI]
    provider = find_provider(f"local:{server.url}#m")
    with pytest.raises(Authentication, match="wants a key.*Set GENXAI_LOCAL_KEY"):
        await ask(provider)
    monkeypatch.setenv("GENXAI_LOCAL_KEY", "own-key-0123456789")
    await ask(provider)
    assert server.headers[-1]["authorization"] == "Bearer own-key-0123456789"


async def test_server_that_is_not_there_is_told_how_to_start(ask):
    """Nothing listening says what to type, and may be tried again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConnectionLost, match=rf"Nothing answers at http://127.0.0.1:{port}/v1.*ollama serve"):
        await ask(Local(f"http://127.0.0.1:{port}#m"))


async def test_model_that_is_not_loaded_is_named(server, ask):
    """A server's 404 is about the model, with where its list is."""
    server.answers = [Refusal(404, {"error": {"message": "model 'm' not found"}})]
    with pytest.raises(ProviderError, match="knows no model 'm'.*/models"):
        await ask(Local(f"{server.url}#m"))


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("", "has no URL of a server"),
        ("llama3.2", "has no URL of a server"),
        ("localhost:11434#llama3.2", "has no URL of a server"),
        ("http://localhost:11434/v1", "names no model"),
        ("http://localhost:11434/v1# ", "names no model"),
        ("http://user:password@localhost/v1#m", "more than an address.*GENXAI_LOCAL_KEY"),
        ("http://localhost/v1?key=abc#m", "more than an address"),
    ],
)
def test_name_of_a_local_model_is_checked(place: str, said: str):
    """What is missing or too much is said with an example; a password is never repeated."""
    with pytest.raises(DefinitionError, match=said) as caught:
        find_provider(f"local:{place}")
    assert "password" not in str(caught.value)


def test_address_without_a_path_gets_the_usual_one():
    """Who gives only host and port means ``/v1``; models may have colons and slashes."""
    assert Local("http://localhost:11434/#qwen3:8b").url == "http://localhost:11434/v1"
    assert Local("http://localhost:1234/api/v3#org/model").url == "http://localhost:1234/api/v3"
    assert Local("http://localhost:1234#org/model:8b").model == "org/model:8b"


def test_price_of_a_local_model():
    """This machine costs nothing, a known service its price, and any other place is not known."""
    reply = ModelReply(message=assistant("Hi."), usage=Usage(input=1000, output=1000), raw={})
    assert Local("http://127.0.0.1:1234#m").price(reply) == 0.0
    assert Local("http://[::1]:1234#m").price(reply) == 0.0
    assert Local("https://gpu.example.org/v1#m").price(reply) is None
    assert Local("https://api.groq.com/openai/v1#llama-3.3-70b-versatile").price(reply) > 0


def test_window_of_a_local_model_is_not_known(llmock):
    """Only a vendor's window can be looked up; offline there is none."""
    assert window_of("local:http://localhost:1#m") is None
    assert window_of("offline") is None
    assert window_of("openai:gpt-4o") == 128_000
    assert window_of("openai:gpt-nobody-knows") is None


def test_extra_of_each_model():
    """A local model needs the vendor's package, models of ours none, a route what its models need."""
    models = ("openai:gpt-5", "local:http://h#m", "anthropic:c", "offline", "route:google:g, cohere:c")
    assert [extras_of(model) for model in models] == [
        {"openai"},
        {"openai"},
        {"anthropic"},
        set(),
        {"google", "cohere"},
    ]
