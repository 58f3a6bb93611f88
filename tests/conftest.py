"""Fixtures and switches for all tests."""

from __future__ import annotations

import os
import shutil
import sys

import hypothesis
import pytest

ALSO_CALLED = {"chromium": ("chromium", "chromium-browser", "google-chrome")}

hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


def _refuse_the_world(event: str, arguments: tuple) -> None:
    """Let no test reach a machine other than this one, so that none can cost money."""
    if event != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1", "localhost")):
        message = f"A test tried to reach {address[0]}."
        raise PermissionError(message)


sys.addaudithook(_refuse_the_world)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """All async tests run on asyncio."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _clean_place(tmp_path, monkeypatch):
    """Each test runs in an empty folder, with no setting and no key in its environment."""
    for name in list(os.environ):
        if name.startswith("GENXAI_") or name.endswith(("_API_KEY", "_BASE_URL", "_API_URL")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _needed_programs(request):
    """Skip a test marked ``needs`` where its program is missing; in CI such a test fails."""
    for marker in request.node.iter_markers("needs"):
        program = marker.args[0]
        if not any(map(shutil.which, ALSO_CALLED.get(program, (program,)))):
            say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            say(f"{program} is not on the PATH")
