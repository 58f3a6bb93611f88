"""From the head and body of a cell to what it defines or gives."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from genxai_nb.agents.agent import Agent
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import DefinitionError, LineInvalid, UnknownName
from genxai_nb.graph.lexer import identifier, node_name
from genxai_nb.templates import compile_template, readable

from .body import Body, Entry
from .fields import FieldKind, Insert, inserted_or_text, value_of
from .schema import find_reducer

if TYPE_CHECKING:
    from pydantic import BaseModel

    from genxai_nb.graph.nodes import Lookup
    from genxai_nb.graph.reducers import Reducer

    from .head import Head

AGENT_FIELDS: dict[str, FieldKind] = {
    "model": "word",
    "role": "text",
    "goal": "text",
    "backstory": "text",
    "instructions": "text",
    "tools": "names",
    "memory": "kinds",
    "task": "text",
    "reads": "names",
    "writes": "key",
    "output": "object",
    "temperature": "number",
    "max_tokens": "count",
    "reasoning": "value",
    "max_turns": "count",
    "memory_tokens": "count",
    "context_window": "count",
    "policy": "value",
    "budget": "value",
}

ANSWERS = "answers"  # the key of a run's body that is no input


def agent_from(name: str, body: str, insert: Insert | None = None) -> Agent:
    r"""Make an agent from the body of its cell.

    Args:
        name: The agent's name; ``-`` becomes ``_``.
        body: Its fields.
        insert: Finds the object that ``$name`` stands for.

    Raises:
        LineInvalid: A line, a field or a value is wrong.
        DefinitionError: The fields do not make an agent.

    Example:
        >>> agent_from("writer", "role: Technical writer\ntask: Write about {{topic}}").task
        'Write about {{topic}}'
    """
    read, fields = _read(body, insert)
    name = identifier(name)
    try:
        return Agent(name, **fields)
    except DefinitionError:
        _check_each(name, fields, read)
        raise


def agent_fields(body: str, insert: Insert | None = None) -> dict[str, Any]:
    """What the body of an agent's cell says, by field.

    Raises:
        LineInvalid: A line, a field or a value is wrong.
    """
    return _read(body, insert)[1]


def _read(body: str, insert: Insert | None) -> tuple[Body, dict[str, Any]]:
    read = Body(body)
    read.check_keys(AGENT_FIELDS)
    fields = {key: value_of(entry, AGENT_FIELDS[key], insert) for key, entry in read.entries.items()}
    if isinstance(fields.get("task"), str) and fields["task"]:
        _check_template(read.entries["task"], fields["task"])
    return read, fields


def _check_each(name: str, fields: Mapping[str, Any], read: Body) -> None:
    """Refuse the first field that makes no agent, at its place; a name that is none has no place in the body."""
    Agent(name)
    for key, value in fields.items():
        try:
            Agent(name, **{key: value})
        except DefinitionError as exc:
            read.entries[key].refuse(exc.what, exc.hint, cause=exc)


def _check_template(entry: Entry, text: str) -> None:
    try:
        compile_template(text)
    except LineInvalid as exc:
        if text != entry.text:  # read as YAML or inserted, so that the places differ
            entry.refuse(exc.what, exc.hint, cause=exc)
        entry.refuse(exc.what, exc.hint, row=exc.number - 1, column=exc.column, cause=exc)


def graph_from(
    head: Head, body: str, namespace: Mapping[str, Any] | None = None, lookup: Lookup | None = None
) -> Graph:
    r"""Make a graph from the head and the lines of its cell.

    Args:
        head: Its name and the options ``state``, ``reduce`` and ``limit``.
        body: Lines of the graph language.
        namespace: Where the schema and own reducers are found.
        lookup: Finds what the nodes name; None for builtin tools and models.

    Raises:
        LineInvalid: A line is not of the language.
        DefinitionError: There is no such schema or reducer, or the graph cannot be.

    Example:
        >>> from genxai_nb.agents.notation import parse_head
        >>> graph_from(parse_head("graph review --reduce notes=append"), "START -> a -> END")
        Graph('review': 1 node, 2 edges)
    """
    space = namespace or {}
    state = _schema(head.text("state"), space)
    reducers: dict[str, str | Reducer] = {}
    for pair in (head.text("reduce") or "").split(",") if head.text("reduce") else ():
        key, equals, how = (part.strip() for part in pair.partition("="))
        if not equals or not key.isidentifier():
            raise DefinitionError(
                f"--reduce takes KEY=HOW, not {pair!r}.", hint="Write --reduce notes=append."
            )
        reducers[key] = find_reducer(how, space)
    limit = head.text("limit")
    graph = Graph(head.name, state, reducers, int(limit) if limit else None, lookup)
    graph.parse(body)
    return graph


def _schema(name: str | None, namespace: Mapping[str, Any]) -> type[BaseModel] | None:
    if name is None:
        return None
    found = namespace.get(name)
    if isinstance(found, type) and hasattr(found, "__pydantic_fields__"):
        return found
    known = [
        key
        for key, value in namespace.items()
        if isinstance(value, type) and hasattr(value, "__pydantic_fields__")
    ]
    hint = "" if known else f"Define it: %%genxai schema {name}"
    raise UnknownName("schema", name, known, hint=hint)


def input_from(
    body: str, schema: type[BaseModel] | None = None, insert: Insert | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    r"""Read the body of a run cell: its input, and the answers of people under ``answers:``.

    Args:
        body: The keys of the input with their values.
        schema: The state's model; its text fields are literal. Without one, values that look like numbers,
            booleans, null, lists or dicts are those, and all others are text.
        insert: Finds the object that ``$name`` stands for.

    Returns:
        The input by key, and the answers by node.

    Raises:
        LineInvalid: A line, a key or a value is wrong.

    Example:
        >>> input_from("topic: batteries: solid\nrounds: 3\nanswers:\n  ok: yes")
        ({'topic': 'batteries: solid', 'rounds': 3}, {'ok': 'yes'})
    """
    read = Body(body)
    kinds: dict[str, FieldKind] = {}
    if schema is not None:
        kinds = {
            key: "text" if is_text(field.annotation) else "value"
            for key, field in schema.model_fields.items()
        }
        read.check_keys({**kinds, ANSWERS: "value"})
    given = {
        key: value_of(entry, kinds.get(key, "scalar"), insert)
        for key, entry in read.entries.items()
        if key != ANSWERS
    }
    answers = read.entries.get(ANSWERS)
    return given, {} if answers is None else _answers(answers, insert)


def _answers(entry: Entry, insert: Insert | None) -> dict[str, Any]:
    value = value_of(entry, "value", insert)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        entry.refuse(
            f"{ANSWERS} takes an answer by node, not {value!r}.", "Write NODE: ANSWER on the lines below it."
        )
    try:
        return {node_name(str(key)): answer for key, answer in value.items()}
    except DefinitionError as exc:
        entry.refuse(exc.what, exc.hint, cause=exc)


def is_text(annotation: Any) -> bool:
    """Whether all values of a type are texts, or None."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return all(isinstance(part, str) for part in parts)
    if origin in {Union, UnionType}:
        return all(part is NoneType or is_text(part) for part in parts)
    return isinstance(annotation, type) and issubclass(annotation, str)


def prompt_from(body: str, insert: Insert | None = None) -> str:
    """Read the body of an ask cell: plain text, or ``$name`` for an object, which is written readably.

    Raises:
        LineInvalid: It is empty.
        GenXAIError: There is no such object.
    """
    text = body.strip()
    if not text:
        raise LineInvalid(
            "Nothing is asked.", line="", number=1, column=0, hint="Write what to ask below the head."
        )
    return readable(inserted_or_text(text, insert))
