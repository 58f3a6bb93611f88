"""Code that tries to get out of each sandbox: to files, to the network, to other processes, to the environment."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from escapes import ESCAPES, WRITES

from genxai_nb.errors import ToolFailed
from genxai_nb.loop import run_sync
from genxai_nb.tools.sandbox import isolated
from genxai_nb.tools.sandbox.isolated import examine
from genxai_nb.tools.sandbox.limits import Limits
from genxai_nb.tools.sandbox.safe import run_safe

LIMITS = Limits(seconds=10, memory=256 * 1024 * 1024, processes=16)


class Host(NamedTuple):
    """What a sandbox must not reach."""

    inputs: dict
    content: str
    listener: socket.socket

    def reached(self, said: str) -> list[str]:
        """What of the host was read, written or called."""
        found = ["read"] if self.content in said else []
        if "ESCAPED" in said.replace("'ESCAPED", ""):
            found.append("said so")
        try:
            self.listener.accept()[0].close()
        except BlockingIOError:
            pass
        else:
            found.append("called")
        return found + [f"written: {name.name}" for name in sorted(Path(self.inputs["MARKER"]).iterdir())]


@pytest.fixture
def host(tmp_path_factory, monkeypatch):
    """A file, an open folder, a port and a variable of the host."""
    folder = tmp_path_factory.mktemp("host")
    content = secrets.token_hex(16)
    (folder / "canary.txt").write_text(content, "utf-8")
    marker = folder / "marker"
    marker.mkdir(mode=0o777)
    monkeypatch.setenv("GENXAI_CANARY_TOKEN", content)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        inputs = {
            "CANARY": str(folder / "canary.txt"),
            "MARKER": str(marker),
            "PORT": listener.getsockname()[1],
            "PARENT": os.getpid(),
            "VARIABLE": "GENXAI_CANARY_TOKEN",
        }
        yield Host(inputs, content, listener)


FORBIDDEN = ("not permitted", "Permission denied", "namespace")  # how a kernel says no


def require(sandbox: str) -> None:
    """Skip where the kernel forbids such a sandbox; one that is missing or does not start is a failure in CI."""
    report = run_sync(examine(sandbox))
    assert report.passed or report.checks == {}, str(report)
    if not report.passed:
        forbidden = sandbox != "bubblewrap" or any(why in str(report) for why in FORBIDDEN)
        say = pytest.skip if forbidden or os.environ.get("CI") != "true" else pytest.fail
        say(str(report))


@pytest.fixture(scope="session")
def bubblewrap() -> None:
    require("bubblewrap")


@pytest.fixture(scope="session")
def sandlock() -> None:
    require("sandlock")


def test_there_are_enough():
    """Each sandbox is tried in at least sixty ways."""
    assert len(set(ESCAPES)) == len(ESCAPES) >= 60


@pytest.mark.parametrize("code", ESCAPES)
def test_no_way_out_of_safe(code: str, host: Host):
    """Nothing of the host is read, written or called from Monty."""
    try:
        said = repr(run_safe(code, host.inputs, LIMITS))
    except ToolFailed as failure:
        said = failure.what
    assert host.reached(said) == []


async def tried(sandbox: str, code: str, host: Host) -> str:
    """All that came back from code in a sandbox."""
    ended = await isolated._run(sandbox, code, host.inputs, LIMITS, "python")
    return f"{ended.reply.decode()} {ended.printed}"


@pytest.mark.parametrize("code", ESCAPES)
async def test_no_way_out_of_bubblewrap(code: str, host: Host, bubblewrap):
    """Nothing of the host is read, written or called from a sandbox of bubblewrap."""
    assert host.reached(await tried("bubblewrap", code, host)) == []


@pytest.mark.slow
@pytest.mark.parametrize("code", ESCAPES)
async def test_no_way_out_of_sandlock(code: str, host: Host, sandlock):
    """Nothing of the host is read, written or called from a sandbox of sandlock."""
    assert host.reached(await tried("sandlock", code, host)) == []


def test_outside_of_a_sandbox_the_probes_do_reach(host: Host):
    """The probes are no blanks: run here, the first of each kind reaches what it is after."""
    ran = subprocess.run(
        [sys.executable, "-c", f"globals().update({host.inputs!r}); print({ESCAPES[0]}); {WRITES[1]}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert host.reached(ran.stdout) == ["read", "written: b"]
