"""The provider that docs/models.md describes for others, installed as they would install it."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import threading
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from chat_chunks import DONE, chunk
from doc_blocks import ROOT
from model_server import Endless, ModelServer

from genxai_nb.errors import BadResponse
from genxai_nb.messages import ModelRequest, TextDelta, user
from genxai_nb.providers.base import Provider

SECTION = (ROOT / "docs" / "models.md").read_text("utf-8").partition("## A provider of your own\n")[2]
(CODE,) = re.findall(r"^```python\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
(PROJECT,) = re.findall(r"^```toml\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
CONTRACT = ROOT / "tests" / "providers" / "test_provider_contract.py"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with the package installed in it: its module, and what an installer writes of its pyproject.toml."""
    folder = tmp_path / "site"
    about = folder / "groq_models-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: groq-models\nVersion: 1.0\n", "utf-8")
    groups = tomllib.loads(PROJECT)["project"]["entry-points"]
    lines = [
        line
        for group, entries in groups.items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()))
    ]
    (about / "entry_points.txt").write_text("\n".join(lines), "utf-8")
    (folder / "groq_models.py").write_text(CODE, "utf-8")
    return folder


@pytest.fixture
def groq(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """A model of it in this process, asked at a server of ours."""
    monkeypatch.setenv("GROQ_BASE_URL", server.url)
    monkeypatch.setenv("GROQ_API_KEY", "canary-0123456789")
    module: dict[str, Any] = {}
    exec(CODE, module)
    made: Provider = module["Groq"]("llama")
    return made


def run_with(package: Path, *arguments: str, **variables: str) -> str:
    """Run a fresh interpreter that has the package."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(package), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_thirty_lines():
    """Blank lines and imports are counted."""
    assert len(CODE.splitlines()) <= 30


def test_it_keeps_the_whole_contract(package: Path):
    """Each test that a local server's model has to pass is passed by it too."""
    report = package / "report.xml"
    quiet = ("-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}")
    run_with(package, "-m", "pytest", str(CONTRACT), *quiet, "-k", "groq or local", f"--junit-xml={report}")
    passed = {case.get("name", "") for case in ElementTree.parse(report).iter("testcase") if not len(case)}
    asked = {name.replace("local", "groq") for name in passed if "local" in name}
    assert len(asked) >= 16
    assert asked <= passed


def test_an_agent_is_answered_by_it(package: Path, server: ModelServer):
    """Its name before the colon is all that an agent needs."""
    server.answers = [[chunk(content="In "), chunk(content="shade."), chunk("stop"), DONE]]
    code = """
from genxai_nb import Agent
print(Agent("botanist", task="Where does moss grow?", model="groq:llama").ask("Tell.").text)
"""
    said = run_with(package, "-c", code, GROQ_BASE_URL=server.url, GROQ_API_KEY="canary-0123456789")
    assert said.strip() == "In shade."
    assert server.requests[0]["model"] == "llama"
    assert server.headers[0]["authorization"] == "Bearer canary-0123456789"


async def test_a_reader_that_leaves_hangs_up(server: ModelServer, groq: Provider):
    """Who reads no further lets go of the connection at once, so that the server writes no further."""
    left = threading.Event()
    server.answers = [Endless([chunk(content="In ")], left)]
    stream = groq.stream(ModelRequest(model="groq:llama", messages=(user("Hello"),)))
    assert await anext(stream) == TextDelta("In ")
    await stream.aclose()
    assert await asyncio.to_thread(left.wait, 10)


@pytest.mark.parametrize("odd", ["[]", '"text"', "7", '{"choices": 7}'])
async def test_event_of_another_form_is_a_bad_response(
    server: ModelServer, groq: Provider, ask: Any, odd: str
):
    """JSON that is not what the protocol has is told as that."""
    server.answers = [[chunk(content="In "), f"data: {odd}\n\n", chunk("stop"), DONE]]
    with pytest.raises(BadResponse, match="model 'groq:llama' is not as the protocol has it"):
        await ask(groq)


def test_an_address_that_does_not_answer_is_named(package: Path):
    """Nothing but the address and the network is spoken of: the package's own variables are not known here."""
    code = """
import asyncio
from genxai_nb.errors import ConnectionLost
from genxai_nb.messages import ModelRequest, user
from genxai_nb.providers.registry import find_provider

async def ask():
    async for _ in find_provider("groq:llama").stream(ModelRequest(model="groq:llama", messages=(user("Hi"),))):
        pass

try:
    asyncio.run(ask())
except ConnectionLost as error:
    print(error)
"""
    said = run_with(package, "-c", code, GROQ_BASE_URL="http://127.0.0.1:1", GROQ_API_KEY="canary-0123456789")
    assert said.startswith("http://127.0.0.1:1/chat/completions cannot be reached for model 'groq:llama'.")
    assert said.strip().endswith("Look at the network and HTTPS_PROXY.")
