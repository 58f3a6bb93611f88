"""Digests and message authentication codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Literal

from msgspec import Struct

from genxai_nb.errors import ToolFailed
from genxai_nb.tools.base import tool
from genxai_nb.tools.connections import find_secret
from genxai_nb.tools.outcome import Outcome

__all__ = ["Digest", "hash_generator"]

MOST_TEXT = 10_000_000  # characters

Algorithm = Literal["md5", "sha1", "sha256", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s"]


class Digest(Struct, Outcome, frozen=True):
    """A digest; ``keyed`` tells whether it is a message authentication code."""

    digest: str
    algorithm: str
    keyed: bool
    bytes: int


@tool(category="computation", tags=["hash", "security"], read_only=True, idempotent=True, timeout=10)
def hash_generator(
    data: str,
    algorithm: Algorithm = "sha256",
    encoding: Literal["utf-8", "ascii", "latin-1"] = "utf-8",
    output_format: Literal["hex", "base64"] = "hex",
    hmac_key: str | None = None,
) -> Digest:
    """Compute the digest of a text, or its HMAC with a named key.

    md5 and sha1 are for comparing with old checksums only; they protect nothing.

    Args:
        data: The text, at most 10 million characters.
        algorithm: The digest.
        encoding: How the text becomes bytes.
        output_format: How the digest is written.
        hmac_key: The name of a connection that holds the key, for an HMAC; never the key itself.

    Example:
        >>> hash_generator(data="abc", algorithm="md5").digest
        '900150983cd24fb0d6963f7d28e17f72'
    """
    if len(data) > MOST_TEXT:
        raise ToolFailed(f"The text has {len(data)} characters; {MOST_TEXT} is the most.")
    try:
        content = data.encode(encoding)
    except UnicodeEncodeError as exc:
        raise ToolFailed(
            f"{data[exc.start : exc.end]!r} at character {exc.start} has no place in {encoding}.",
            hint="Take encoding utf-8.",
        ) from exc
    if hmac_key is None:
        raw = hashlib.new(algorithm, content, usedforsecurity=False).digest()
    else:
        raw = hmac.digest(find_secret(hmac_key, "an HMAC").reveal().encode(), content, algorithm)
    text = raw.hex() if output_format == "hex" else base64.b64encode(raw).decode()
    return Digest(text, algorithm, hmac_key is not None, len(content))
