"""Exact search over embeddings: one product with a matrix that is kept and grown."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from genxai_nb.errors import StoreError

if TYPE_CHECKING:
    import numpy as np

    from .spaces import Place

_FIRST = 256  # rows that a matrix begins with
_BLOCKS = 64  # in which the largest scores are looked for
_CORES = os.cpu_count() or 1


class Matrix:
    """The embeddings of a collection, of unit length, one row each.

    The product of the matrix as a whole with a vector is shared by BLAS between cores, which wait for each other: with
    a core to spare that is twice as fast as row by row on one core, on a busy machine it took 8 to 16 ms in place of
    0.3 ms (10,000 of 512 numbers). So it is taken row by row where the machine is busy.

    Args:
        dims: How many numbers an embedding has.

    Example:
        >>> import numpy as np
        >>> matrix = Matrix(2)
        >>> matrix.extend([4, 5, 9], [np.float32([3, 0]).tobytes(), b"", np.float32([0, 5]).tobytes()])
        >>> matrix.scores(np.float32([1, 0]).tobytes()).tolist()
        [1.0, 0.0, 0.0]
    """

    def __init__(self, dims: int) -> None:
        import numpy as np

        self._rows: np.ndarray = np.zeros((_FIRST, dims), dtype=np.float32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def numbers(self) -> set[int]:
        """None: it begins empty."""
        return set()

    def extend(self, numbers: Sequence[int], vectors: Sequence[bytes]) -> None:  # noqa: ARG002 - slots will do
        """Add embeddings as little-endian float32; they are brought to unit length, and an empty one is zero.

        Raises:
            StoreError: One has another length.
        """
        import numpy as np

        there, count = self._count, self._count + len(vectors)
        room, dims = self._rows.shape
        if count > room:
            grown = np.zeros((max(count, 2 * room), dims), dtype=np.float32)
            grown[:there] = self._rows[:there]
            self._rows = grown
        nothing = bytes(4 * dims)
        flat = np.frombuffer(b"".join(vector or nothing for vector in checked(vectors, dims)), dtype="<f4")
        self._rows[there:count] = unit(flat.reshape(len(vectors), dims))
        self._count = count

    def empty(self, slots: Sequence[int]) -> None:
        """Put zeros in place of embeddings."""
        self._rows[list(slots)] = 0

    def scores(self, vector: bytes, k: int = 0, words: np.ndarray | None = None) -> np.ndarray:  # noqa: ARG002 - all of them
        """The cosine similarity of each embedding to a vector: x.y / (|x| |y|), from -1 to 1; 0 to an empty one.

        Raises:
            StoreError: The vector has another length.
        """
        import numpy as np

        (asked,) = checked([vector], self._rows.shape[1])
        rows, wanted = self._rows[: self._count], unit(np.frombuffer(asked, dtype="<f4"))
        scores: np.ndarray = rows @ wanted if _is_core_free() else np.vecdot(rows, wanted)
        return scores

    def shred(self) -> None:
        """Drop everything."""
        self._rows[:] = 0
        self._count = 0


def _is_core_free() -> bool:
    """Whether a core was idle in the last minute, by the load of the machine; not where that is unknown."""
    try:
        return os.getloadavg()[0] <= _CORES - 0.5
    except (AttributeError, OSError):  # on Windows, or where it cannot be read
        return False


def open_matrix(place: Place) -> Matrix:
    """Make the index of this process."""
    return Matrix(place.dims)


def checked(vectors: Sequence[bytes], dims: int) -> Sequence[bytes]:
    """Embeddings of that length, or empty ones.

    Raises:
        StoreError: One has another length.
    """
    odd = next((vector for vector in vectors if len(vector) not in {0, 4 * dims}), None)
    if odd is not None:
        raise StoreError(
            f"An embedding of {len(odd) // 4} numbers is among those of {dims}.",
            hint="Embeddings of two models cannot be compared: embed these items anew by agent.memory.embed().",
        )
    return vectors


def best(scores: np.ndarray, k: int) -> list[int]:
    """The places of the ``k`` largest scores, the largest first, ties by place; what is not finite is left out.

    Example:
        >>> import numpy as np
        >>> best(np.array([1.0, 3.0, -np.inf, 3.0]), 3)
        [1, 3, 0]
    """
    import numpy as np

    count = len(scores)
    k = min(k, count)
    if k < 1:
        return []
    found = np.flatnonzero(scores >= _bound(scores, k))
    found = found[np.isfinite(scores[found])]
    places: list[int] = found[np.argsort(-scores[found], kind="stable")][:k].tolist()
    return places


def _bound(scores: np.ndarray, k: int) -> float:
    """A score that ``k`` of them reach, and few more; each of the ``k`` largest reaches it."""
    import numpy as np

    columns = len(scores) // _BLOCKS
    if columns > k:  # the largest of each column are so many that k of them will do
        scores = scores[: columns * _BLOCKS].reshape(_BLOCKS, columns).max(axis=0)
    return float(np.partition(scores, len(scores) - k)[len(scores) - k])


def unit(vectors: np.ndarray) -> np.ndarray:
    """Bring a vector, or each row, to unit length; one of zeros stays as it is."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    shortened: np.ndarray = vectors / np.where(lengths > 0, lengths, 1)
    return shortened


def packed(vectors: Iterable[np.ndarray]) -> list[bytes]:
    """Embeddings as the bytes that are stored: little-endian float32."""
    return [vector.astype("<f4").tobytes() for vector in vectors]
