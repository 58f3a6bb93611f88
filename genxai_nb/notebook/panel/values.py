"""Values of the state as rows that can be read and edited."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from genxai_nb.errors import RunError
from genxai_nb.expressions import declared_fields
from genxai_nb.graph.draw.lettering import one_line
from genxai_nb.notebook.record_account import cut, text_of

__all__ = ["as_mapping", "noted_rows", "read_value", "to_rows", "written_out"]

_GLANCE, _LONGEST, _MOST = 160, 20_000, 200


def as_mapping(state: Any) -> dict[str, Any]:
    """The public keys of a state with their values, whether it is a dict or a model."""
    if state is None:
        return {}
    if isinstance(state, Mapping):
        return {str(key): value for key, value in state.items() if str(key)[:1] != "@"}
    return {name: getattr(state, name, None) for name in declared_fields(state) or ()}


def to_rows(
    state: Any, written: Mapping[str, Any] | None = None, appended: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Make a row for each key of a state.

    Args:
        state: The state, a dict or a model.
        written: What the last step wrote; those keys are marked.
        appended: The keys to which updates are appended.
    """
    rows = []
    values = as_mapping(state)
    for key, value in list(values.items())[:_MOST]:
        text = text_of(value)
        said, plain = written_out(value)
        rows.append(
            {
                "key": key,
                "glance": _glance(value, text),
                "text": cut(text, _LONGEST),
                "change": _change(key, (written or {}), appended),
                "edit": said if said is not None and len(said) <= _LONGEST else None,
                "plain": plain,
            }
        )
    return rows


def noted_rows(noted: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Make a row for what each agent, or all that share it, noted in working memory; it is not edited here.

    Args:
        noted: The entries in the order of writing, by the agent's name; empty for a shared one.
    """
    rows = []
    for whose, entries in noted.items():
        newest = {entry.get("about") or entry["text"]: entry["text"] for entry in entries}
        text = "\n".join(newest.values())
        rows.append(
            {
                "key": f"working memory of {whose}" if whose else "shared working memory",
                "glance": one_line(text, _GLANCE) if len(newest) == 1 else f"{len(newest):,} values",
                "text": cut(text, _LONGEST),
                "change": "",
                "edit": None,
                "plain": True,
            }
        )
    return rows


def _glance(value: Any, text: str) -> str:
    if isinstance(value, list | tuple | set | dict) and len(value) > 1:
        return f"{len(value):,} {'entries' if isinstance(value, dict) else 'items'}"
    return one_line(text, _GLANCE) or "(empty)"


def _change(key: str, written: Mapping[str, Any], appended: Sequence[str]) -> str:
    if key not in written:
        return ""
    value = written[key]
    if key in appended and isinstance(value, list | tuple):
        return f"+{len(value)}"
    return "changed"


def written_out(value: Any) -> tuple[str | None, bool]:
    """A value as text for editing: text as it is (and True), else JSON; None if it has no such form."""
    if isinstance(value, str):
        return value, True
    try:
        return json.dumps(
            msgspec.to_builtins(_plain(value)), indent=1, ensure_ascii=False, allow_nan=False
        ), False
    except (TypeError, ValueError):
        return None, False


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


def read_value(text: str, *, plain: bool) -> Any:
    """Read an edited value back.

    Raises:
        RunError: It is not JSON.
    """
    if plain:
        return text
    try:
        return json.loads(text)
    except ValueError as exc:
        raise RunError(
            f"This is not JSON: {exc}.", hint='Text stands in double quotes: "like this".'
        ) from exc
