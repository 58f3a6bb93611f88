"""A server of MCP over HTTP that misbehaves as its tool's argument says."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Any

from hostile_web import MEGABYTE, Answering, HostileServer, hostile_server

__all__ = ["HostileServer", "hostile_mcp"]

SCHEMA = {"type": "object", "properties": {"how": {"type": "string"}}, "required": ["how"]}
KIND = {"content-type": "application/json"}


def hostile_mcp():
    """The server, at ``/mcp``, while the block runs; other pages are those of the hostile web server."""
    return hostile_server(answering=_Misbehaving)


def packed(parts: Iterator[bytes]) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(part) for part in parts) + packer.flush()


class _Misbehaving(Answering):
    def page_mcp(self, query: dict[str, str], _headers: dict[str, str], body: bytes) -> None:
        """Answer a message; ``?at=METHOD&how=WORD`` misbehaves at a method, else a call does as it is told."""
        asked = json.loads(body) if body else {"method": self.command.lower()}
        method, params = asked["method"], asked.get("params") or {}
        how = query.get("how", "") if query.get("at") == method else ""
        if method == "tools/call":
            how = how or params["arguments"]["how"]
        misbehave: Callable[..., None] | None = getattr(self, f"how_{how.partition(' ')[0]}", None)
        if misbehave is not None:
            misbehave(asked.get("id"), how.partition(" ")[2])
        elif "id" not in asked:
            self.send(202 if self.command == "POST" else 405, b"")
        else:
            self.reply(asked["id"], method)

    def reply(self, number: Any, method: str) -> None:
        """Answer as one should."""
        results: dict[str, Any] = {
            "initialize": {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "hostile", "version": "1"},
            },
            "tools/list": {"tools": [{"name": "act", "description": "Act.", "inputSchema": SCHEMA}]},
            "tools/call": {"content": [{"type": "text", "text": "done"}]},
        }
        if method in results:
            told = {"jsonrpc": "2.0", "id": number, "result": results[method]}
        else:
            told = {"jsonrpc": "2.0", "id": number, "error": {"code": -32601, "message": "no such method"}}
        headers = KIND | ({"mcp-session-id": "one"} if method == "initialize" else {})
        self.send(200, json.dumps(told).encode(), headers)

    def called(self, number: Any, text: str) -> bytes:
        result = {"content": [{"type": "text", "text": text}]}
        return json.dumps({"jsonrpc": "2.0", "id": number, "result": result}, ensure_ascii=False).encode()

    def how_large(self, number: Any, _rest: str) -> None:
        self.send(200, self.called(number, "x" * 6_000_000), KIND)

    def how_packed(self, number: Any, _rest: str) -> None:
        self.send(
            200, packed(iter([self.called(number, "well packed")])), {"content-encoding": "gzip", **KIND}
        )

    def how_strange(self, number: Any, rest: str) -> None:
        """An answer in UTF-8 that is said to be in something else: ``strange json hex``."""
        kind, _, charset = rest.partition(" ")
        told = self.called(number, "h\u00e9")
        if kind == "event-stream":
            self.send_parts(f"text/event-stream; charset={charset}", [b"data: " + told + b"\n\n"])
        else:
            self.send(200, told, {"content-type": f"application/json; charset={charset}"})

    def how_bomb(self, _number: Any, _rest: str) -> None:
        self.send(200, packed(repeat(b" " * MEGABYTE, 30)), {"content-encoding": "gzip", **KIND})

    def how_torn(self, number: Any, _rest: str) -> None:
        self.send(200, packed(iter([self.called(number, "x")]))[:-9], {"content-encoding": "gzip", **KIND})

    def how_endless(self, _number: Any, _rest: str) -> None:
        self.send_parts("application/json", repeat(b" " * 65_536))

    def how_line(self, _number: Any, _rest: str) -> None:
        """An event that never ends."""
        self.send_parts("text/event-stream", chain([b"data: "], repeat(b"x" * 65_536)))

    def how_flood(self, _number: Any, _rest: str) -> None:
        """Small events without end, none of which is the answer."""
        told = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}}
        self.send_parts("text/event-stream", repeat(b"data: " + json.dumps(told).encode() + b"\n\n"))

    def how_comments(self, _number: Any, _rest: str) -> None:
        self.send_parts("text/event-stream", repeat(b": " + b"x" * 4000 + b"\n"))

    def how_nothing(self, _number: Any, _rest: str) -> None:
        """Compressed blocks without end that hold nothing."""
        head = zlib.compressobj(9, zlib.DEFLATED, 31)
        begun = head.compress(b"\n") + head.flush(zlib.Z_SYNC_FLUSH)
        empty = b"\x00\x00\x00\xff\xff" * 10_000
        self.send_parts("text/event-stream", chain([begun], repeat(empty)), {"content-encoding": "gzip"})

    def how_drip(self, number: Any, rest: str) -> None:
        """A byte now and then: ``drip event-stream`` or ``drip json``."""
        kind = "text/event-stream" if rest == "event-stream" else "application/json"

        def drops() -> Iterator[bytes]:
            while not self.server.stop.wait(0.05):
                yield b":\n" if rest == "event-stream" else b" "

        self.send_parts(kind, drops())

    def how_again(self, _number: Any, _rest: str) -> None:
        """A stream that ends at once, to be asked for again at once."""
        self.send_parts("text/event-stream", [b"id: 1\nretry: 0\ndata:\n\n"])

    def how_words(self, number: Any, words: str) -> None:
        """An error in the server's words."""
        told = {"jsonrpc": "2.0", "id": number, "error": {"code": -32000, "message": words}}
        self.send(200, json.dumps(told).encode(), KIND)

    def how_to(self, _number: Any, target: str) -> None:
        self.send(307, b"", {"location": target})

    def how_cookie(self, number: Any, _rest: str) -> None:
        self.send(200, self.called(number, "kept"), {"set-cookie": "way=a; Path=/", **KIND})
