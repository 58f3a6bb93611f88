"""A real kernel to run cells in, and a shell in this process for what needs no kernel."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyter_client.manager import KernelManager
from panels import Watched

FRESH = """
import os
os.chdir({place!r})
get_ipython().reset(new_session=False)
get_ipython().run_line_magic("load_ext", "genxai_nb")
"""


CELLS = SimpleNamespace(
    writer="""%%genxai agent writer
model: offline
role: Technical writer: of papers
task: Cats eat fish. Dogs bark. What do {{topic}} eat?
writes: draft
""",
    schema="""%%genxai schema Draft
topic: str
draft: str = ""
score: float = 0  # quality from 0 to 1
notes: list[str] = [] | append
""",
    grade="def grade(state):\n    return {'score': state.score + 0.5}",
    graph="""%%genxai graph review --state Draft
START -> writer -> grade
grade -> writer if score < 0.8 max 3
grade -> END else
""",
    echo="""
from genxai_nb.providers.scripted import Scripted
echo = Scripted(lambda request: "You said: " + request.messages[-1].text).model
""",
    clerk="%%genxai agent clerk\nmodel: $echo",
)


@dataclass
class Reply:
    """What came back from one cell: its status, its outputs, how long it took."""

    status: str = ""
    content: dict[str, Any] = field(default_factory=dict)
    streams: str = ""
    shown: list[dict[str, Any]] = field(default_factory=list)
    updates: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """All that was printed or shown as text, and the error."""
        plain = [bundle.get("text/plain", "") for bundle in self.shown]
        return "\n".join(part for part in (self.streams, *plain, self.error) if part)


class Kernel:
    """A running kernel and the client that sends it cells."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self.client = manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=30)

    def send(
        self, code: str, *, cell_id: str = "", allow_stdin: bool = False, store_history: bool = True
    ) -> str:
        """Send a cell and return the id of the request."""
        content = {
            "code": code,
            "silent": False,
            "store_history": store_history,
            "user_expressions": {},
            "allow_stdin": allow_stdin,
            "stop_on_error": True,
        }
        metadata = {"cellId": cell_id} if cell_id else {}
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def wait_for(self, request: str, word: str = "", timeout: float = 20) -> Reply:
        """Collect what a cell gives until it is idle, or until it has printed a word."""
        reply, began = Reply(), time.perf_counter()
        while not (word and word in reply.streams):
            left = timeout - (time.perf_counter() - began)
            message = self.client.get_iopub_msg(timeout=max(left, 0.01))
            kind, content = message["msg_type"], message["content"]
            if kind == "update_display_data":  # it goes to its display, whichever cell that is in
                reply.updates.append((content["data"], content["transient"]["display_id"]))
            if message["parent_header"].get("msg_id") != request:
                continue
            if kind == "stream":
                reply.streams += content["text"]
            elif kind in {"display_data", "execute_result"}:
                reply.shown.append(content["data"])
            elif kind == "error":
                reply.error = "\n".join(content["traceback"])
            elif kind == "status" and content["execution_state"] == "idle":
                reply.content = self._answer(request, timeout=5)
                reply.status = reply.content["status"]
                break
        reply.seconds = time.perf_counter() - began
        return reply

    def run(self, code: str, **options: Any) -> Reply:
        """Run a cell to its end."""
        return self.wait_for(self.send(code, **options))

    def interrupt(self) -> None:
        """Press the interrupt button."""
        self.manager.interrupt_kernel()

    def complete(self, code: str, at: int | None = None) -> list[str]:
        """What Tab offers at a place in a cell; at its end by default."""
        request = self.client.complete(code, len(code) if at is None else at)
        return self._answer(request, timeout=10)["matches"]

    def inspect(self, code: str, at: int | None = None) -> str:
        """What Shift+Tab shows at a place in a cell."""
        request = self.client.inspect(code, len(code) if at is None else at)
        return self._answer(request, timeout=10)["data"].get("text/plain", "")

    def stop(self) -> None:
        """Let the kernel end by itself, if it has not ended yet."""
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel()

    def kill(self) -> None:
        """End the kernel as a crash does."""
        self.manager.shutdown_kernel(now=True)

    def _answer(self, request: str, timeout: float) -> dict[str, Any]:
        while True:
            message = self.client.get_shell_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") == request:
                return message["content"]


def start_kernel(place: Path) -> Kernel:
    """Start a kernel that works in a folder, with no configuration of the user's."""
    manager = KernelManager(kernel_name="python3")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GENXAI_")}
    manager.start_kernel(cwd=str(place), env={**environment, "IPYTHONDIR": str(place / "ipython")})
    return Kernel(manager)


@pytest.fixture(scope="session")
def running_kernel(tmp_path_factory):
    """One kernel for all tests."""
    kernel = start_kernel(tmp_path_factory.mktemp("kernel"))
    yield kernel
    kernel.stop()


@pytest.fixture
def kernel(running_kernel, tmp_path):
    """The kernel with an empty namespace, in a folder of its own, with the extension loaded."""
    reply = running_kernel.run(FRESH.format(place=str(tmp_path)))
    assert reply.status == "ok", reply.error
    return running_kernel


@pytest.fixture
def new_kernel(tmp_path):
    """Start a kernel of its own in this test's folder; it ends with the test."""
    kernels = []

    def start() -> Kernel:
        kernels.append(start_kernel(tmp_path))
        kernels[-1].run("%load_ext genxai_nb")
        return kernels[-1]

    yield start
    for kernel in kernels:
        kernel.stop()


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """An IPython shell in this process, as in a terminal, with the extension loaded."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(config=config)
    made.run_line_magic("load_ext", "genxai_nb")
    yield made
    made.run_line_magic("unload_ext", "genxai_nb")
    InteractiveShell.clear_instance()


class Keyboard(StringIO):
    """What a person types, as a terminal gives it; past the end nobody types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def person(monkeypatch):
    """Let somebody sit before the shell of this process, who types these lines."""

    def types(*lines: str) -> None:
        monkeypatch.setattr(sys, "stdin", Keyboard("".join(f"{line}\n" for line in lines)))

    types()
    return types


@pytest.fixture
def run(shell):
    """Run a cell in the shell of this process and collect what it gives."""
    from IPython.utils.capture import capture_output

    def run_cell(code: str) -> Reply:
        with capture_output() as captured:
            result = shell.run_cell(code, store_history=True)
        reply = Reply(streams=captured.stdout + captured.stderr)
        reply.shown = [output.data for output in captured.outputs]
        reply.content = {"result": result.result}
        error = result.error_in_exec or result.error_before_exec
        if error is not None:
            reply.error, reply.streams = reply.streams.strip(), ""
            reply.content["error"] = error
        reply.status = "error" if error else "ok"
        return reply

    return run_cell


@pytest.fixture
def cells():
    """The texts of some cells, by what they define."""
    return CELLS


@pytest.fixture
def review(run):
    """The schema, the agent, a function and the graph, defined by cells."""
    for code in (CELLS.schema, CELLS.writer, CELLS.grade, CELLS.graph):
        reply = run(code)
        assert reply.status == "ok", reply.text
    return run


@pytest.fixture
def watch():
    """Open desks that end with the test."""
    desks = []

    def open_one(run, **options):
        desks.append(Watched(run, **options))
        return desks[-1]

    yield open_one
    for watched in desks:
        watched.desk.close()
