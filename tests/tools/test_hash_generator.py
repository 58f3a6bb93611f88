"""Digests and HMACs; the key comes by name only."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from msgspec.structs import astuple

from genxai_nb.errors import ToolFailed
from genxai_nb.tools.registry import find

generate = find("hash_generator")


@pytest.mark.parametrize(
    "algorithm", ["md5", "sha1", "sha256", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s"]
)
def test_digest_is_that_of_the_standard_library(algorithm: str):
    """Each algorithm gives the digest of the text's bytes."""
    made = generate(data="Ärger", algorithm=algorithm, encoding="latin-1")
    assert astuple(made) == (
        hashlib.new(algorithm, "Ärger".encode("latin-1")).hexdigest(),
        algorithm,
        False,
        5,
    )


def test_published_vectors():
    """SHA-256 of abc is that of FIPS 180-2, and base64 is the same bytes."""
    assert generate(data="abc").digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert generate(data="abc", algorithm="md5", output_format="base64").digest == "kAFQmDzST7DWlj99KOF/cg=="


def test_hmac_takes_its_key_by_name(monkeypatch):
    """The key is read from the environment under the name that is given."""
    monkeypatch.setenv("GENXAI_CONNECTION_SIGNING", "horse-battery-9")
    made = generate(data="text", hmac_key="signing")
    assert made.keyed
    assert made.digest == hmac.new(b"horse-battery-9", b"text", "sha256").hexdigest()


def test_key_in_place_of_its_name_is_refused_and_not_repeated():
    """What is no name may be a key, so the error does not say it."""
    with pytest.raises(ToolFailed, match="is not the name of a connection") as caught:
        generate(data="text", hmac_key="s3cr3t key!")
    assert "s3cr3t" not in str(caught.value)


def test_unknown_key_tells_what_there_is(monkeypatch):
    """A misspelt connection is told with those that there are."""
    monkeypatch.setenv("GENXAI_CONNECTION_SIGNING", "horse-battery-9")
    with pytest.raises(ToolFailed, match="There is no connection 'singing'. Known: signing."):
        generate(data="text", hmac_key="singing")


def test_text_without_a_place_in_the_encoding_is_told():
    """The first character that cannot be encoded is named with its place."""
    with pytest.raises(ToolFailed, match="'€' at character 2 has no place in latin-1"):
        generate(data="9 €", encoding="latin-1")
    with pytest.raises(ToolFailed, match="10000000 is the most"):
        generate(data="a" * 10_000_001)
