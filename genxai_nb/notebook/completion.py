"""What Tab offers inside our lines and cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from genxai_nb.agents.naming import NODES
from genxai_nb.agents.notation import AGENT_FIELDS
from genxai_nb.errors import GenXAIError
from genxai_nb.graph.build import Graph
from genxai_nb.guard.budget import Budget
from genxai_nb.guard.policy import PROFILES
from genxai_nb.memory.registry import names as memory_kinds
from genxai_nb.providers import registry

from .arguments import split
from .drafts import KINDS as DRAFTS
from .stand import scope_of
from .verbs import VERBS, find

if TYPE_CHECKING:
    from .session import Session
    from .verb import Verb

_HEAD = re.compile(r"^%%genxai\b")
_LINE = re.compile(r"^\s*(?:\w+\s*=\s*)?%genxai[ \t]")
_REDUCER = re.compile(r"--reduce[=\s]\s*(?:\S*,)?[^\s=,]+=(\w*)$")
_FRAGMENT = re.compile(r"[^\s,\[\]()=$]*$")

_OVER_STATE = frozenset({"until", "watch", "set"})  # verbs whose argument names keys of the state

CLAUSES = ("if", "else", "max", "for each")
OPTIONS = ("retry", "timeout", "on error", "join", "at once", "cache", "reads", "into", "choices")
TYPES = ("str", "int", "float", "bool", "list", "dict")
REDUCERS = ("append", "add", "merge", "last")


class Offer(NamedTuple):
    """What may stand at the cursor: the words with their kind, and the text that they replace."""

    words: dict[str, str]
    fragment: str


def offer_at(session: Session, lines: list[str], number: int, before: str) -> Offer | None:
    """What may stand at a place of a cell; None where our magic has no say.

    Args:
        session: What is defined.
        lines: The cell's lines.
        number: The cursor's line, from 0.
        before: That line up to the cursor.
    """
    offer = _offer_at(session, lines, number, before)
    vendor, colon, _ = offer.fragment.partition(":") if offer is not None else ("", "", "")
    if offer is None or not colon or "model" not in offer.words.values():
        return offer
    models = {f"{vendor}:{model}": "model" for model in registry.models_of(vendor)}
    return Offer(models or offer.words, offer.fragment)


def _offer_at(session: Session, lines: list[str], number: int, before: str) -> Offer | None:
    head = next((index for index, line in enumerate(lines) if line.strip()), 0)
    if _HEAD.match(lines[head]):
        if number == head:
            return _in_line(session, before[len("%%genxai") :], in_cell=True)
        kind = split(lines[head])[1:2]
        body = _BODIES.get(kind[0].text) if kind else None
        if body is None:
            return None
        fragment = _FRAGMENT.search(before)[0]  # type: ignore[index]  # it matches the empty text too
        left = before[: len(before) - len(fragment)]
        words = _inserts(session) if left.endswith("$") else body(session, lines[head:], left)
        return Offer(words, fragment)
    if found := _LINE.match(before):
        return _in_line(session, before[found.end() - 1 :], in_cell=False)
    return None


def _in_line(session: Session, text: str, *, in_cell: bool) -> Offer:
    words = split(text)
    fragment = words.pop().text if words and not text[-1:].isspace() else ""
    if not words:
        return Offer({v.name: "verb" for v in VERBS if v.name and (v.cell if in_cell else v.line)}, fragment)
    verb = find(words[0].text)
    if verb is None:
        return Offer({}, fragment)
    if (how := _REDUCER.search(text)) and verb.option("reduce"):
        return Offer({**dict.fromkeys(REDUCERS, "reducer"), **_names(session, "function")}, how[1])
    name, equals, value = fragment.partition("=")
    if equals and (option := verb.option(name[2:])):
        return Offer(_names(session, option.names), value)
    last = verb.option(words[-1].text[2:]) if words[-1].text.startswith("--") else None
    if last is not None and last.value:
        names = _keys(session) if last.name == "when" else _names(session, last.names)
        return Offer(names, fragment)
    return Offer({**_arguments(session, verb, len(words)), **_options(verb, fragment, in_cell)}, fragment)


def _arguments(session: Session, verb: Verb, count: int) -> dict[str, str]:
    keys = _keys(session) if verb.name in _OVER_STATE else {}
    if verb.name == "set":
        return {f"{key}=": "key" for key in keys if key != "visit"}
    return {**_names(session, verb.names), **keys} if count == 1 or verb.whole else {}


def _options(verb: Verb, fragment: str, in_cell: bool) -> dict[str, str]:  # noqa: FBT001 - private
    if fragment[:1] not in {"", "-"}:
        return {}
    return {f"--{option.name}": "option" for option in (verb.head_options if in_cell else verb.options)}


def _names(session: Session, kind: str) -> dict[str, str]:
    """The words that can stand where a name of a kind is wanted."""
    kinds = session.notebook.kinds()
    if kind in NODES:
        return {name: known for name, known in kinds.items() if known == kind}
    if kind == "runnable":
        return {**_names(session, "graph"), **_runs(session)}
    if kind == "exportable":
        return {**_names(session, "agent"), **_names(session, "runnable")}
    if kind == "definition":
        return {**kinds, **dict.fromkeys(session.schemas, "schema"), **_runs(session)}
    found = _LISTS.get(kind)
    return found(session) if found is not None else {}


def _settings(_session: Session) -> dict[str, str]:
    from .configuring import setting_names

    return dict.fromkeys((name.removeprefix("GENXAI_") for name in setting_names()), "setting")


def _written(session: Session) -> dict[str, str]:
    """What cells have defined, here or in an earlier kernel."""
    from .kept_cells import kept_versions

    return {name: found[at].kind for name, (found, at) in kept_versions(session).items()}


def _nodes(session: Session) -> list[str]:
    """The nodes of the latest run's graph; of all graphs while nothing has run."""
    latest = session.latest
    if latest is not None and isinstance(latest.run.graph, Graph):
        return latest.run.graph.all_nodes()
    return [node for graph in session.notebook.only("graph").values() for node in graph.all_nodes()]


