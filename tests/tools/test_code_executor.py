"""The code executor: values, errors, limits, and never another level than the one that was asked for."""

from __future__ import annotations

import asyncio
import secrets
import time
from pathlib import Path

import psutil
import pytest

from genxai_nb import Agent
from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.loop import run_sync
from genxai_nb.messages import ToolCall
from genxai_nb.providers.scripted import Scripted
from genxai_nb.tools.registry import find
from genxai_nb.tools.sandbox import bubblewrap, isolated, landlock
from genxai_nb.tools.sandbox.isolated import examine
from genxai_nb.tools.sandbox.kernel import offer_kernel
from genxai_nb.tools.sandbox.limits import Limits

executor = find("code_executor")


@pytest.fixture(scope="session")
def sandbox() -> str:
    """The first sandbox that this machine allows."""
    for name in isolated.SANDBOXES:
        report = run_sync(examine(name))
        assert report.passed or report.checks == {}, str(report)
        if report.passed:
            return name
    pytest.skip("No sandbox may be used here: the kernel forbids namespaces and has no Landlock.")


@pytest.fixture
def kernel():
    """A kernel's variables, offered to code."""
    variables = {"__name__": "__main__", "number": 20}
    offer_kernel(lambda: variables)
    yield variables
    offer_kernel(None)


class Person:
    """A context whose person gives one answer and remembers what was asked."""

    node = "worker"
    policies = ()

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.logged: list[str] = []

    async def ask_human(self, prompt, *, choices=()):
        self.asked.append(prompt)
        return self.answer

    def log(self, text):
        self.logged.append(text)


@pytest.mark.parametrize("level", ["safe", "isolated"])
async def test_value_and_print(level: str, request):
    """The last expression is the value; what is printed comes beside it; inputs are variables."""
    if level == "isolated":
        request.getfixturevalue("sandbox")
    ran = await executor(code="print('adding')\n{'sum': sum(xs)}", inputs={"xs": [1, 2]}, level=level)
    assert (ran.value, ran.printed) == ({"sum": 3}, "adding\n")
    assert ran.sandbox.startswith(level)


@pytest.mark.parametrize("level", ["safe", "isolated"])
async def test_error_is_told_with_its_line(level: str, request):
    """What the code raises comes with its line and with what was printed before."""
    if level == "isolated":
        request.getfixturevalue("sandbox")
    with pytest.raises(ToolFailed, match=r"(?s)line 2.*1 / 0.*ZeroDivisionError.*had printed:\nbefore"):
        await executor(code="print('before')\n1 / 0", level=level)
    with pytest.raises(ToolFailed, match="SyntaxError"):
        await executor(code="x =", level=level)


BOMBS = {
    "loop": "while True: pass",
    "list": "a = []\nwhile True: a.append('x' * 1000000)",
    "text": "'x' * 10**10",
    "number": "2 ** 10**9 % 7",
    "recursion": "def f(): return f()\nf()",
    "nesting": "(" * 3000 + ")" * 3000,
    "output": "while True: print('x' * 1000)",
    "sleep": "import time\ntime.sleep(1000)\n1/0",
}
PROCESSES = {
    "forks": "import os\nwhile True: os.fork()",
    "patient forks": "import os, time\nwhile True:\n  try: os.fork()\n  except OSError: time.sleep(0.01)",
    "threads": "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(100,)).start()",
    "file": "f = open('/tmp/a', 'wb')\nwhile True: f.write(b'x' * 1000000)",
    "many files": "n = 0\nwhile True:\n  open(f'/tmp/{n}', 'wb').write(b'x' * 10**7); n += 1",
    "descriptors": "fs = []\nwhile True: fs.append(open('/dev/null'))",
    "memory by forks": "import os, time\nfor _ in range(12):\n  if os.fork() == 0: a = b'x' * 90000000; time.sleep(100)\n"
    "time.sleep(100)",
    "left behind": "import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: time.sleep(1000)\n  os._exit(0)\n"
    "1/0",
    "empty files": "import os\nn = 0\nwhile True:\n  os.close(os.open(f'/tmp/{n}', os.O_CREAT)); n += 1",
    "folders": "import os\nn = 0\nwhile True: os.mkdir(f'/tmp/{n}'); n += 1",
    "sockets": "import os, socket, time\nfor _ in range(10):\n  if os.fork() == 0:\n    kept = []\n    try:\n"
    "      while True:\n        a, b = socket.socketpair(); a.setblocking(False); kept += [a, b]\n"
    "        try:\n          while True: a.send(b'x' * 4096)\n        except BlockingIOError: pass\n"
    "    except OSError: time.sleep(100)\ntime.sleep(100)",
    "ignores signals": "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nwhile True: time.sleep(1)",
}


