"""One JupyterLab and one browser for all tests of the page; a notebook and a kernel for each."""

from __future__ import annotations

import pytest
from lab import Book, start_server, started_browser, write_book

OPENED = pytest.StashKey[list[Book]]()
WIDE = {"width": 1500, "height": 1200}


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A JupyterLab."""
    started = start_server(tmp_path_factory.mktemp("lab"))
    yield started
    started.stop()


@pytest.fixture(scope="session")
def browser():
    """A browser."""
    with started_browser() as started:
        yield started


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Keep a picture of each page of a test that fails."""
    report = yield
    if report.when == "call" and report.failed:
        for number, one in enumerate(item.stash.get(OPENED, [])):
            one.shoot(f"failed-{item.name}-{number}")
    return report


@pytest.fixture
def book(server, browser, request):
    """Write cells into a notebook and open it. Nothing may go wrong in its page."""
    opened = request.node.stash[OPENED] = []

    def open_book(*cells, viewport=WIDE, name=None):
        if cells:
            name = f"{request.node.name.partition('[')[0]}/book.ipynb"
            write_book(server, name, list(cells))
        page = browser.new_page(viewport=viewport)
        opened.append(Book(server, page, name))
        opened[-1].open()
        return opened[-1]

    yield open_book
    for one in opened:
        one.page.close()
    server.end_sessions()
    assert [trouble for one in opened for trouble in one.trouble] == []
