"""Bodies of answers, decompressed bit by bit so that a small answer cannot fill the memory."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import AsyncIterator, Mapping

from genxai_nb.errors import MissingPackage, ToolFailed

try:
    import httpx2
except ImportError as exc:
    raise MissingPackage("httpx2", "tools") from exc

__all__ = ["encoding_of", "unpack"]

_PIECE = 65_536
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}

_USUAL = "utf-8"
# other codecs are no charsets: they run code on the text, take time squared, or fail whatever they are given
_CHARSETS = (
    "utf",
    "ascii",
    "iso",
    "cp",
    "koi8",
    "mac",
    "gb",
    "hz",
    "big5",
    "euc",
    "shift",
    "johab",
    "tis",
    "ptcp",
)


def encoding_of(charset: str | None) -> str:
    """The codec of a charset that a server names, or utf-8 if it names none of a text.

    Example:
        >>> encoding_of("windows-1252"), encoding_of("hex"), encoding_of(None)
        ('cp1252', 'utf-8', 'utf-8')
    """
    try:
        name = codecs.lookup(charset or _USUAL).name
    except (LookupError, ValueError):
        return _USUAL
    return name if name.startswith(_CHARSETS) else _USUAL


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
