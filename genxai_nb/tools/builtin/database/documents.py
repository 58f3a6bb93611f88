"""Documents of MongoDB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from annotated_types import Interval, MaxLen
from msgspec import Struct

from genxai_nb.errors import Denied, MissingPackage, ToolFailed
from genxai_nb.guard.documents import check_collection, check_document, check_filter, check_update
from genxai_nb.guard.policy import Subject
from genxai_nb.tools.base import tool
from genxai_nb.tools.connections import find_connection
from genxai_nb.tools.outcome import Outcome

from .rows import bounded, named_rows

__all__ = ["Documents", "mongodb_query"]

MOST_INSERTED = 1_000

Operation = Literal["find", "find_one", "count", "distinct", "insert", "update", "delete"]
_READS = {"find", "find_one", "count", "distinct"}


class Documents(Struct, Outcome, frozen=True, omit_defaults=True):
    """What an operation gave.

    Attributes:
        documents: The documents found, or the values, for ``distinct``.
        count: How many were found, counted or changed.
        truncated: There are more.
        ids: The ids of inserted documents.
    """

    documents: list[Any] = []
    count: int = 0
    truncated: bool = False
    ids: list[str] = []


def _needs(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    return ("read",) if str(arguments.get("operation", "find")) in _READS else ("read", "write")


def _subjects(arguments: Mapping[str, Any]) -> list[Subject]:
    return [("tables", str(arguments.get("collection", "")))]


@tool(
    category="database",
    tags=["documents"],
    timeout=130,
    permissions=["read", "write"],
    needs=_needs,
    subjects=_subjects,
)
def mongodb_query(  # noqa: PLR0913 - what each means is told to the model
    connection: str,
    collection: str,
    operation: Operation = "find",
    *,
    database: str | None = None,
    filter: dict[str, Any] | None = None,  # noqa: A002 - the name that MongoDB gives it
    document: dict[str, Any] | list[dict[str, Any]] | None = None,
    projection: Annotated[list[str], MaxLen(100)] | None = None,
    sort: dict[str, Literal[1, -1]] | None = None,
    field: str | None = None,
    many: bool = False,
    limit: Annotated[int, Interval(ge=1, le=1000)] = 100,
    timeout: Annotated[float, Interval(ge=0.1, le=120)] = 30,
) -> Documents:
    """Find, count, insert, update or delete documents of a named MongoDB database.

    Values of the kinds that JSON lacks are written as {"$oid": "..."} and {"$date": "2026-11-24T08:00:00Z"}.

    Args:
        connection: The name of the connection.
        collection: The collection.
        operation: What to do.
        database: The database, if the connection does not say it.
        filter: Which documents, such as {"age": {"$gt": 30}}. Updating and deleting need one.
        document: The document, or documents, to insert; for update the changed fields, or operators such as $inc.
        projection: The fields to return; by default all.
        sort: Fields to sort by, 1 for up and -1 for down.
        field: The field whose values distinct returns.
        many: Whether update and delete may change more than one document.
        limit: How many documents to return at most.
        timeout: Seconds that it may take.

    Example:
        >>> mongodb_query("archive", "letters", filter={"$where": "sleep(1000)"})
        Traceback (most recent call last):
        ...
        genxai_nb.errors.Denied: The operator '$where' may not stand in a filter. ...
    """
    chosen = filter or {}
    check_filter(chosen)
    made = _checked(operation, chosen, document)
    if operation == "distinct" and not (field or "").replace(".", "").isidentifier():
        raise ToolFailed("distinct needs the name of a field.")
    found = find_connection(connection, "MongoDB", ("mongodb",))
    own = urlsplit(found.url.reveal()).path.strip("/")
    if database and own and database != own:
        raise Denied(
            f"Connection {connection!r} leads to database {own!r}, not {database!r:.80}.",
            hint="Leave database out, or name another connection.",
        )
    name = own or database
    if not name:
        raise ToolFailed(f"Connection {connection!r} names no database.", hint="Give database.")
    check_collection(name, collection)
    task = _Task(collection, chosen, made, projection, sort, field or "", many, limit, timeout)
    return _done(found.url.reveal(), name, operation, task, connection)


class _Task(Struct, frozen=True):
    """All that an operation needs to know."""

    collection: str
    filter: dict[str, Any]
    documents: list[dict[str, Any]]
    projection: list[str] | None
    sort: dict[str, Literal[1, -1]] | None
    field: str
    many: bool
    limit: int
    timeout: float


def _checked(operation: str, chosen: dict[str, Any], document: Any) -> list[dict[str, Any]]:
    documents = document if isinstance(document, list) else [document] if document else []
    if operation in {"insert", "update"} and not documents:
        raise ToolFailed(f"{operation} needs a document.")
    if operation in {"update", "delete"} and not chosen:
        raise ToolFailed(f"{operation} needs a filter, or it would meet every document.")
    if operation == "update":
        if len(documents) > 1:
            raise ToolFailed("update takes one document: the changes.")
        check_update(documents[0])
    elif operation == "insert":
        if len(documents) > MOST_INSERTED:
            raise ToolFailed(f"{len(documents)} documents are given; {MOST_INSERTED} is the most.")
        for one in documents:
            check_document(one)
    return documents


def _done(address: str, database: str, operation: Operation, task: _Task, connection: str) -> Documents:
    try:
        from pymongo import MongoClient
        from pymongo.errors import PyMongoError
    except ImportError as exc:
        raise MissingPackage("pymongo", "mongo") from exc
    milliseconds = int(task.timeout * 1000)
    try:
        with MongoClient[dict[str, Any]](
            address,
            serverSelectionTimeoutMS=min(milliseconds, 10_000),
            timeoutMS=milliseconds,
            appname="genxai-nb",
        ) as client:
            return _OPERATIONS[operation](client[database][task.collection], task)
    except PyMongoError as exc:
        said = str(exc).split(", full error:")[0].split(", Timeout:")[0]
        raise ToolFailed(f"MongoDB {connection!r}: {said:.500}") from exc


def _find(collection: Any, task: _Task) -> Documents:
    cursor = collection.find(_typed(task.filter), _fields(task), limit=task.limit + 1)
    if task.sort:
        cursor = cursor.sort(list(task.sort.items()))
    rows, truncated = named_rows(["document"], ([document] for document in cursor), task.limit)
    documents = [row["document"] for row in rows]
    return Documents(documents, len(documents), truncated)


def _find_one(collection: Any, task: _Task) -> Documents:
    found = collection.find_one(
        _typed(task.filter), _fields(task), sort=list((task.sort or {}).items()) or None
    )
    return Documents([] if found is None else [bounded(found)], int(found is not None))


def _count(collection: Any, task: _Task) -> Documents:
    return Documents(count=collection.count_documents(_typed(task.filter)))


def _distinct(collection: Any, task: _Task) -> Documents:
    values = collection.distinct(task.field, _typed(task.filter))
    return Documents(bounded(values[: task.limit]), len(values), len(values) > task.limit)


def _insert(collection: Any, task: _Task) -> Documents:
    made = collection.insert_many([_typed(document) for document in task.documents])
    return Documents(count=len(made.inserted_ids), ids=[str(one) for one in made.inserted_ids])


def _update(collection: Any, task: _Task) -> Documents:
    changes = task.documents[0]
    if not any(key.startswith("$") for key in changes):
        changes = {"$set": changes}
    update = collection.update_many if task.many else collection.update_one
    return Documents(count=update(_typed(task.filter), _typed(changes)).modified_count)


def _delete(collection: Any, task: _Task) -> Documents:
    delete = collection.delete_many if task.many else collection.delete_one
    return Documents(count=delete(_typed(task.filter)).deleted_count)


_OPERATIONS = {
    "find": _find,
    "find_one": _find_one,
    "count": _count,
    "distinct": _distinct,
    "insert": _insert,
    "update": _update,
    "delete": _delete,
}


def _fields(task: _Task) -> dict[str, int] | None:
    return dict.fromkeys(task.projection, 1) if task.projection else None


def _typed(value: Any) -> Any:
    """Values of extended JSON as what they stand for."""
    from bson import json_util
    from bson.errors import BSONError

    try:
        return json_util.object_hook(value) if _is_value(value) else _inside(value)
    except (BSONError, ValueError, TypeError) as exc:
        raise ToolFailed(f"{value!r:.80} is no value of extended JSON: {exc}.") from exc


def _is_value(value: Any) -> bool:
    return (
        isinstance(value, dict) and len(value) == 1 and next(iter(value)) in {"$oid", "$date", "$numberLong"}
    )


def _inside(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    return [_typed(item) for item in value] if isinstance(value, list) else value
