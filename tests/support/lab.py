"""A real JupyterLab, a real browser, and notebooks in it that are clicked as a person would."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError

from playwright.sync_api import TimeoutError as Late
from playwright.sync_api import sync_playwright

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}
SHOTS = Path(__file__).parent.parent.parent / "build" / "screenshots"
# JupyterLab's own, in a notebook without us too: about a kernel that was ended, one without widgets, a page left early.
_NOISE = (
    "console: Could not restore the debugger state",
    "console: Comm not found for comm id",
    "error: Canceled future for kernel_info_request",
)
_PATIENCE = 30_000


def chromium() -> str | None:
    """The browser's program."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Server:
    """A running JupyterLab that serves one folder."""

    def __init__(self, place: Path, process: subprocess.Popen[bytes], url: str) -> None:
        self.place = place
        self.url = url
        self._process = process

    def api(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """Ask the server."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def end_sessions(self) -> None:
        """End all kernels."""
        for session in self.api("sessions"):
            self.api(f"sessions/{session['id']}", "DELETE")

    def stop(self) -> None:
        """End the server, and its kernels with it."""
        self._process.terminate()
        self._process.wait(timeout=20)


def start_server(place: Path) -> Server:
    """Start a JupyterLab on a free port, with no configuration but ours."""
    for key, value in SETTINGS.items():
        extension, _, plugin = key.partition(":")
        path = place / "settings" / extension / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("GENXAI_", "PYTHON"))
    }
    folders = {
        "JUPYTER_CONFIG_DIR": "config", "JUPYTERLAB_SETTINGS_DIR": "settings", "IPYTHONDIR": "ipython",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "JUPYTER_RUNTIME_DIR": "runtime",
    }  # fmt: skip
    environment |= {name: str(place / folder) for name, folder in folders.items()}
    books = place / "books"
    books.mkdir()
    with (place / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
                "--IdentityProvider.token=", "--ServerApp.password=", "--LabApp.news_url=None",
                "--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={books}",
            ],
            cwd=books, env=environment, stdout=subprocess.DEVNULL, stderr=log,
        )  # fmt: skip
    return Server(books, process, address(place / "runtime", process))


def address(runtime: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the server listens, once it answers."""
    while process.poll() is None:
        for path in runtime.glob("jpserver-*.json"):
            try:
                url = json.loads(path.read_text())["url"].rstrip("/")
                urllib.request.urlopen(f"{url}/api", timeout=5).close()
            except (OSError, ValueError, URLError):
                continue
            return url
    message = f"JupyterLab ended with {process.returncode}."
    raise RuntimeError(message)


class Book:
    """A notebook that is open in the browser.

    Attributes:
        page: The browser's page.
        trouble: What should not happen: console errors, dialogs, requests to other machines.
    """

    def __init__(self, server: Server, page: Any, name: str) -> None:
        self.server = server
        self.page = page
        self.name = name
        self.trouble: list[str] = []
        page.set_default_timeout(_PATIENCE)
        page.on("console", lambda said: self._note(said.type == "error", f"console: {said.text}"))
        page.on("pageerror", lambda error: self._note(True, f"error: {error}"))
        page.on("dialog", self._dismiss)
        page.on("request", lambda asked: self._note(not self._is_ours(asked.url), f"request: {asked.url}"))

    def _note(self, is_trouble: bool, text: str) -> None:
        if is_trouble and not text.startswith(_NOISE):
            self.trouble.append(text)

    def _dismiss(self, dialog: Any) -> None:
        self.trouble.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _is_ours(self, url: str) -> bool:
        return url.startswith((self.server.url, "data:", "blob:", self.server.url.replace("http", "ws", 1)))

    def open(self) -> None:
        """Open the notebook and wait until its kernel is idle."""
        self.page.goto(f"{self.server.url}/lab/tree/{self.name}?reset", timeout=2 * _PATIENCE)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.idle()

    def idle(self) -> None:
        """Wait until the kernel is idle."""
        self.page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')

    def cell(self, number: int) -> Any:
        """A cell by its place."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def run(self, number: int, *, wait: bool = True) -> None:
        """Run a cell, by default to its end."""
        prompt = self.cell(number).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        for _ in range(8):  # a page that has just opened may not hear the key, or forget what it was told
            self._take_kernel()
            with suppress(Late):
                prompt.click(
                    timeout=_PATIENCE / 5
                )  # another output may lie over it while the page is laid out
                self.page.keyboard.press("Control+Enter")
                self._prompt_is(number, f"text !== {before!r}", timeout=2000)
                if not wait:
                    return
                self._prompt_is(number, "!text.includes('*')")
                if prompt.inner_text() != before and any(map(str.isdigit, prompt.inner_text())):
                    return
        raise AssertionError(f"Cell {number} of {self.name} did not run.")

    def _take_kernel(self) -> None:
        """Answer JupyterLab, which asks for a kernel when a cell is run before it has noticed that there is one."""
        select = self.page.locator(".jp-Dialog", has_text="Select Kernel").locator(".jp-mod-accept")
        if select.is_visible():
            select.click()

    def _prompt_is(self, number: int, condition: str, timeout: float = _PATIENCE) -> None:
        self.page.wait_for_function(
            f"""number => {{
              const cell = document.querySelectorAll(".jp-Notebook .jp-Cell")[number];
              const text = cell.querySelector(".jp-InputPrompt").innerText;
              return {condition};
            }}""",
            arg=number,
            timeout=timeout,
        )

    def run_all(self, *numbers: int) -> None:
        """Run cells one after another."""
        for number in numbers:
            self.run(number)

    def write(self, number: int, text: str) -> None:
        """Put other text into a cell, as if it had been typed."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def text(self, number: int) -> str:
        """What a cell has put out, as it is read."""
        return "\n".join(self.cell(number).locator(".jp-OutputArea-output").all_inner_texts())

    def save(self) -> dict[str, Any]:
        """Save the notebook and read its file, which the server empties before it writes it anew."""
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+s")
        self.page.wait_for_selector(".lm-DockPanel-tabBar .lm-TabBar-tab.lm-mod-current:not(.jp-mod-dirty)")
        for _ in range(200):
            with suppress(json.JSONDecodeError):
                return json.loads((self.server.place / self.name).read_text())
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{self.name} was not written whole in ten seconds.")

    def panel(self, number: int | None = None) -> Panel:
        """The panel in a cell's output; without a number the only one there is."""
        place = self.page if number is None else self.cell(number)
        return Panel(self, place.locator(".gx-panel"))

    def panel_of(self, run: str) -> Panel:
        """The panel of a run."""
        return Panel(self, self.page.locator(f'.gx-panel[aria-label^="Run {run} of"]'))

    def shoot(self, name: str) -> None:
        """Keep a picture of the page."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(SHOTS / f"{name}.png"))


class Panel:
    """A panel in a page."""

    def __init__(self, book: Book, root: Any) -> None:
        self.book = book
        self.root = root

    def find(self, selector: str, **which: Any) -> Any:
        """A part of the panel."""
        return self.root.locator(selector, **which)

    @property
    def words(self) -> str:
        """What the head says."""
        return self.find(".gx-pill").inner_text()

    def wait_for(self, words: str, seconds: float = _PATIENCE / 1000) -> None:
        """Wait until the head says these words."""
        self.root.locator(".gx-pill", has_text=words).wait_for(timeout=seconds * 1000)

    def press(self, name: str) -> None:
        """Press a button of the toolbar."""
        self.find(f'.gx-tools [data-do="{name}"]:enabled').click()

    def card(self, name: str) -> Any:
        """A node's card."""
        return self.find(f'.gx-n[data-node="{name}"]')

    def choose(self, name: str) -> Any:
        """Click a node's card; gives the part of the side that tells about it."""
        self.card(name).locator(":scope > .gx-t").click()
        part = self.find(".gx-node")
        part.locator("h5", has_text="In").wait_for()
        return part

    def statuses(self) -> dict[str, str]:
        """The status of each card, as it is drawn."""
        return self.root.evaluate(
            "root => Object.fromEntries([...root.querySelectorAll('.gx-n')].map(n => [n.dataset.node, n.dataset.st]))"
        )

    def wait_for_state(self, key: str, value: str | None) -> None:
        """Wait until the state is shown with this value; None for none of this key."""
        self.book.page.wait_for_function(
            """([root, key, value]) => {
                const name = [...root.querySelectorAll(".gx-state > .gx-kv > .gx-key-name")]
                    .find((one) => one.innerText.trim() === key);
                const shown = name ? name.nextElementSibling.innerText.trim() : null;
                return root.querySelector(".gx-state > .gx-kv") !== null && shown === value;
            }""",
            arg=[self.root.element_handle(), key, value],
        )


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_book(server: Server, name: str, cells: list[str]) -> None:
    """Write a notebook of code cells into the folder that is served."""
    write_cells(server.place / name, cells)


def write_cells(path: Path, cells: list[str]) -> None:
    """Write a notebook of code cells."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = [
        {
            "cell_type": "code",
            "id": f"cell{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": text,
        }
        for number, text in enumerate(cells)
    ]
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": made}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(book), encoding="utf-8")


@contextmanager
def started_browser() -> Iterator[Any]:
    """Debian's Chromium, driven by playwright."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()
