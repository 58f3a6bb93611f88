"""A double of MongoDB: the wire protocol (OP_MSG) in front of mongomock, since no real server can be installed here."""

from __future__ import annotations

import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bson
import mongomock

OP_MSG = 2013
OP_QUERY = 2004
OP_REPLY = 1
HELLO = {
    "ok": 1.0, "isWritablePrimary": True, "ismaster": True, "helloOk": True, "maxBsonObjectSize": 16 * 1024 * 1024,
    "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000, "minWireVersion": 0, "maxWireVersion": 21,
}  # fmt: skip


class Store:
    """Answers commands from a database of mongomock."""

    def __init__(self) -> None:
        self.client = mongomock.MongoClient()
        self.commands: list[dict[str, Any]] = []
        self.delay = 0.0

    def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        """What the server would reply to a command."""
        name = next(iter(command))
        if name.lower() in {"hello", "ismaster"}:
            return HELLO
        if name in {"endSessions", "ping"}:
            return {"ok": 1.0}
        self.commands.append(command)
        time.sleep(self.delay)
        handle = getattr(self, f"_{name}", None)
        if handle is None:
            return {"ok": 0.0, "errmsg": f"no such command: '{name}'", "code": 59}
        return {"ok": 1.0, **handle(self.client[command["$db"]][command[name]], command)}

    def _find(self, collection, command):
        found = collection.find(command.get("filter", {}), command.get("projection"))
        if command.get("sort"):
            found = found.sort(list(command["sort"].items()))
        return self._batch(collection, found.limit(abs(command.get("limit", 0))))

    def _aggregate(self, collection, command):
        return self._batch(collection, collection.aggregate(command["pipeline"]))

    def _batch(self, collection, found):
        return {"cursor": {"id": bson.Int64(0), "ns": collection.full_name, "firstBatch": list(found)}}

    def _distinct(self, collection, command):
        return {"values": collection.distinct(command["key"], command.get("query", {}))}

    def _insert(self, collection, command):
        return {"n": len(collection.insert_many(command["documents"]).inserted_ids)}

    def _update(self, collection, command):
        met = changed = 0
        for one in command["updates"]:
            update = collection.update_many if one.get("multi") else collection.update_one
            done = update(one["q"], one["u"])
            met, changed = met + done.matched_count, changed + done.modified_count
        return {"n": met, "nModified": changed}

    def _delete(self, collection, command):
        gone = 0
        for one in command["deletes"]:
            delete = collection.delete_one if one.get("limit") == 1 else collection.delete_many
            gone += delete(one["q"]).deleted_count
        return {"n": gone}


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while (head := self._exactly(16)) is not None:
            length, request, _, code = struct.unpack("<iiii", head)
            body = self._exactly(length - 16)
            if body is None:
                return
            if code == OP_QUERY:  # the first greeting of a driver
                start = body.index(b"\x00", 4) + 9
                reply = bson.encode(self.server.store.answer(bson.decode(body[start:])))
                payload = struct.pack("<iqii", 8, 0, 0, 1) + reply
                self._send(request, OP_REPLY, payload)
                continue
            reply = self.server.store.answer(_command(body))
            self._send(request, OP_MSG, struct.pack("<i", 0) + b"\x00" + bson.encode(reply))

    def _exactly(self, size: int) -> bytes | None:
        got = b""
        while len(got) < size:
            try:
                piece = self.request.recv(size - len(got))
            except OSError:
                return None
            if not piece:
                return None
            got += piece
        return got

    def _send(self, request: int, code: int, payload: bytes) -> None:
        self.request.sendall(struct.pack("<iiii", 16 + len(payload), 0, request, code) + payload)


def _command(body: bytes) -> dict[str, Any]:
    """The command of an OP_MSG, with its document sequences put where they belong."""
    at, command, sequences = 4, {}, {}
    while at < len(body):
        kind, at = body[at], at + 1
        (size,) = struct.unpack_from("<i", body, at)
        if kind == 0:
            command = bson.decode(body[at : at + size])
        else:
            end = body.index(b"\x00", at + 4)
            sequences[body[at + 4 : end].decode()] = bson.decode_all(body[end + 1 : at + size])
        at += size
    return {**command, **sequences}


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def mongo() -> Iterator[tuple[str, Store]]:
    """A running double; gives its URL with a database, and what it keeps."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.store = Store()
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"mongodb://127.0.0.1:{server.server_address[1]}/archive", server.store
        finally:
            server.shutdown()
