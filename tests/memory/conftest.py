"""Where indexes of embeddings may stand, for tests of memory."""

from __future__ import annotations

from pathlib import Path

import pytest
import services

from genxai_nb.memory import spaces

PLACES = {"numpy": ["numpy"], "chroma": ["chroma:folder", "chroma+server"]}
ALL = [where for name in spaces.names() for where in PLACES[name]]
APART = [where for where in ALL if spaces.is_apart(where)]


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory):
    with services.chroma(tmp_path_factory.mktemp("chroma")) as url:
        yield url


def _placed(where: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The setting that names an index: one that is empty, or a server that the tests share."""
    if where == "chroma+server":
        return f"chroma+{request.getfixturevalue('chroma_server')}"
    return f"chroma:{folder / 'chroma'}" if where == "chroma:folder" else where


@pytest.fixture(params=ALL)
def where(request, tmp_path):
    """The setting of each index: one that is empty, or a server that the tests share."""
    return _placed(request.param, request, tmp_path)


@pytest.fixture(params=APART)
def apart(request, tmp_path, monkeypatch):
    """Each index outside of this process, set for all memories."""
    where = _placed(request.param, request, tmp_path)
    monkeypatch.setenv("GENXAI_VECTORS", where)
    return where
