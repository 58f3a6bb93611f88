"""Documents of a server that speaks MongoDB's protocol, and what is refused before it."""

from __future__ import annotations

import secrets

import pytest
import services
from asking import asking_once
from pymongo import MongoClient, monitoring

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.policy import Policy
from genxai_nb.tools.registry import find

query = find("mongodb_query")


class Sent(monitoring.CommandListener):
    """The names of all commands that this process sends to a server."""

    def __init__(self) -> None:
        self.commands: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.commands.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


sent = Sent()
monitoring.register(sent)


@pytest.fixture(scope="module")
def mongodb_server():
    with services.mongodb() as address:
        yield address


@pytest.fixture
def server(mongodb_server, monkeypatch) -> str:
    """The address of a server, of which a new database has three letters."""
    monkeypatch.setenv("GENXAI_CONNECTION_ARCHIVE", f"{mongodb_server}/archive_{secrets.token_hex(8)}")
    documents = [{"to": name, "pages": n} for n, name in enumerate(("ann", "bob", "cyd"), 1)]
    query(connection="archive", collection="letters", operation="insert", document=documents)
    return mongodb_server


def ask(operation: str = "find", **arguments):
    return query(connection="archive", collection="letters", operation=operation, **arguments)


def test_finds_and_counts(server: str):
    """Filters, sorting, projection and limits are those of MongoDB."""
    found = ask(filter={"pages": {"$gte": 2}}, sort={"pages": -1}, projection=["to"])
    assert [document["to"] for document in found.documents] == ["cyd", "bob"]
    assert "pages" not in found.documents[0]
    assert ask("count", filter={"$or": [{"to": "ann"}, {"pages": 3}]}).count == 2
    assert ask(limit=2).truncated
    assert sorted(ask("distinct", field="to").documents) == ["ann", "bob", "cyd"]
    assert ask("find_one", filter={"to": "nobody"}).documents == []


def test_changes_one_or_many(server: str):
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
def test_abuse_is_refused_before_it_is_sent(arguments: dict, server: str):
    """Code, operators in the wrong place, the server's own collections and empty filters never reach the server."""
    before = len(sent.commands)
    assert before > 0
    with pytest.raises(ToolFailed):
        query(**{"connection": "archive", "collection": "letters", **arguments})
    assert len(sent.commands) == before


def test_a_connection_leads_to_the_database_that_it_names(server: str):
    """A list of collections would say little if the model could choose the database they are in."""
    before = len(sent.commands)
    assert before > 0
    with pytest.raises(Denied, match="leads to database '.*', not 'payroll'"):
        ask(database="payroll")
    assert len(sent.commands) == before


def test_what_the_server_refuses_is_told(server: str):
    """An expression that is none, and a number that is added to a text, are the server's to refuse, in its words."""
    with pytest.raises(ToolFailed, match="MongoDB 'archive': Regular expression is invalid"):
        ask(filter={"to": {"$regex": "("}})
    with pytest.raises(ToolFailed, match=r"MongoDB 'archive': .*non-numeric type"):
        ask("update", filter={"pages": 1}, document={"$inc": {"to": 1}})


def test_slow_and_absent_servers_are_told(server: str, monkeypatch):
    """A server that does not answer in time, or is not there, is told by its name."""
    slow = {"failCommands": ["find"], "blockConnection": True, "blockTimeMS": 3_000}
    with MongoClient(server) as client:
        client.admin.command({"configureFailPoint": "failCommand", "mode": {"times": 1}, "data": slow})
    with pytest.raises(ToolFailed, match="MongoDB 'archive': "):
        ask(timeout=0.3)
    monkeypatch.setenv("GENXAI_CONNECTION_ARCHIVE", "mongodb://ann:correct-horse-battery@127.0.0.1:1/x")
    with pytest.raises(ToolFailed, match="MongoDB 'archive': ") as caught:
        ask(timeout=0.3)
    assert "correct-horse" not in str(caught.value)


def test_agent_reads_what_only_the_server_knows(server: str):
    """An agent answers with a word that stands in a document only, here of SecantusDB, which speaks MongoDB's protocol."""
    word = secrets.token_hex(8)
    ask("insert", document={"to": "eve", "word": word})
    asked = {"connection": "archive", "collection": "letters", "filter": {"to": "eve"}}
    assert word in asking_once("mongodb_query", asked)[0]
    assert word not in asking_once("mongodb_query", asked, policy=Policy(tables=("stamps",)))[0]


def test_changing_is_asked_about(server: str):
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
