"""What a filter, a document or an update of a document database may hold: an allow-list of its operators."""

from __future__ import annotations

import re
from typing import Any

from genxai_nb.errors import Denied, ToolFailed

__all__ = ["check_collection", "check_document", "check_filter", "check_update"]

DEEPEST = 20

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
_RESERVED = {"admin", "config", "local"}
_QUERY = {
    "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$and", "$or", "$nor", "$not", "$exists", "$type",
    "$regex", "$options", "$size", "$all", "$elemMatch", "$mod", "$oid", "$date", "$numberLong", "$numberDecimal",
}  # fmt: skip
_UPDATE = {
    "$set", "$unset", "$inc", "$mul", "$min", "$max", "$rename", "$setOnInsert", "$currentDate", "$push", "$pull",
    "$addToSet", "$pop", "$pullAll",
}  # fmt: skip
_VALUE = {"$oid", "$date", "$numberLong", "$numberDecimal"}
_IN_UPDATE = _VALUE | {"$each", "$slice", "$position", "$type", *(_QUERY - {"$regex", "$options"})}


def check_collection(database: str, collection: str) -> None:
    """Refuse names that are none, and those of the server's own.

    Raises:
        Denied: It is the server's own.
        ToolFailed: It is no name.
    """
    for kind, name in (("database", database), ("collection", collection)):
        if _NAME.fullmatch(name) is None or len(name) > 120:
            raise ToolFailed(
                f"{name!r:.80} is no name of a {kind}.", hint="Take letters, digits, '_' and '-'."
            )
    if database.lower() in _RESERVED or collection.lower().startswith("system."):
        raise Denied(
            f"{database}.{collection} belongs to the server itself.", hint="Name a collection of your own."
        )


def check_filter(filter_: dict[str, Any]) -> None:
    """Refuse a filter that runs code or reaches beyond its documents.

    Raises:
        Denied: It has an operator that is not known as harmless, such as ``$where``.

    Example:
        >>> check_filter({"age": {"$gt": 30}, "$or": [{"a": 1}, {"b": {"$exists": True}}]})
    """
    _check(filter_, _QUERY, "a filter")


def check_document(document: dict[str, Any]) -> None:
    """Refuse a document whose keys are operators.

    Raises:
        Denied: A key begins with ``$``.
    """
    _check(document, _VALUE, "a document")


def check_update(update: dict[str, Any]) -> None:
    """Refuse an update that is more than a change of fields.

    Raises:
        Denied: It has an operator that is not known as harmless.
        ToolFailed: Operators and plain fields stand beside each other.
    """
    operators = [key for key in update if key.startswith("$")]
    if operators and len(operators) < len(update):
        plain = next(key for key in update if not key.startswith("$"))
        raise ToolFailed(
            f"Field {plain!r} stands beside operators.", hint=f'Write {{"$set": {{"{plain}": ...}}}}.'
        )
    for key in operators:
        if key not in _UPDATE:
            raise Denied(f"The operator {key!r} may not stand in an update.", hint=_allowed(_UPDATE))
    for value in update.values():
        _check(value, _IN_UPDATE, "an update")


def _check(value: Any, allowed: set[str], where: str, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise ToolFailed(f"{where.capitalize()} is nested more than {DEEPEST} deep.")
    if isinstance(value, dict):
        for key, item in value.items():
            if "\x00" in key:
                raise ToolFailed(f"A key of {where} has a NUL character in it.")
            if key.startswith("$") and key not in allowed:
                raise Denied(f"The operator {key!r} may not stand in {where}.", hint=_allowed(allowed))
            _check(item, allowed, where, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item, allowed, where, depth + 1)


def _allowed(names: set[str]) -> str:
    return f"Allowed: {' '.join(sorted(names))}."
