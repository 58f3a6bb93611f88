"""Real services on loopback and free ports, for tests: PostgreSQL, Redis, SecantusDB and Chroma."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WAIT = 30  # seconds


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def program(name: str, *places: str) -> str:
    """The path of a program; skips the test where it is missing, and fails it in CI."""
    found = shutil.which(name) or next(
        (
            path
            for place in places
            for path in sorted(map(str, Path("/").glob(place.lstrip("/"))), reverse=True)
        ),
        None,
    )
    if found is None:
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say(f"{name} is not installed")
    return found


def wait_for_port(port: int, process: subprocess.Popen) -> None:
    """Return when something answers at a port."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        assert process.poll() is None, "the service ended at once"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"nothing answers at port {port}")


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL with an empty database; gives its URL, as its superuser."""
    initdb = program("initdb", "/usr/lib/postgresql/*/bin/initdb")
    server = program("postgres", "/usr/lib/postgresql/*/bin/postgres")
    other = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="genxai-pg-"))
    if other:
        shutil.chown(folder, "postgres", "postgres")
    port = free_port()
    options = [
        "-A",
        "trust",
        "-U",
        "owner",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
        "-D",
        str(folder / "data"),
    ]
    subprocess.run([initdb, *options], check=True, capture_output=True, cwd="/", **other)
    settings = [
        f"port={port}",
        "listen_addresses=127.0.0.1",
        f"unix_socket_directories={folder}",
        "fsync=off",
    ]
    words = [server, "-D", str(folder / "data"), *(word for one in settings for word in ("-c", one))]
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **other
    ) as process:
        try:
            wait_for_port(port, process)
            yield f"postgresql://owner@127.0.0.1:{port}/postgres"
        finally:
            process.terminate()
            process.wait(WAIT)
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis() -> Iterator[str]:
    """An empty Redis; gives its URL."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="genxai-redis-") as folder:
        words = [
            program("redis-server"),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            folder,
        ]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
            try:
                wait_for_port(port, process)
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                process.terminate()
                process.wait(WAIT)


@contextmanager
def mongodb() -> Iterator[str]:
    """An empty SecantusDB, which speaks MongoDB's protocol over MongoDB's storage; gives its address, without a database.

    MongoDB itself is in no registry of packages.
    """
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="genxai-mongo-") as folder:
        words = [str(Path(sysconfig.get_path("scripts"), "secantusd-py")), "--storage-path", folder]
        words += ["--host", "127.0.0.1", "--port", str(port), "--standalone", "--enable-test-commands"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(words, cwd=folder, **quiet) as process:
            try:
                wait_for_port(port, process)
                yield f"mongodb://127.0.0.1:{port}"
            finally:
                process.terminate()
                process.wait(WAIT)


@contextmanager
def chroma(folder: Path, port: int | None = None) -> Iterator[str]:
    """A server of Chroma that keeps its collections in a folder; gives its address."""
    port = port or free_port()
    words = [str(Path(sysconfig.get_path("scripts"), "chroma")), "run", "--path", str(folder)]
    words += ["--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder) as process:
        try:
            wait_for_port(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(WAIT)
