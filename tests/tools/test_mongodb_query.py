"""Documents over the wire protocol of MongoDB, answered by a double, and what is refused before it."""

from __future__ import annotations

import secrets

import pytest
from asking import asking_once
from mongo_server import Store, mongo

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.policy import Policy
from genxai_nb.tools.registry import find

query = find("mongodb_query")


@pytest.fixture
def server(monkeypatch):
    """A double with three letters."""
    with mongo() as (url, store):
        monkeypatch.setenv("GENXAI_CONNECTION_ARCHIVE", url)
        documents = [{"to": name, "pages": n} for n, name in enumerate(("ann", "bob", "cyd"), 1)]
        query(connection="archive", collection="letters", operation="insert", document=documents)
        yield store


def ask(operation: str = "find", **arguments):
    return query(connection="archive", collection="letters", operation=operation, **arguments)


def test_finds_and_counts(server: Store):
    """Filters, sorting, projection and limits are those of MongoDB."""
    found = ask(filter={"pages": {"$gte": 2}}, sort={"pages": -1}, projection=["to"])
    assert [document["to"] for document in found.documents] == ["cyd", "bob"]
    assert "pages" not in found.documents[0]
    assert ask("count", filter={"$or": [{"to": "ann"}, {"pages": 3}]}).count == 2
    assert ask(limit=2).truncated
    assert sorted(ask("distinct", field="to").documents) == ["ann", "bob", "cyd"]
    assert ask("find_one", filter={"to": "nobody"}).documents == []


def test_changes_one_or_many(server: Store):
    """Update and delete meet one document unless many is asked for; ids and dates are typed."""
    assert ask("update", filter={"pages": {"$gt": 0}}, document={"read": True}).count == 1
    assert ask("update", filter={"pages": {"$gt": 0}}, document={"$inc": {"pages": 10}}, many=True).count == 3
    made = ask("insert", document={"to": "dan", "sent": {"$date": "2026-11-24T08:00:00Z"}})
    found = ask("find_one", filter={"_id": {"$oid": made.ids[0]}}).documents[0]
    assert found["sent"] == "2026-11-24T08:00:00"
    assert ask("delete", filter={"to": "dan"}).count == 1


ABUSE = [
    {"filter": {"$where": "sleep(10000)"}},
    {"filter": {"$expr": {"$function": {"body": "function() {}", "args": [], "lang": "js"}}}},
    {"filter": {"a": {"$not": {"$where": "1"}}}},
    {"filter": {"$and": [{"a": 1}, {"$or": [{"$where": "1"}]}]}},
    {"filter": {"$jsonSchema": {}}},
    {"filter": {"$text": {"$search": "x"}}},
    {"filter": {"a": {"$accumulator": {}}}},
    {"filter": {"a\x00b": 1}},
    {"operation": "insert", "document": {"$set": {"a": 1}}},
    {"operation": "insert", "document": {"a": {"$where": "1"}}},
    {"operation": "insert"},
    {"operation": "insert", "document": [{"a": 1}] * 1001},
    {"operation": "update", "document": {"a": 1}},
    {"operation": "update", "filter": {"a": 1}},
    {"operation": "update", "filter": {"a": 1}, "document": {"$where": "1"}},
    {"operation": "update", "filter": {"a": 1}, "document": {"$set": {"a": {"$function": {}}}}},
    {"operation": "update", "filter": {"a": 1}, "document": {"$set": {"a": 1}, "b": 2}},
    {"operation": "update", "filter": {"a": 1}, "document": [{"a": 1}, {"b": 1}]},
    {"operation": "delete"},
    {"operation": "delete", "filter": {}, "many": True},
    {"operation": "delete", "filter": {"$where": "true"}},
    {"operation": "distinct", "field": "$where"},
    {"operation": "distinct"},
    {"collection": "system.users"},
    {"collection": "letters$cmd"},
    {"collection": "$cmd"},
    {"collection": "a\x00b"},
    {"collection": ""},
    {"collection": "../letters"},
    {"database": "admin"},
    {"database": "local"},
    {"database": "a/b"},
    {"filter": {"_id": {"$oid": "no id"}}},
]


@pytest.mark.parametrize("arguments", ABUSE)
def test_abuse_is_refused_before_it_is_sent(arguments: dict, server: Store):
    """Code, operators in the wrong place, the server's own collections and empty filters never reach the server."""
    before = len(server.commands)
    with pytest.raises(ToolFailed):
        query(**{"connection": "archive", "collection": "letters", **arguments})
    assert len(server.commands) == before


def test_a_connection_leads_to_the_database_that_it_names(server: Store):
    """A list of collections would say little if the model could choose the database they are in."""
    before = len(server.commands)
    with pytest.raises(Denied, match="leads to database '.*', not 'payroll'"):
        ask(database="payroll")
    assert len(server.commands) == before


def test_slow_and_absent_servers_are_told(server: Store, monkeypatch):
    """A server that does not answer in time, or is not there, is told by its name."""
    server.delay = 2
    with pytest.raises(ToolFailed, match="MongoDB 'archive': "):
        ask(timeout=0.3)
    monkeypatch.setenv("GENXAI_CONNECTION_ARCHIVE", "mongodb://ann:correct-horse-battery@127.0.0.1:1/x")
    with pytest.raises(ToolFailed, match="MongoDB 'archive': ") as caught:
        ask(timeout=0.3)
    assert "correct-horse" not in str(caught.value)


def test_agent_reads_what_only_the_server_knows(server: Store):
    """An agent answers with a word that stands in a document only, here of a double that speaks MongoDB's protocol."""
    word = secrets.token_hex(8)
    ask("insert", document={"to": "eve", "word": word})
    asked = {"connection": "archive", "collection": "letters", "filter": {"to": "eve"}}
    assert word in asking_once("mongodb_query", asked)[0]
    assert word not in asking_once("mongodb_query", asked, policy=Policy(tables=("stamps",)))[0]


def test_changing_is_asked_about(server: Store):
    """The default policy lets an agent read, and asks a person before it changes anything."""
    asked = {"connection": "archive", "collection": "letters", "operation": "delete", "filter": {"to": "ann"}}
    assert "it needs 'write'" in asking_once("mongodb_query", asked)[0]
    assert ask("count").count == 3


def test_operators_that_are_known_pass():
    """What MongoDB's own manual uses for everyday filters is let through."""
    from genxai_nb.guard.documents import check_filter

    check_filter(
        {"a": {"$in": [1, 2]}, "b": {"$regex": "^x", "$options": "i"}, "c": {"$elemMatch": {"d": {"$ne": 1}}}}
    )
    with pytest.raises(Denied, match=r"Allowed: .*\$elemMatch"):
        check_filter({"$where": "1"})
