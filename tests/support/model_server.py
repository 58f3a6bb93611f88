"""A server in a vendor's place, for what llmock does not say: it streams the events that it is given."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Refusal(NamedTuple):
    """An answer that is an error."""

    status: int
    body: Any
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


class Plain(NamedTuple):
    """An answer that is no stream."""

    body: Any


class Dropped(NamedTuple):
    """A stream whose connection is dropped at its end."""

    events: list[Any]


class Slow(NamedTuple):
    """A stream that comes byte by byte."""

    events: list[Any]


class Endless(NamedTuple):
    """A stream that goes on with its last event until the client leaves, which is told by the event."""

    events: list[Any]
    left: threading.Event


class ModelServer:
    """Answers requests in order, and remembers them.

    Attributes:
        url: The address.
        answers: What is still to be answered: lists of events, or one of the kinds above.
        requests: The bodies of the requests.
        headers: Their headers.
        paths: Where they were sent.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[Any] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []


class _Answering(BaseHTTPRequestHandler):
    model_server: ModelServer

    def do_POST(self) -> None:
        self._note(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def do_GET(self) -> None:
        self._note({})

    def _note(self, request: dict[str, Any]) -> None:
        server = self.model_server
        server.requests.append(request)
        server.paths.append(self.path)
        server.headers.append({name.lower(): value for name, value in self.headers.items()})
        self._answer(server.answers.pop(0))

    def _answer(self, answer: Any) -> None:
        match answer:
            case Refusal(status, body, headers):
                self._begin(status, "application/json", len(said := json.dumps(body).encode()), headers)
                self.wfile.write(said)
            case Plain(body):
                self._begin(200, "application/json", len(said := json.dumps(body).encode()))
                self.wfile.write(said)
            case Dropped(events):
                self._begin(200, "text/event-stream", len(said := as_text(events)) + 1)
                self.wfile.write(said)
                self.close_connection = True
            case Slow(events):
                self._begin(200, "text/event-stream", len(said := as_text(events)))
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
                for number in range(len(said)):
                    self.wfile.write(said[number : number + 1])
            case Endless(events, left):
                self._begin(200, "text/event-stream", 10**9)
                self.wfile.write(as_text(events))
                with suppress(ConnectionError):
                    while True:
                        self.wfile.write(as_text(events[-1:]))
                self.close_connection = True
                left.set()
            case events:
                self._begin(200, "text/event-stream", len(said := as_text(events)))
                self.wfile.write(said)

    def _begin(self, status: int, kind: str, length: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Type": kind, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def as_text(events: list[Any]) -> bytes:
    """Events as they are streamed; one that is text already stays as it is."""
    return "".join(event if isinstance(event, str) else in_text(event) for event in events).encode()


def in_text(event: dict[str, Any]) -> str:
    """One event as it is streamed, with its name before it if it has one."""
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n"


@contextmanager
def serving() -> Iterator[ModelServer]:
    """Run a server on a free port of this machine."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Answering", (_Answering,), {}))
    server = ModelServer(f"http://127.0.0.1:{http.server_port}")
    http.RequestHandlerClass.model_server = server  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
