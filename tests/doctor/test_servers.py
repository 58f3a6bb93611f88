"""Which servers of this machine answer, and that no other machine is asked."""

from __future__ import annotations

import socket

import pytest
from hostile_web import hostile_server
from model_server import Plain, Refusal, serving

from genxai_nb.doctor import Place, find_servers
from genxai_nb.doctor.servers import places

MODELS = Plain({"object": "list", "data": [{"id": name} for name in ("llama3.2", "qwen3", "gemma3", "phi4")]})


def looked_at(answer, *, meant: bool = False):
    """What is found of a server that answers so."""
    with serving() as server:
        server.answers = [answer]
        (finding,) = find_servers([Place("Ollama", f"{server.url}/v1", meant=meant)])
        assert server.paths == ["/v1/models"]
        assert "authorization" not in server.headers[0]
        return finding, server.url


def test_server_tells_its_models_and_how_one_is_named():
    """The first ones are shown, and what to write as model."""
    finding, url = looked_at(MODELS)
    assert finding.status == "ok"
    assert finding.value == f"answers at {url}/v1 with 4 models: llama3.2, qwen3, gemma3, ..."
    assert finding.hint == f"model: local:{url}/v1#llama3.2"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Plain({"hello": "world"}), "no list of models"),
        (Plain([1]), "no list of models"),
        (Refusal(404, "no"), "status 404"),
        (Refusal(401, "no"), "it wants a key (401)"),
        (Plain({"data": []}), "with 0 models"),
    ],
)
def test_what_answers_otherwise_is_told(answer, said):
    """Some web server at a usual port is no model server; at a configured address any answer will do."""
    assert said in looked_at(answer)[0].value
    assert looked_at(answer)[0].status == ("ok" if "0 models" in said else "absent")
    assert looked_at(answer, meant=True)[0].status == "ok"


def test_an_answer_that_nests_without_end_is_told():
    """What no reader of JSON gets to the end of is something that answers, and not the end of the doctor."""
    with hostile_server() as server:
        server.pages["/v1/models"] = ("application/json", b"[" * 900_000)
        (finding,) = find_servers([Place("vLLM", f"{server.url}/v1")])
    assert (finding.status, finding.value.endswith("no list of models")) == ("absent", True)


def test_silence_is_a_warning_only_where_somebody_configured_a_server():
    """A closed port is absent at a usual place, and has to be looked at where a variable leads to it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    usual, meant = find_servers([Place("vLLM", url), Place("OPENAI_BASE_URL", url, meant=True)])
    assert (usual.status, usual.value) == ("absent", f"nothing answers at {url}")
    assert (meant.status, meant.hint) == ("warning", "Start the server, or change OPENAI_BASE_URL.")


@pytest.mark.parametrize(
    "url", ["https://gateway.example/v1", "http://192.168.0.7:11434/v1", "http://[::2]/v1", "http://["]
)
def test_other_machines_are_not_asked(url):
    """A name is not even looked up."""
    (finding,) = find_servers([Place("OPENAI_BASE_URL", url, meant=True)])
    assert (finding.status, finding.value) == ("ok", f"{url} is another machine; not asked (--live asks)")


def test_places_are_those_of_the_settings_and_the_usual_ports(monkeypatch):
    """A configured server is not looked at a second time under the name of its port."""
    assert [place.name for place in places()] == ["Ollama", "LM Studio", "llama.cpp", "vLLM"]
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:9000/v1")
    monkeypatch.setenv("GENXAI_MODEL", "local:http://127.0.0.1:1234/v1#qwen3")
    monkeypatch.setenv("OLLAMA_HOST", "0.0.0.0")
    assert [(place.name, place.url, place.meant) for place in places()] == [
        ("OPENAI_BASE_URL", "http://localhost:9000/v1", True),
        ("GENXAI_MODEL", "http://127.0.0.1:1234/v1", True),
        ("OLLAMA_HOST", "http://localhost:11434/v1", True),
        ("llama.cpp", "http://localhost:8080/v1", False),
        ("vLLM", "http://localhost:8000/v1", False),
    ]