def standing() -> int:
    """How many processes this one has started that still are."""
    return len([child for child in psutil.Process().children(recursive=True) if child.name() != "monty"])


REASONS = {
    "loop": "took longer|TimeoutError",
    "list": "MemoryError",
    "output": "printed more than 100000 characters",
    "memory by forks": "used more memory than it may",
    "descriptors": "Too many open files",
    "file": "File too large",
    "many files": "No space left|more bytes",
    "empty files": "made more than 10000 files",
    "folders": "made more than 10000 files",
    "sockets": "used more memory than it may",
    "left behind": "ZeroDivisionError",
}


async def bombed(bomb: str, level: str) -> None:
    code = {**BOMBS, **PROCESSES}[bomb]
    memory, children, began = psutil.Process().memory_info().rss, standing(), time.perf_counter()
    with pytest.raises(ToolFailed, match=REASONS.get(bomb, "The code failed")):
        await executor(code=code, level=level, timeout=1, memory=128)
    assert time.perf_counter() - began < 2
    assert psutil.Process().memory_info().rss - memory < 50_000_000
    assert standing() <= children


@pytest.mark.parametrize("bomb", BOMBS)
async def test_bombs_end_in_safe(bomb: str):
    """What would take all time, memory or room ends within its limit, and the next code runs."""
    await executor(code="1", level="safe")
    await bombed(bomb, "safe")
    assert (await executor(code="1 + 1", level="safe")).value == 2


@pytest.mark.parametrize("bomb", [*BOMBS, *PROCESSES])
async def test_bombs_end_in_isolated(bomb: str, sandbox: str):
    """The same with processes, threads and files; none of them is left behind, and others can still start."""
    await bombed(bomb, "isolated")
    await (await asyncio.create_subprocess_exec("true")).wait()


@pytest.mark.slow
@pytest.mark.parametrize("bomb", [*BOMBS, *PROCESSES])
async def test_bombs_end_in_sandlock(bomb: str, tmp_path):
    """Sandlock ends them too, with all that they started."""
    if not (await examine("sandlock")).passed:
        pytest.skip("This kernel has no Landlock that sandlock can use.")
    children, began = standing(), time.perf_counter()
    limits = Limits(seconds=1, memory=128 * 1024 * 1024, disk=50_000_000)
    ended = await isolated._run("sandlock", {**BOMBS, **PROCESSES}[bomb], {}, limits, "python")
    assert time.perf_counter() - began < 2
    assert ended.over or b'"error"' in ended.reply or ended.reply == b""
    assert standing() <= children


async def test_sockets_and_queues_are_kept_from_the_kernels_memory(sandbox: str):
    """What the kernel keeps for sockets of a network and for message queues is no process's memory, so there are none."""
    code = """
import ctypes, resource, socket
kernel = ctypes.CDLL(None)
made = []
for kind in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
    try:
        socket.socket(kind)
    except OSError:
        continue
    made.append(kind)
[made, kernel.msgget(0, 0o1600), kernel.semget(0, 1, 0o1600), resource.getrlimit(resource.RLIMIT_NOFILE)[0]]
"""
    assert (await executor(code=code, level="isolated")).value == [[], -1, -1, 64]


async def test_packages_and_other_languages(sandbox: str):
    """Level isolated has numpy and pandas, bash, and node where it is installed."""
    code = "import numpy as np, pandas as pd\npd.DataFrame({'a': np.arange(3)}).sum()"
    assert (await executor(code=code, level="isolated")).value == {"a": 3}
    ran = await executor(code="echo $((40 + 2)); exit 3", language="bash", level="isolated")
    assert (ran.printed, ran.status, ran.value) == ("42\n", 3, None)


async def test_environment_holds_no_secret(sandbox: str, monkeypatch):
    """No variable of the host is there, whatever its name."""
    monkeypatch.setenv("SERVICE_TOKEN", "correct-horse-battery-9")
    ran = await executor(code="import os; dict(os.environ)", level="isolated")
    assert "SERVICE_TOKEN" not in ran.value
    assert not [name for name in ran.value if "KEY" in name or "TOKEN" in name]


async def test_killed_worker_is_told_and_replaced(sandbox: str):
    """Code that kills its own process is told, and the next code runs."""
    with pytest.raises(ToolFailed, match="without a result"):
        await executor(code="import os; os.kill(os.getpid(), 9)", level="isolated")
    assert (await executor(code="2", level="isolated")).value == 2


