"""The site is built without a warning, from this machine alone, and loads nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from doc_blocks import ROOT

NOWHERE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
LOADED = re.compile(r"<(?:script|img|iframe)[^>]* src=\"?([^\"\s>]+)|<link[^>]* href=\"?([^\"\s>]+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built once."""
    folder = tmp_path_factory.mktemp("site")
    # Not --quiet, which hides warnings from --strict as well.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **NOWHERE, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder


def pages(site):
    return {path.relative_to(site).as_posix(): path.read_text("utf-8") for path in site.rglob("*.html")}


def test_pages_load_nothing_from_elsewhere(site):
    """No script, style, font or picture comes from another machine."""
    loaded = {source or style for text in pages(site).values() for source, style in LOADED.findall(text)}

    assert any(name.endswith(".css") for name in loaded)
    assert [name for name in loaded if re.match(r"(https?:)?//", name)] == []


def test_lessons_are_pages_with_their_outputs(site):
    """Each notebook is a page, with the records of its runs."""
    found = pages(site)
    books = [*ROOT.glob("tutorials/*.ipynb"), *ROOT.glob("notebooks/*.ipynb")]

    assert len(books) >= 7
    for book in books:
        text = found[f"{book.parent.name}/{book.stem}/index.html"]
        assert "<table" in text, book.stem
        assert ("gx-record" in text) == ("gx-record" in book.read_text("utf-8")), book.stem


def test_links_between_pages_stay_in_the_site(site):
    """What leads to a file on GitHub leads to its page here."""
    start, lesson = pages(site)["index.html"], pages(site)["tutorials/1_first_agent_and_graph/index.html"]

    assert 'href="export/"' in start
    assert 'href="notebooks/quickstart/"' in start
    assert 'href="../2_tools/"' in lesson
    assert re.findall(r'href="[^"]+\.ipynb', start + lesson) == []


def test_public_names_have_their_docstrings(site):
    """The page for Python says of a graph's verb what its docstring says."""
    api = pages(site)["api/index.html"]

    assert 'id="genxai_nb.Graph.run"' in api or "genxai_nb.Graph.run" in api
    assert "Run the graph to its end and return its result." in api
