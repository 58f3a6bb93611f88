"""Keys of a real Redis, below a prefix, by six commands and no others."""

from __future__ import annotations

import resource
import secrets

import pytest
import services
from asking import asking_once
from redis import Redis

from genxai_nb.errors import ToolFailed
from genxai_nb.tools.registry import find

cache = find("redis_cache")


@pytest.fixture(scope="session")
def redis_server():
    with services.redis() as url:
        yield url


@pytest.fixture
def client(redis_server, monkeypatch):
    """A client of an empty server, to which the connection cache leads, below the prefix agent:."""
    monkeypatch.setenv("GENXAI_CONNECTION_CACHE", f"{redis_server}?prefix=agent:")
    with Redis.from_url(redis_server) as client:
        client.flushall()
        client.set("other", "not ours")
        yield client


def ask(operation: str, key: str, **more):
    return cache(connection="cache", operation=operation, key=key, **more)


def test_sets_reads_and_deletes(client: Redis):
    """A key goes through its life, below the connection's prefix."""
    ask("set", "town", value="Bonn", ttl=60)
    assert client.get("agent:town") == b"Bonn"
    assert ask("get", "town").value == "Bonn"
    assert 0 < ask("ttl", "town").ttl <= 60
    assert ask("exists", "town").exists
    assert ask("delete", "town").exists
    assert not ask("delete", "town").exists
    assert ask("get", "town").value is None


def test_large_values_are_told_by_their_beginning(client: Redis):
    """Of a value of a hundred megabytes the beginning is fetched; text, an empty value and another kind are told."""
    client.setrange("agent:large", 100_000_000, b"x")
    client.set("agent:empty", "")
    client.set("agent:letters", "ä" * 15_000)
    client.rpush("agent:list", "x")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    large, empty, letters = ask("get", "large"), ask("get", "empty"), ask("get", "letters")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
    assert (len(large.value) < 11_000, large.truncated, large.exists) == (True, True, True)
    assert (empty.value, empty.truncated, empty.exists) == ("", False, True)
    assert (letters.value[:3], letters.truncated) == ("äää", True)
    with pytest.raises(ToolFailed, match="WRONGTYPE"):
        ask("get", "list")


def test_keys_match_a_pattern(client: Redis):
    """Keys are found by * and ?, without the prefix, and no others are seen."""
    for name in ("a1", "a2", "b1", "a[1]"):
        ask("set", name, value="x")
    assert ask("keys", "a?").keys == ["a1", "a2"]
    assert ask("keys", "*").keys == ["a1", "a2", "a[1]", "b1"]
    assert ask("keys", "a[1]").keys == ["a[1]"]
    assert ask("keys", "../other").keys == []


def test_patterns_that_hold_the_server_up_are_refused(client: Redis):
    """A pattern of many stars never reaches the server; as a key it is a text like any other."""
    with pytest.raises(ToolFailed, match="8 are the most"):
        ask("keys", "*a" * 9)
    assert ask("get", "*a" * 9).exists is False


@pytest.mark.parametrize("key", ["other", "*", "agent:../other", "\\x6f", "{other}"])
def test_other_keys_are_out_of_reach(key: str, client: Redis):
    """No key leads out of the prefix."""
    assert ask("get", key).value is None
    ask("delete", key)
    assert client.get("other") == b"not ours"


@pytest.mark.parametrize("key", ["", "a\r\nFLUSHALL", "a\x00b", "a\nb", "a\tb"])
def test_odd_keys_are_refused(key: str, client: Redis):
    """Empty keys and control characters are refused."""
    with pytest.raises(ToolFailed, match="is no key"):
        ask("get", key)


@pytest.mark.parametrize(
    "operation", ["eval", "EVAL", "config", "flushall", "keys *\r\nflushall", "module", "script"]
)
def test_other_commands_are_no_operations(operation: str):
    """A command beyond the six is refused by the schema."""
    with pytest.raises(ToolFailed, match="should be 'get', 'set', 'delete', 'exists', 'keys' or 'ttl'"):
        cache.validate({"connection": "cache", "operation": operation, "key": "x"})


def test_values_are_bytes_and_nothing_else(client: Redis):
    """A value that looks like a command is a value; a long one is cut when it is read."""
    ask("set", "a", value="x\r\nFLUSHALL\r\n")
    assert ask("get", "a").value == "x\r\nFLUSHALL\r\n"
    assert client.get("other") == b"not ours"
    ask("set", "b", value="y" * 20_000)
    assert ask("get", "b").value.endswith("(10000 characters more)")


def test_absent_server_is_told(monkeypatch):
    """A server that is not there is told by its name, without its password."""
    monkeypatch.setenv("GENXAI_CONNECTION_CACHE", "redis://:correct-horse-battery@127.0.0.1:1/0")
    with pytest.raises(ToolFailed, match="Redis 'cache': ") as caught:
        ask("get", "a", timeout=0.3)
    assert "correct-horse" not in str(caught.value)


def test_agent_reads_what_only_the_server_knows(client: Redis):
    """An agent answers with a value that stands in Redis only; setting one is asked about."""
    word = secrets.token_hex(8)
    ask("set", "word", value=word)
    assert word in asking_once("redis_cache", {"connection": "cache", "operation": "get", "key": "word"})[0]
    asked = {"connection": "cache", "operation": "set", "key": "word", "value": "x"}
    assert "it needs 'write'" in asking_once("redis_cache", asked)[0]
    assert ask("get", "word").value == word
