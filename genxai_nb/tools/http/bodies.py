"""Bodies of answers, decompressed bit by bit so that a small answer cannot fill the memory."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Mapping

from genxai_nb.errors import MissingPackage, ToolFailed

try:
    import httpx2
except ImportError as exc:
    raise MissingPackage("httpx2", "tools") from exc

__all__ = ["unpack"]

_PIECE = 65_536
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


async def unpack(parts: AsyncIterator[bytes], headers: Mapping[str, str]) -> AsyncIterator[bytes]:
    """What a body holds, in pieces of a bounded size.

    Args:
        parts: The body as it comes.
        headers: The headers of the answer.

    Raises:
        ToolFailed: It is compressed in another way than gzip and deflate, or ends too early.
        DecodingError: It is not compressed as it says.
    """
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding in {"identity", ""}:
        async for part in parts:
            yield part
        return
    if coding not in _WINDOWS:
        raise ToolFailed(f"The answer is compressed as {coding[:40]!r}, which is not read.")
    reader, began = zlib.decompressobj(_WINDOWS[coding]), False
    async for part in parts:
        began, left = began or bool(part), part
        while left and not reader.eof:
            try:
                made = reader.decompress(left, _PIECE)
            except zlib.error as exc:
                raise httpx2.DecodingError(str(exc)) from exc
            left = reader.unconsumed_tail
            yield made
    if began and not reader.eof:
        raise ToolFailed("The answer ends in the middle of its compressed body.", hint="Try again.")
