"""``%genxai tool NAME key=value``: a tool run by hand, as a run with one node."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import DefinitionError, InputError, LineInvalid, UnknownName
from genxai_nb.tools.base import Tool
from genxai_nb.yaml_core import load

from .running import drive, started_new

if TYPE_CHECKING:
    from .session import Session
    from .verb import Request
    from .waiting import Wait

VALUE = "value"

_INSERTED = re.compile(r"\$([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")
_QUOTED = re.compile(r"""(?s)(["'])(.*)\1""")


def try_tool(session: Session, request: Request) -> Wait | None:
    """Run a tool once. The policy holds as for an agent: a person may be asked.

    Raises:
        GenXAIError: There is no such tool, an argument cannot be read, or the tool failed.
    """
    tool = find_tool(session, request.name)
    given = read_arguments(tool, request.body or "", session)
    graph = Graph(tool.name).node("tool", tool, into=VALUE).parse("START -> tool -> END")
    make = lambda: graph.start(given, store=request.text("store") or None)  # noqa: E731 - named for what follows
    return drive(session, request, started_new(session, request, make, lambda _, result: result.state[VALUE]))


def find_tool(session: Session, name: str) -> Tool:
    """A tool of this notebook, or a builtin or installed one.

    Raises:
        UnknownName: There is none of that name.
        DefinitionError: The name is that of something else.
    """
    found = session.lookup.find(name)
    if isinstance(found, Tool):
        return found
    if found is not None:
        raise DefinitionError(f"{name!r} is no tool.", hint="Put @tool above the function.")
    known = session.lookup.names()
    raise UnknownName("tool", name, [other for other, kind in known.items() if kind == "tool"])


def read_arguments(tool: Tool, text: str, session: Session) -> dict[str, Any]:
    """Read ``key=value key=value``: text as it stands up to the next key, other values as YAML.

    Raises:
        InputError: There is no such parameter, one that the tool needs is missing, or a value cannot be read.
    """
    names = "|".join(sorted(map(re.escape, tool.parameters), key=len, reverse=True))
    starts = list(re.finditer(rf"(?:^|(?<=\s))({names})=", text)) if names else []
    before = text[: starts[0].start()].strip() if starts else text.strip()
    missing = set(tool.spec.parameters.get("required", ())).difference(start[1] for start in starts)
    what = ""
    if before:
        word = before.partition("=")[0]
        has_none = f"Tool {tool.name!r} has no parameter {word!r}."
        what = has_none if "=" in before else f"{before!r} is no argument."
    elif missing:
        wanted = " and ".join(repr(name) for name in tool.parameters if name in missing)
        what = f"Tool {tool.name!r} needs {wanted}."
    if what:
        known = " ".join(f"{name}=..." for name in tool.parameters)
        raise InputError(what, hint=f"Write: %genxai tool {tool.name} {known}")
    ends = [*(start.start() for start in starts[1:]), len(text)]
    pairs = [(start[1], text[start.end() : end].strip()) for start, end in zip(starts, ends, strict=False)]
    return {name: _value(tool, name, value, session) for name, value in pairs}


def _value(tool: Tool, name: str, text: str, session: Session) -> Any:
    if found := _INSERTED.fullmatch(text):
        return session.insert(found[1])
    if _takes_text(tool.spec.parameters["properties"].get(name, {})):
        quoted = _QUOTED.fullmatch(text)
        return quoted[2] if quoted else text
    try:
        return load(text)
    except LineInvalid as exc:
        raise InputError(
            f"{name}={text} cannot be read: {exc.what}.", hint='Write numbers, [a, b] or {"a": 1}.'
        ) from exc


def _takes_text(schema: dict[str, Any]) -> bool:
    kinds = [one.get("type") for one in schema.get("anyOf", [schema])]
    return "string" in kinds or "enum" in schema
