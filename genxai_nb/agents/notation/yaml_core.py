"""YAML 1.2 in its core schema, without aliases and tags, and with no key twice."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml

_CORE = "tag:yaml.org,2002:"
_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)


class NotYaml(Exception):
    """A text is not YAML of this kind.

    Args:
        what: Why.
        row: The line of the mistake, from 0.
        column: Its column, from 0.
    """

    def __init__(self, what: str, row: int = 0, column: int = 0) -> None:
        self.what, self.row, self.column = what, row, column
        super().__init__(what)


def is_plain_scalar(text: str) -> bool:
    """Whether a text is a number, a boolean or null."""
    return bool(text) and any(kind.match(text) for kind in (_NULL, _BOOL, _INT, _FLOAT))


def load(text: str, *, typed: bool = True) -> Any:
    """Read a text; with ``typed=False`` all scalars are texts.

    Raises:
        NotYaml: It cannot be read.
    """
    import yaml

    try:
        node = yaml.compose(text, Loader=_loader())
        return None if node is None else _value(node, typed=typed)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        what = ", ".join(part for part in (exc.context, exc.problem) if part)
        raise NotYaml(what, mark.line if mark else 0, mark.column if mark else 0) from exc
    except yaml.YAMLError as exc:
        raise NotYaml(str(exc).split("\n", 1)[0]) from exc
    except RecursionError as exc:
        raise NotYaml("it is nested too deeply") from exc


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
        raise _refused(node, f"the tag {node.tag!r} is not read here")
    try:
        return _SCALARS[name](node.value) if typed else node.value
    except (ValueError, KeyError) as exc:
        raise _refused(node, f"{node.value[:40]!r} is no {name}") from exc


def _mapping(pairs: list[tuple[yaml.Node, yaml.Node]], *, typed: bool) -> dict[Any, Any]:
    values: dict[Any, Any] = {}
    for key_node, value_node in pairs:
        if not isinstance(key_node.value, str):
            raise _refused(key_node, "a key is no text")
        key = _value(key_node, typed=typed)
        if key in values:
            raise _refused(key_node, f"the key {key!r} is there twice")
        values[key] = _value(value_node, typed=typed)
    return values


def _refused(node: yaml.Node, what: str) -> NotYaml:
    return NotYaml(what, node.start_mark.line, node.start_mark.column)


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