async def test_cancelling_ends_the_code(sandbox: str):
    """When the run is interrupted, nothing of the code goes on."""
    children = standing()
    work = asyncio.create_task(executor(code="while True: pass", level="isolated", timeout=60))
    while standing() <= children:  # noqa: ASYNC110 - a process gives no event
        await asyncio.sleep(0.01)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert standing() <= children


async def test_absent_sandbox_is_refused(monkeypatch):
    """Without a sandbox level isolated is refused with each reason; it never steps down."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(landlock.sys, "platform", "darwin")
    for name in isolated.SANDBOXES:
        monkeypatch.delitem(isolated._reports, name, raising=False)
    with pytest.raises(
        ToolFailed, match="There is no sandbox for level isolated. bubblewrap cannot be used here"
    ) as caught:
        await executor(code="1", level="isolated")
    assert "sandlock cannot be used here" in str(caught.value)
    assert "Take level safe" in caught.value.hint
    isolated._reports.clear()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"language": "bash"}, "Level safe runs python only"),
        ({"language": "bash", "level": "isolated", "inputs": {"a": 1}}, "bash takes no inputs"),
        ({"inputs": {"a b": 1}}, "'a b' is no name of a variable"),
        ({"level": "kernel"}, "There is no notebook kernel here"),
        ({"code": "import numpy"}, "take level isolated"),
        ({"code": "'x' * 2_000_000"}, "1000000 is the most"),
        ({"code": "print('x' * 200_000)"}, "printed more than 100000 characters"),
    ],
)
async def test_refuses_in_words(arguments: dict, said: str):
    """What a level cannot do is refused with advice."""
    with pytest.raises((ToolFailed, Denied), match=said):
        await executor(**{"code": "1", **arguments})


async def test_kernel_asks_each_time(kernel: dict):
    """Code runs among the user's variables after a person has seen it, and is logged."""
    person = Person("run it")
    for _ in range(2):
        ran = await executor(
            code="print('hi')\ntotal = number + step\ntotal",
            level="kernel",
            inputs={"step": 2},
            context=person,
        )
    assert (ran.value, ran.printed, kernel["total"]) == (22, "hi\n", 22)
    assert "print" not in kernel
    assert len(person.asked) == len(person.logged) == 2
    assert "total = number + step" in person.asked[0]
    assert ran.sandbox == "kernel: no sandbox, as a person allowed"


async def test_kernel_shows_what_is_hidden(kernel: dict):
    """Characters that cannot be seen are shown as escapes in the question."""
    person = Person("no")
    with pytest.raises(Denied, match="said no"):
        await executor(code="x = 1 # \u202e evil", level="kernel", context=person)
    assert "\\u202e" in person.asked[0]
    assert "x" not in kernel
    with pytest.raises(Denied, match="nobody is there to ask"):
        await executor(code="x = 1", level="kernel")


async def test_kernel_ends_a_loop(kernel: dict):
    """A loop in the kernel ends when its time is over, and its error names its line."""
    with pytest.raises(ToolFailed, match=r"(?s)line 1.*TimeoutError"):
        await executor(code="while True: pass", level="kernel", timeout=0.3, context=Person("run it"))
    with pytest.raises(ToolFailed, match="ZeroDivisionError"):
        await executor(code="1/0", level="kernel", context=Person("run it"))


def test_agent_learns_what_only_the_code_knows():
    """An agent answers with a value that only running the code gives, under the default policy."""
    secret = secrets.token_hex(8)
    script = Scripted(
        lambda request: (
            ToolCall("c1", "code_executor", {"code": f"'{secret}'[::-1]"})
            if request.messages[-1].role == "user"
            else f"It is {request.messages[-1].parts[0].text}"
        ),
        name="coder",
    )
    answer = Agent("coder", model=script.model, tools=["code_executor"]).ask("Reverse it.")
    assert secret[::-1] in answer.text


def test_isolated_is_asked_for():
    """The default policy asks a person about level isolated; with nobody to ask the model is told why."""
    script = Scripted(
        lambda request: (
            ToolCall("c1", "code_executor", {"code": "1", "level": "isolated"})
            if request.messages[-1].role == "user"
            else request.messages[-1].parts[0].text
        ),
        name="asker",
    )
    answer = Agent("asker", model=script.model, tools=["code_executor"]).ask("Run it.")
    assert "it needs 'execute'" in answer.text
    assert "nobody is there to ask" in answer.text


def test_bubblewrap_shows_what_it_binds():
    """A sandbox sees /usr, this Python and nothing of the working folder."""
    words = bubblewrap.command(Limits(), 3)
    bound = [words[n + 1] for n, word in enumerate(words) if word == "--ro-bind"]
    assert "/usr" in bound
    assert not [place for place in bound if place.startswith(str(Path.cwd()))]
