"""What nodes write is checked as the schema's own fields are: with their validators and its configuration."""

from __future__ import annotations

import threading
from typing import Annotated

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    field_validator,
    model_validator,
)

from genxai_nb import Graph
from genxai_nb.errors import NodeFailed, SchemaInvalid, StateInvalid


def run(model, given, **written):
    """Run a graph of one node that writes this."""
    graph = Graph("g", state=model).node("a", lambda state: written).parse("START -> a")
    return graph.run(given, store=":memory:").state


class Part(BaseModel):
    name: str
    inside: list[Part] = []


class Draft(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True, str_strip_whitespace=True)

    score: float = 0
    title: str = ""
    lock: threading.Event | None = None
    part: Part | None = None
    named: Annotated[int, Field(alias="called", ge=0)] = 0

    @field_validator("score")
    @classmethod
    def _at_most_one(cls, value, info):
        if value > 1:
            raise ValueError(f"{info.field_name} is above 1")
        return round(value, 1)

    @field_validator("title", mode="before")
    @classmethod
    def _as_text(cls, value):
        return str(value)

    @model_validator(mode="after")
    def _both(self):
        if self.score and not self.title:
            raise ValueError("a score without a title")
        return self


def test_a_fields_validators_look_at_what_a_node_writes():
    """They may change it, or refuse it."""
    assert run(Draft, {}, score=0.55).score == 0.6
    assert run(Draft, {}, title=3).title == "3"
    with pytest.raises(
        NodeFailed, match=r"what node 'a' wrote to 'score': Value error, score is above 1, got 5"
    ):
        run(Draft, {}, score=5)


def test_the_configuration_holds_for_what_a_node_writes():
    """So do types that pydantic does not know, names in the state, and limits of a field."""
    event = threading.Event()
    assert run(Draft, {}, lock=event).lock is event
    assert run(Draft, {}, title=" a ").title == "a"
    assert run(Draft, {}, named="4").named == 4
    with pytest.raises(NodeFailed, match="greater than or equal to 0"):
        run(Draft, {}, named=-1)


def test_a_model_that_holds_itself_is_checked_to_its_depth():
    """The place of what does not fit is named."""
    state = run(Draft, {}, part={"name": "a", "inside": [{"name": "b"}]})
    assert state.part.inside[0].name == "b"
    assert run(Part, {"name": "a"}, inside=[{"name": "b"}]).inside[0].name == "b"
    with pytest.raises(NodeFailed, match=r"inside\.0\.name: Field required"):
        run(Draft, {}, part={"name": "a", "inside": [{}]})


def test_a_schema_without_fields_is_none():
    """A model of one unnamed value has no keys that nodes could write."""
    with pytest.raises(SchemaInvalid, match="A state schema is a pydantic model class"):
        Graph("g", state=RootModel[list[int]])


class Touchy(BaseModel):
    n: int = 0

    @field_validator("n")
    @classmethod
    def _look_up(cls, value):
        return {1: 1, 2: 2}[value]


def test_a_validator_that_fails_is_told_as_such():
    """Its error is one of ours, with the schema's name, and stays in its row of a batch."""
    said = r"A validator of Touchy failed at the input: KeyError: 5\. Mend it"
    graph = Graph("g", state=Touchy).node("a", lambda state: {"n": state.n + 1}).parse("START -> a")
    with pytest.raises(StateInvalid, match=said):
        graph.run({"n": 5}, store=":memory:")
    with pytest.raises(NodeFailed, match=r"failed at what is written to 'n': KeyError: 3"):
        graph.run({"n": 2}, store=":memory:")
    rows = graph.batch([{"n": 1}, {"n": 5}], store=":memory:")
    assert [row.status for row in rows] == ["done", "failed"]
    assert "failed at the input: KeyError: 5" in rows[1].result


def test_private_attributes_of_a_schema_have_their_defaults():
    """As in any other instance of it, one for each visit."""

    class Kept(BaseModel):
        n: int = 1
        _seen: list[int] = PrivateAttr(default_factory=list)
        _by: dict[str, int] = {"a": 1}
        _unset: int = PrivateAttr()

    def count(state):
        state._seen.append(state.n)
        return {"n": state.n + len(state._seen) + state._by["a"] + hasattr(state, "_unset")}

    graph = Graph("g", state=Kept).node("a", count).node("b", count).parse("START -> a -> b")
    assert graph.run({}, store=":memory:").state.n == 5


def test_a_value_that_does_not_fit_is_told_without_keys(monkeypatch):
    """A key of the environment is shown by its name, also before any run has begun."""
    monkeypatch.setenv("SCHEMA_API_KEY", "sk-of-the-schema-0123456789")

    class Counted(BaseModel):
        n: int

    graph = Graph("g", state=Counted).node("a", lambda state: {}).parse("START -> a")
    with pytest.raises(StateInvalid, match=r"got 'x* \[secret SCHEMA") as caught:
        graph.run({"n": f"{'x' * 60} sk-of-the-schema-0123456789"}, store=":memory:")
    assert "sk-of" not in str(caught.value)
