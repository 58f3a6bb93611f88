"""A web server on loopback that misbehaves on request: redirects, bombs, slow and endless bodies."""

from __future__ import annotations

import gzip
import json
import ssl
import threading
import zlib
from collections.abc import Iterable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from urllib.parse import parse_qs, unquote, urlsplit

MEGABYTE = 1024 * 1024


class HostileServer(ThreadingHTTPServer):
    """The server.

    Attributes:
        seen: The requests that arrived: method, path, headers in lower case, body.
        pages: Pages to serve, by path: a text, or a pair of content type and bytes.
        stop: Set when it closes, so that endless answers end.
        left: Set when a client has gone before its answer had ended.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answering: type[Answering]) -> None:
        super().__init__(("127.0.0.1", 0), answering)
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.pages: dict[str, str | tuple[str, bytes]] = {}
        self.stop, self.left = threading.Event(), threading.Event()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        """What a policy has to name."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def hostile_server(tls: ssl.SSLContext | None = None, answering: type[Answering] | None = None):
    """A server that runs while the block does, over TLS if it is given a certificate."""
    server = HostileServer(answering or Answering)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HostileServer

    def log_message(self, *_: object) -> None:
        pass

    def _respond(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, headers, body))
        parts = urlsplit(self.path)
        if parts.path in self.server.pages:
            page = self.server.pages[parts.path]
            kind, made = page if isinstance(page, tuple) else ("text/html; charset=utf-8", page.encode())
            self.send(200, made, {"content-type": kind})
            return
        name = parts.path.strip("/").partition("/")[0] or "home"
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        try:
            getattr(self, f"page_{name}", self.page_missing)(query, headers, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
            self.server.left.set()

    def __getattr__(self, name: str):
        if name.startswith("do_"):
            return self._respond
        raise AttributeError(name)

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_parts(self, kind: str, parts: Iterable[bytes], headers: dict[str, str] | None = None) -> None:
        """Answer with parts as they are made, until the server stops."""
        self.send_response(200)
        for name, value in {"content-type": kind, "connection": "close", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        for part in parts:
            if self.server.stop.is_set():
                break
            self.wfile.write(part)
        self.close_connection = True

    def page_missing(self, _query, _headers, _body) -> None:
        self.send(404, b"nothing here", {"content-type": "text/plain"})

    def page_echo(self, query, headers, body) -> None:
        told = {
            "method": self.command,
            "query": query,
            "headers": headers,
            "body": body.decode("utf-8", "replace"),
        }
        self.send(200, json.dumps(told).encode(), {"content-type": "application/json"})

    def page_redirect(self, query, _headers, _body) -> None:
        self.send(int(query.get("status", "302")), b"", {"location": unquote(query["to"])})

    def page_hops(self, query, _headers, _body) -> None:
        left = int(query["n"])
        if left:
            self.send(302, b"", {"location": f"/hops?n={left - 1}"})
        else:
            self.send(200, b"arrived", {"content-type": "text/plain"})

    def page_cookie(self, query, headers, _body) -> None:
        self.send(
            200,
            headers.get("cookie", "none").encode(),
            {
                "set-cookie": f"{query.get('name', 'session')}={query.get('value', 'x')}; Path=/",
                "content-type": "text/plain",
            },
        )

    def page_old_cookie(self, _query, _headers, _body) -> None:
        """A cookie of RFC 2965 that makes the standard library's reader fail, beside one that is as usual."""
        headers = {"set-cookie2": "a=b; expires=1111", "set-cookie": "c=d", "content-type": "text/plain"}
        self.send(200, b"set", headers)

    def page_bomb(self, query, _headers, _body) -> None:
        """30 megabytes of zeros in 30 kilobytes."""
        packer = zlib.compressobj(9, zlib.DEFLATED, 31 if query.get("as", "gzip") == "gzip" else 15)
        made = b"".join(packer.compress(bytes(MEGABYTE)) for _ in range(30)) + packer.flush()
        self.send(200, made, {"content-encoding": query.get("as", "gzip"), "content-type": "text/plain"})

    def page_twice(self, _query, _headers, _body) -> None:
        self.send(200, gzip.compress(gzip.compress(b"x")), {"content-encoding": "gzip, gzip"})

    def page_half(self, _query, _headers, _body) -> None:
        self.send(200, gzip.compress(bytes(range(256)) * 40)[:-60], {"content-encoding": "gzip"})

    def page_broken(self, _query, _headers, _body) -> None:
        self.send(200, b"this is no gzip", {"content-encoding": "gzip"})

    def page_endless(self, _query, _headers, _body) -> None:
        self.send_parts("text/plain", repeat(b"x" * 65536))

    def page_slow(self, _query, _headers, _body) -> None:
        self.send_response(200)
        self.send_header("content-length", "1000000")
        self.end_headers()
        while not self.server.stop.wait(0.05):
            self.wfile.write(b"x")
            self.wfile.flush()

    def page_rude(self, _query, _headers, _body) -> None:
        self.wfile.write(b"not http at all\r\n\r\n")
        self.close_connection = True

    def page_cut(self, _query, _headers, _body) -> None:
        self.send_response(200)
        self.send_header("content-length", "1000")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def page_home(self, _query, _headers, _body) -> None:
        self.send(200, b"<html><body><p>home</p></body></html>", {"content-type": "text/html"})
