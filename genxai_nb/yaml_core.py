"""YAML 1.2 in its core schema, without aliases and tags, and with no key twice."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import LineInvalid

if TYPE_CHECKING:
    import yaml

_HINT = "It is read as YAML; put a text with special characters in quotes."
_CORE = "tag:yaml.org,2002:"
_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)


def is_plain_scalar(text: str) -> bool:
    """Whether a text is a number, a boolean or null."""
    return bool(text) and any(kind.match(text) for kind in (_NULL, _BOOL, _INT, _FLOAT))


def load(text: str, *, typed: bool = True) -> Any:
    """Read a text; with ``typed=False`` all scalars are texts.

    Raises:
        LineInvalid: It cannot be read; says where.
    """
    import yaml

    try:
        node = yaml.compose(text, Loader=_loader())
        return None if node is None else _value(node, typed=typed)
    except yaml.MarkedYAMLError as exc:
        what = ", ".join(part for part in (exc.context, exc.problem) if part)
        raise _refused(text, what, exc.problem_mark or exc.context_mark) from exc
    except yaml.YAMLError as exc:
        raise _refused(text, str(exc).split("\n", 1)[0]) from exc
    except RecursionError as exc:
        raise _refused(text, "it is nested too deeply") from exc


def _refused(text: str, what: str, mark: yaml.Mark | None = None) -> LineInvalid:
    number, column = (mark.line + 1, mark.column) if mark else (1, 0)
    line = [*text.split("\n"), ""][number - 1]
    return LineInvalid(what, line=line, number=number, column=column, hint=_HINT)


@cache
def _loader() -> type[yaml.SafeLoader]:
    import yaml

    class CoreLoader(yaml.SafeLoader):
        """Knows the plain scalars of the core schema, and refuses anchors and aliases."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            event = self.peek_event()  # type: ignore[no-untyped-call]  # left out by the stubs
            if getattr(event, "anchor", None) is not None:
                raise yaml.composer.ComposerError(
                    problem="& and * are not read here", problem_mark=event.start_mark
                )
            return super().compose_node(parent, index)

    CoreLoader.yaml_implicit_resolvers = {}  # without those of YAML 1.1
    for name, pattern in (("null", _NULL), ("bool", _BOOL), ("int", _INT), ("float", _FLOAT)):
        CoreLoader.add_implicit_resolver(f"{_CORE}{name}", pattern, None)
    return CoreLoader


def _value(node: yaml.Node, *, typed: bool) -> Any:
    name = node.tag.removeprefix(_CORE)
    shape = type(node).__name__
    if (shape, name) == ("MappingNode", "map"):
        return _mapping(node.value, typed=typed)
    if (shape, name) == ("SequenceNode", "seq"):
        return [_value(item, typed=typed) for item in node.value]
    if shape != "ScalarNode" or name not in _SCALARS:
        raise _misfit(node, f"the tag {node.tag!r} is not read here")
    try:
        return _SCALARS[name](node.value) if typed else node.value
    except (ValueError, KeyError) as exc:
        raise _misfit(node, f"{node.value[:40]!r} is no {name}") from exc


def _mapping(pairs: list[tuple[yaml.Node, yaml.Node]], *, typed: bool) -> dict[Any, Any]:
    values: dict[Any, Any] = {}
    for key_node, value_node in pairs:
        if not isinstance(key_node.value, str):
            raise _misfit(key_node, "a key is no text")
        key = _value(key_node, typed=typed)
        if key in values:
            raise _misfit(key_node, f"the key {key!r} is there twice")
        values[key] = _value(value_node, typed=typed)
    return values


def _misfit(node: yaml.Node, what: str) -> yaml.MarkedYAMLError:
    import yaml

    return yaml.MarkedYAMLError(problem=what, problem_mark=node.start_mark)


def _integer(text: str) -> int:
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def _real(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


_SCALARS: dict[str, Any] = {
    "null": lambda _text: None,
    "bool": lambda text: {"true": True, "false": False}[text.lower()],
    "int": _integer,
    "float": _real,
    "str": str,
}
