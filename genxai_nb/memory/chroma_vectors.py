"""Embeddings of memories in a collection of Chroma, in a folder or on a server.

Chroma gets embeddings under their items' numbers, and no text. What it deletes stays in its files, also after ``chroma
vacuum``: the rows of a deleted collection in free pages, its graph in a folder of its own. So what is forgotten is shredded
with the whole collection, which the next search fills again from the store. In a folder its files go; on a server they are
out of reach.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import StoreError

from .chroma import MODEL, client_of, refused
from .spaces import Place
from .vectors import best, checked, unit

if TYPE_CHECKING:
    import numpy as np

TOKEN_VARIABLE = "GENXAI_CHROMA_TOKEN"  # noqa: S105 - the name of a variable

_BATCH = 1000  # embeddings that are sent at once
_PAGE = 10_000  # names that are fetched at once
_DIMS = "dims"
_PATIENCE = 30.0  # seconds that another process may hold the file


class ChromaVectors:
    """An index of embeddings in a collection of Chroma; see `genxai_nb.memory.spaces.Vectors`.

    The setting is ``chroma:folder``, or ``chroma+http://host:8000`` for a server, whose token, if it wants one, is read from
    ``GENXAI_CHROMA_TOKEN``. A folder is for one process at a time, as Chroma has it; several take a server.

    Args:
        place: Which embeddings.

    Raises:
        MissingPackage: chromadb is not installed.
        StoreError: The setting names no place, or Chroma cannot be opened there.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._folder, self._url = parsed(place.where)
        token = os.environ.get(TOKEN_VARIABLE, "")
        headers = (("Authorization", f"Bearer {token}"),) if token and self._url else ()
        self._client = client_of(self._folder, self._url, headers)
        self._collection = self._opened()
        self._before: set[str] | None = set(self._names())
        self._ids: list[str] = []
        self._slots: dict[str, int] = {}

    def numbers(self) -> set[int]:
        """The numbers of the items that it held when it was opened."""
        return {_number(name) for name in self._before or ()}

    def extend(self, numbers: Sequence[int], vectors: Sequence[bytes]) -> None:
        """Put embeddings into the next slots; only what is not there is sent.

        Raises:
            StoreError: One has another length, or Chroma refuses.
        """
        import numpy as np

        rows = checked(vectors, self._place.dims)
        names = [_name(number, vector) for number, vector in zip(numbers, vectors, strict=True)]
        self._slots |= {name: slot for slot, name in enumerate(names, len(self._ids)) if name}
        self._ids += names
        there, self._before = self._before or set(), None
        last = max(numbers, default=0)
        self._delete([name for name in there - self._slots.keys() if _number(name) <= last])
        left = [place for place, name in enumerate(names) if name and name not in there]
        for start in range(0, len(left), _BATCH):
            some = left[start : start + _BATCH]
            flat = np.frombuffer(b"".join(rows[place] for place in some), dtype="<f4")
            self._asked(
                self._collection.upsert,
                ids=[names[place] for place in some],
                embeddings=list(unit(flat.reshape(len(some), -1))),
            )

    def empty(self, slots: Sequence[int]) -> None:
        """Take embeddings out."""
        names = [self._ids[slot] for slot in slots]
        for slot, name in zip(slots, names, strict=True):
            self._slots.pop(name, None)
            self._ids[slot] = ""
        self._delete([name for name in names if name])

    def scores(self, vector: bytes, k: int, words: np.ndarray) -> np.ndarray:
        """The cosine similarity of the ``k`` that Chroma finds nearest, and of the ``k`` that have most words.

        Raises:
            StoreError: The vector has another length, or Chroma refuses.
        """
        import numpy as np

        asked = unit(np.frombuffer(checked([vector], self._place.dims)[0], dtype="<f4"))
        scores: np.ndarray = np.full(len(self._ids), -np.inf, dtype=np.float32)
        if self._slots:
            found = self._asked(
                self._collection.query,
                query_embeddings=[asked],
                n_results=min(k, len(self._slots)),
                include=["distances"],
            )
            for name, distance in zip(found["ids"][0], found["distances"][0], strict=True):
                if name in self._slots:
                    scores[self._slots[name]] = 1 - distance
        worded = best(np.where((words > 0) & (scores == -np.inf), words, -np.inf), k)
        if names := [self._ids[slot] for slot in worded if self._ids[slot]]:
            more = self._asked(self._collection.get, ids=names, include=["embeddings"])
            rows = np.asarray(more["embeddings"], dtype=np.float32).reshape(-1, self._place.dims)
            scores[[self._slots[name] for name in more["ids"]]] = rows @ asked
        return scores

    def shred(self) -> None:
        """Drop the collection; in a folder its files too.

        Raises:
            StoreError: Chroma refuses, or another process holds the folder's file.
        """
        if self._url:
            self._asked(self._client.delete_collection, self._place.name)
            return
        file = Path(self._folder, "chroma.sqlite3")
        try:
            with closing(sqlite3.connect(file, timeout=_PATIENCE)) as connection:
                segments = connection.execute(
                    "SELECT segments.id FROM segments JOIN collections ON collections.id = segments.collection"
                    " WHERE collections.name = ?",
                    (self._place.name,),
                ).fetchall()
                self._asked(self._client.delete_collection, self._place.name)
                for (segment,) in segments:
                    shutil.rmtree(Path(self._folder, segment), ignore_errors=True)
                connection.execute("VACUUM")
        except sqlite3.Error as exc:
            raise StoreError(
                f"What Chroma keeps in {self._folder!r} cannot be shredded: {exc}.",
                hint="End the other processes that use this folder, and forget again.",
            ) from exc

    def _opened(self) -> Any:
        metadata = {MODEL: self._place.model, _DIMS: self._place.dims, "hnsw:space": "ip"}

        def made() -> Any:
            return self._asked(
                self._client.get_or_create_collection,
                self._place.name,
                metadata=metadata,
                embedding_function=None,
            )

        collection = made()
        if any((collection.metadata or {}).get(name) != metadata[name] for name in (MODEL, _DIMS)):
            self.shred()  # another model made it: nothing of it can be compared
            collection = made()
        return collection

    def _names(self) -> list[str]:
        names: list[str] = []
        while True:
            page = self._asked(self._collection.get, limit=_PAGE, offset=len(names), include=[])["ids"]
            names += page
            if len(page) < _PAGE:
                return names

    def _delete(self, names: list[str]) -> None:
        for start in range(0, len(names), _BATCH):
            self._asked(self._collection.delete, ids=names[start : start + _BATCH])

    def _asked(self, ask: Any, *args: Any, **kwargs: Any) -> Any:
        from chromadb.errors import NotFoundError

        try:
            return ask(*args, **kwargs)
        except NotFoundError as exc:
            raise LookupError(self._place.name) from exc
        except Exception as exc:  # Chroma raises its own, those of its server, and of Rust
            raise refused(self._folder or self._url, exc) from exc


def parsed(where: str) -> tuple[str, str]:
    """The folder, or the address of the server, that a setting names.

    Raises:
        StoreError: It names neither.
    """
    scheme, _, rest = where.partition(":")
    _, _, transport = scheme.partition("+")
    path = rest.removeprefix("///")
    if not path.strip("/") or (transport and transport not in {"http", "https"}):
        raise StoreError(
            f"{where!r} names no place for Chroma.",
            hint="Write GENXAI_VECTORS=chroma:folder, or chroma+http://localhost:8000 for a server.",
        )
    return ("", f"{transport}:{rest}") if transport else (str(Path(path).absolute()), "")


def _name(number: int, vector: bytes) -> str:
    """What Chroma knows an embedding by: its item's number and what it is; empty for none."""
    return f"{number}-{blake2b(vector, digest_size=8).hexdigest()}" if vector else ""


def _number(name: str) -> int:
    number = name.partition("-")[0]
    return int(number) if number.isdecimal() else 0
