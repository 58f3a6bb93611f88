"""Fixtures and switches for all tests."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """All async tests run on asyncio."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _clean_place(tmp_path, monkeypatch):
    """Each test runs in an empty folder, with no setting and no key in its environment."""
    import os

    for name in list(os.environ):
        if name.startswith("GENXAI_") or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
