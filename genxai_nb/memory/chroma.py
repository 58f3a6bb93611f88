"""Collections of Chroma as stores of texts that are searched by meaning.

Embeddings are made here, with the model that the collection's metadata name, so that Chroma neither downloads a
model nor compares vectors of two. Scores are cosine similarities, computed exactly for what Chroma found by its
approximate index. Chroma's telemetry is off.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

from genxai_nb.errors import InputError, MissingPackage, StoreError, UnknownName

from .embed import Embedder, find_embedder
from .vectors import unit

__all__ = ["ChromaStore", "Near", "client_of", "refused"]

MODEL = "embedding_model"  # the key in a collection's metadata

_BATCH = 1000  # texts that are embedded and written at once


class Near(NamedTuple):
    """A text that was found: its name, the text, and its cosine similarity to the query."""

    id: str
    text: str
    score: float


class ChromaStore:
    """A collection of Chroma, in a folder or on a server.

    Args:
        collection: The collection's name: 3 to 512 letters, digits, ``.``, ``_`` and ``-``.
        folder: The folder in which Chroma keeps its collections; made when a text is added.
        url: The address of a Chroma server, such as ``http://localhost:8000``, in place of a folder.
        headers: What is sent with each request to a server, such as ``{"Authorization": "Bearer ..."}``.

    Attributes:
        name: The collection's name.
        where: Its folder or its server's address.
        client: Chroma's own client, for what is not offered here.

    Raises:
        InputError: Neither a folder nor an address is given, or both.
        MissingPackage: chromadb is not installed.
        StoreError: The folder cannot be used, or the server is not reached.

    Example:
        >>> from tempfile import mkdtemp
        >>> papers = ChromaStore("papers", mkdtemp())
        >>> papers.add({"p1": "Anodes oxidise.", "p2": "Cats sleep in the sun."})
        2
        >>> papers.search("What oxidises?", 1)[0].id
        'p1'
    """

    def __init__(
        self, collection: str, folder: str = "", *, url: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        if bool(folder) == bool(url):
            raise InputError(
                f"Chroma is given folder={folder!r} and url={url!r}.", hint="Give one of the two."
            )
        self.name = collection
        self.where = url or folder
        self.client = client_of(folder, url, tuple(sorted((headers or {}).items())))

    def __repr__(self) -> str:
        return f"ChromaStore({self.name!r}, {self.where!r})"

    def add(self, texts: Mapping[str, str]) -> int:
        """Keep texts under their names; a name that is there gets the new text.

        Args:
            texts: The texts by name.

        Returns:
            How many were kept.

        Raises:
            MissingPackage: The collection's embeddings are of a model that is not installed.
            StoreError: The collection does not say by which model it was embedded, or Chroma refuses.
        """
        collection = self._opened(create=True)
        embedder = self._embedder(collection)
        names = list(texts)
        for start in range(0, len(names), _BATCH):
            some = names[start : start + _BATCH]
            rows = embedder.embed([texts[name] for name in some])
            self._asked(
                collection.upsert, ids=some, embeddings=list(rows), documents=[texts[name] for name in some]
            )
        return len(names)

    def remove(self, *names: str) -> None:
        """Take texts away; a name that is not there is none of its business.

        Raises:
            StoreError: There is no such collection, or Chroma refuses.
        """
        self._asked(self._opened().delete, ids=list(names))

    def __len__(self) -> int:
        """How many texts there are.

        Raises:
            StoreError: There is no such collection.
        """
        count: int = self._asked(self._opened().count)
        return count

    def search(self, query: str, k: int) -> list[Near]:
        """The texts that are nearest to a query, the nearest first, at most ``k``.

        Raises:
            MissingPackage: The collection's embeddings are of a model that is not installed.
            StoreError: There is no such collection, or it does not say by which model it was embedded.
        """
        collection = self._opened()
        wanted = self._embedder(collection).embed([query])[0]
        found = self._asked(
            collection.query, query_embeddings=[wanted], n_results=k, include=["documents", "embeddings"]
        )
        import numpy as np

        rows = unit(np.asarray(found["embeddings"][0], dtype=np.float32).reshape(-1, len(wanted)))
        found_texts = [
            Near(name, text or "", round(float(score), 6))
            for name, text, score in zip(found["ids"][0], found["documents"][0], rows @ wanted, strict=True)
        ]
        return sorted(found_texts, key=lambda near: -near.score)

    def _opened(self, *, create: bool = False) -> Any:
        from chromadb.errors import NotFoundError

        try:
            return self.client.get_collection(self.name, embedding_function=None)
        except NotFoundError as exc:
            if not create:
                known = [collection.name for collection in self.client.list_collections()]
                wrong = UnknownName("collection of Chroma", self.name, known)
                raise StoreError(
                    wrong.what, hint=wrong.hint or f"Add a text first: {self!r}.add(...)"
                ) from exc
        except Exception as exc:  # Chroma raises its own, those of its server, and of Rust
            raise refused(self.where, exc) from exc
        metadata = {MODEL: find_embedder().model, "hnsw:space": "cosine"}
        return self._asked(
            self.client.create_collection, self.name, metadata=metadata, embedding_function=None
        )

    def _embedder(self, collection: Any) -> Embedder:
        model = (collection.metadata or {}).get(MODEL, "")
        if not model:
            raise StoreError(
                f"Collection {self.name!r} does not say by which model it was embedded.",
                hint=f"If that was one of this package, say so in its metadata: {MODEL}={find_embedder().model!r}; "
                "else fill a new collection.",
            )
        return find_embedder(model)

    def _asked(self, ask: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return ask(*args, **kwargs)
        except Exception as exc:  # Chroma raises its own, those of its server, and of Rust
            raise refused(self.where, exc) from exc


def refused(where: str, error: Exception) -> StoreError:
    """Make the error that tells what Chroma said."""
    said = str(error).partition("\n")[0]
    return StoreError(f"Chroma in {where!r} refuses: {type(error).__name__}: {said[:300]}")


@functools.cache
def client_of(folder: str, url: str, headers: tuple[tuple[str, str], ...]) -> Any:
    """One client for each place: two in one folder would not see each other's collections at once.

    Raises:
        MissingPackage: chromadb is not installed.
        StoreError: The folder cannot be used, or the server is not reached.
    """
    try:
        import chromadb
        from chromadb.config import Settings
    except ModuleNotFoundError as exc:
        raise MissingPackage("chromadb", "chroma") from exc
    settings = Settings(anonymized_telemetry=False)
    try:
        if folder:
            return chromadb.PersistentClient(folder, settings=settings)
        from urllib.parse import urlsplit

        parts = urlsplit(url)
        return chromadb.HttpClient(
            parts.hostname or "localhost",
            parts.port or (443 if parts.scheme == "https" else 8000),
            ssl=parts.scheme == "https",
            headers=dict(headers),
            settings=settings,
        )
    except Exception as exc:  # what is unreachable or damaged is told in many ways
        raise StoreError(
            f"Chroma cannot be opened in {url or folder!r}: {type(exc).__name__}: {str(exc)[:300]}",
            hint="Start its server with: chroma run" if url else "Give a folder that can be written.",
        ) from exc
