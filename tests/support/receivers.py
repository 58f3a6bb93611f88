"""Servers that take messages on loopback: SMTP by aiosmtpd, and the wire of Slack, Twilio and webhooks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from services import free_port


class Mailbox:
    """What a mail server took in: envelopes with their parsed mails."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.refused: set[str] = set()

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server, session, envelope, address, options
    ):
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server, session, envelope
    ):
        envelope.mail = message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), policy=policy.default)
        self.envelopes.append(envelope)
        return "250 taken"

    def authenticate(self, server, session, envelope, mechanism, data):
        right = (data.login, data.password) == (b"office", b"correct-horse-battery")
        return AuthResult(success=right, handled=right)


@contextmanager
def mail_server() -> Iterator[tuple[str, Mailbox]]:
    """A running mail server without TLS; gives its host and port, and its mailbox."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), ready_timeout=20)
    controller.start()
    try:
        host, port = controller.server.sockets[0].getsockname()[:2]
        yield f"{host}:{port}", mailbox
    finally:
        controller.stop()


class Wire:
    """An HTTP server that keeps what it is sent and answers as it is told."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answers: dict[str, tuple[int, str, dict[str, str]]] = {}

    def answer(self, path: str, status: int, body: str, **headers: str) -> None:
        """Answer requests for a path so from now on."""
        self.answers[path] = (
            status,
            body,
            {name.replace("_", "-"): value for name, value in headers.items()},
        )


@contextmanager
def wire() -> Iterator[tuple[str, Wire]]:
    """A running server; gives its host and port, and what it keeps."""
    kept = Wire()

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", 0)))
            kind = self.headers.get("content-type", "")
            body: Any = content.decode()
            if "json" in kind:
                body = json.loads(content)
            elif "urlencoded" in kind:
                body = dict(parse_qsl(content.decode()))
            headers = {name.lower(): value for name, value in self.headers.items()}
            kept.requests.append(
                {"method": self.command, "path": self.path, "headers": headers, "body": body, "raw": content}
            )
            status, text, more = kept.answers.get(self.path.partition("?")[0], (200, "ok", {}))
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond  # noqa: N815 - the names of http.server

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}", kept
        finally:
            server.shutdown()