def _keys(session: Session) -> dict[str, str]:
    """The keys of the latest run's state."""
    latest = session.latest
    if latest is None or latest.run.graph is None:
        return {}
    try:
        return dict.fromkeys(scope_of(latest.run), "key")
    except GenXAIError:  # its journal cannot be read back
        return {}


def _runs(session: Session) -> dict[str, str]:
    return dict.fromkeys([*reversed(session.started), *(row.run for row in session.resumable())], "run")


def _models() -> Iterator[str]:
    for name in registry.names():
        yield name if name == "offline" else f"{name}:"


def _inserts(session: Session) -> dict[str, str]:
    hidden = session.shell.user_ns_hidden
    return {n: "variable" for n in session.variables if not n.startswith("_") and n not in hidden}


_LISTS: dict[str, Callable[[Session], dict[str, str]]] = {
    "schema": lambda session: dict.fromkeys(session.schemas, "schema"),
    "verb": lambda _: {verb.name: "verb" for verb in VERBS if verb.name},
    "model": lambda _: dict.fromkeys(_models(), "model"),
    "kind": lambda _: dict.fromkeys(memory_kinds(), "memory"),
    "run": _runs,
    "node": lambda session: dict.fromkeys(_nodes(session), "node"),
    "draft": lambda _: dict.fromkeys(DRAFTS, "kind"),
    "setting": _settings,
    "written": _written,
}


def _agent_body(session: Session, _lines: list[str], left: str) -> dict[str, str]:
    field, colon, _ = left.partition(":")
    if not colon:
        return {f"{name}: ": "field" for name in AGENT_FIELDS} if not left.strip() else {}
    match field.strip():
        case "model":
            return dict.fromkeys(_models(), "model")
        case "tools":
            return _tools(session)
        case "memory":
            return dict.fromkeys((*memory_kinds(), "none"), "memory")
        case "output":
            return dict.fromkeys(session.schemas, "schema")
        case "policy":
            return dict.fromkeys(PROFILES, "policy")
        case "reasoning":
            return dict.fromkeys(("low", "medium", "high"), "effort")
        case "budget":
            return {f"{name}=": "limit" for name in Budget.__struct_fields__}
    return {}


def _tools(session: Session) -> dict[str, str]:
    from genxai_nb.tools.registry import names

    own = {name: kind for name, kind in session.notebook.kinds().items() if kind in {"tool", "function"}}
    return {**own, **dict.fromkeys(names(), "tool")}


def _graph_body(session: Session, lines: list[str], left: str) -> dict[str, str]:
    if re.search(r"^\s*node\s+\S+\s*=\s*$", left):
        return dict.fromkeys((*NODES, "human"), "keyword")
    if re.match(r"^\s*node\s.*:\s*(.*,\s*)?$", left):
        return dict.fromkeys(OPTIONS, "keyword")
    if re.search(r"\bif\b|\bin\s+$", left):
        fields = dict.fromkeys(_schema_fields(session, lines[0]), "field")
        return {**fields, **dict.fromkeys(("and", "or", "not", "max"), "keyword")}
    written = re.findall(r"[^\W\d][\w-]*\w|[^\W\d]", re.sub(r"#.*|\bif\b.*", "", "\n".join(lines[1:])))
    kinds = session.notebook.kinds()
    found = {"START": "node", "END": "node", **{n: "node" for n in written if n in kinds}, **kinds}
    if re.search(r"[\w\]]\s+$", left):
        return {**dict.fromkeys(CLAUSES, "keyword")}
    return {**found, "node": "keyword"} if not left.strip() else found


def _schema_fields(session: Session, head: str) -> Iterable[str]:
    found = re.search(r"--state[= ]\s*(\w+)", head)
    schema = session.schemas.get(found[1]) if found else None
    return schema.model_fields if schema else ()


def _schema_body(session: Session, _lines: list[str], left: str) -> dict[str, str]:
    if "|" in left:
        return dict.fromkeys(REDUCERS, "reducer")
    if ":" in left:
        return {**dict.fromkeys(TYPES, "type"), **dict.fromkeys(session.schemas, "schema")}
    return {}


def _run_body(session: Session, lines: list[str], left: str) -> dict[str, str]:
    if left.strip():
        return {}
    words = split(lines[0])
    graph = session.notebook.get(words[2].text) if len(words) > 2 else None
    fields = graph.schema.fields if isinstance(graph, Graph) else ()
    return {f"{name}: ": "field" for name in (*fields, "answers")}


def _ask_body(_session: Session, _lines: list[str], _left: str) -> dict[str, str]:
    return {}


_BODIES: dict[str, Callable[[Session, list[str], str], dict[str, str]]] = {
    "agent": _agent_body,
    "graph": _graph_body,
    "schema": _schema_body,
    "run": _run_body,
    "debug": _run_body,
    "ask": _ask_body,
    "chat": _ask_body,
}
