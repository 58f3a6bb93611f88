"""Which functions can be tools, and what is said of those that cannot."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any, Literal

import pytest

from genxai_nb.errors import SchemaInvalid
from genxai_nb.tools.base import tool


@dataclasses.dataclass
class Pair:
    left: Any
    right: Any


def make_unannotated():
    def count(text):
        return len(text)

    return count


def make_star():
    def count(*texts: str):
        return texts

    return count


def make_double_star():
    def count(**texts: str):
        return texts

    return count


def make_positional():
    def count(text: str, /):
        return text

    return count


def make_callback():
    def count(text: Callable[[int], int]):
        return text

    return count


def make_foreign():
    def count(text: list[threading.Thread] | None):
        return text

    return count


def make_undefined():
    def count(text: Nowhere):  # noqa: F821 - the point of the case
        return text

    return count


def make_generator():
    def count(text: str):
        yield text

    return count


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (make_unannotated, "parameter 'text' has no annotation. Write its type, such as text: str"),
        (make_star, r"parameter 'texts' is \*texts, which has no schema"),
        (make_double_star, r"parameter 'texts' is \*\*texts, which has no schema"),
        (make_positional, "parameter 'text' is positional-only"),
        (make_callback, "parameter 'text' is of type .*Callable.*, which has no JSON schema"),
        (make_foreign, "parameter 'text' is of type Thread, which has no JSON schema"),
        (make_undefined, "the annotation 'Nowhere' is not defined"),
        (make_generator, "Tool 'count' yields values"),
        (lambda: lambda: 1, "'<lambda>' cannot be a tool's name"),
        (lambda: 3, "@tool takes a function, not 3"),
    ],
)
def test_signature_that_cannot_be_described_is_refused_at_decoration(make: Callable[[], Any], said: str):
    """A bad signature is an error of the definition, before any call, and names the parameter."""
    with pytest.raises(SchemaInvalid, match=said):
        tool(make())


def test_types_with_a_json_schema_are_taken():
    """Literals, unions, containers, enums, models, dataclasses and NewTypes make a schema."""

    @tool
    def many(a: Literal["x", "y"], b: int | None, c: dict[str, list[float]], d: Pair, e: Any = None) -> None:
        return None

    assert many.spec.parameters["properties"]["a"]["enum"] == ["x", "y"]
    assert many.spec.parameters["required"] == ["a", "b", "c", "d"]


class Opaque:
    """A type that pydantic can check but JSON cannot describe."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.is_instance_schema(cls)


@dataclasses.dataclass
class Holder:
    thread: threading.Thread


def test_types_that_turn_out_to_have_no_schema_are_refused_when_it_is_made():
    """What the signature alone does not show is an error of the schema, naming the tool."""

    @tool
    def peek(at: Opaque) -> None:
        return None

    @tool
    def hold(what: Holder) -> None:
        return None

    with pytest.raises(SchemaInvalid, match="Tool 'peek' has no JSON schema"):
        _ = peek.spec
    with pytest.raises(SchemaInvalid, match="Tool 'hold' has no schema"):
        _ = hold.spec
