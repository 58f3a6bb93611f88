"""A server that speaks Chat Completions, for what llmock does not say: it streams the chunks it is given."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Refusal(NamedTuple):
    """An answer that is an error."""

    status: int
    body: Any
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


class ChatServer:
    """Answers requests in order, and remembers them.

    Attributes:
        url: The base URL.
        answers: What is still to be answered: lists of chunks, or refusals.
        requests: The bodies of the requests.
        headers: Their headers.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[list[Any] | Refusal] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []


@contextmanager
def serving() -> Iterator[ChatServer]:
    """Run a server on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.requests.append(json.loads(body))
            server.headers.append({name.lower(): value for name, value in self.headers.items()})
            answer = server.answers.pop(0)
            if isinstance(answer, Refusal):
                self._send(
                    answer.status, "application/json", json.dumps(answer.body).encode(), answer.headers
                )
                return
            events = [item if isinstance(item, str) else f"data: {json.dumps(item)}\n\n" for item in answer]
            self._send(200, "text/event-stream", "".join(events).encode(), {})

        def _send(self, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Type": kind, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = ChatServer(f"http://127.0.0.1:{http.server_port}/v1")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


DONE = "data: [DONE]\n\n"


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """One chunk with a delta of the first choice."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def call_chunk(
    number: int | None, name: str | None, arguments: str, key: str | None = None
) -> dict[str, Any]:
    """One chunk with a piece of a tool call."""
    piece = {
        "index": number,
        "id": key,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }
    return chunk(tool_calls=[{name: value for name, value in piece.items() if value is not None}])


def usage_chunk(sent: int, answered: int, *, cached: int = 0, reasoning: int = 0) -> dict[str, Any]:
    """The last chunk, which has no choice and tells the usage."""
    told = {
        "prompt_tokens": sent,
        "completion_tokens": answered,
        "total_tokens": sent + answered,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
    return {**chunk(), "choices": [], "usage": told}
