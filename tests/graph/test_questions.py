"""Questions to people: with choices, as a form, and which answers fit."""

from __future__ import annotations

from enum import Enum
from typing import Literal

import pytest
from pydantic import BaseModel, Field
from stepping import begun_until_asked

from genxai_nb.errors import DefinitionError, NodeFailed, RunError
from genxai_nb.graph.build import Graph
from genxai_nb.graph.functions import human
from genxai_nb.graph.question import Question, entries_of, filled_in


class Tone(Enum):
    WARM = "warm"
    COLD = "cold"


class Review(BaseModel):
    score: float = Field(ge=0, le=1, description="Quality from 0 to 1")
    verdict: Literal["publish", "drop"]
    pages: int = 3
    ready: bool = False
    tone: Tone | None = None
    note: str = ""
    tags: list[str] = []


class Draft(BaseModel):
    topic: str = ""
    review: Review | None = None


def asking(**options):
    """A graph that asks for a review."""
    return (
        Graph("g").node("review", human("How good is it?", schema=Review), **options).parse("START -> review")
    )


def test_a_form_has_a_field_for_each_of_the_schema():
    """Kinds, choices, defaults and notes come from the JSON schema; an optional field is what it is when given."""
    entries = entries_of(Review.model_json_schema())

    assert [(entry.name, entry.kind, entry.required) for entry in entries] == [
        ("score", "number", True),
        ("verdict", "choice", True),
        ("pages", "integer", False),
        ("ready", "boolean", False),
        ("tone", "choice", False),
        ("note", "text", False),
        ("tags", "value", False),
    ]
    assert entries[0].note == "Quality from 0 to 1"
    assert entries[1].options == ("publish", "drop")
    assert entries[4].options == ("warm", "cold")
    assert (entries[2].default, entries[4].default) == (3, None)
    assert entries[1].in_words == "verdict publish|drop"
    assert entries[2].in_words == "pages whole number or nothing"


def test_what_is_typed_into_a_form_is_read_by_its_fields():
    """Numbers, choices and JSON are read; an empty field that need not be filled in is left out."""
    typed = {"score": " 0.5 ", "verdict": "drop", "pages": "", "ready": True, "tags": '["a"]', "note": "x"}
    given = filled_in(entries_of(Review.model_json_schema()), typed)

    assert Question(node="review", schema=Review).check(given) == {
        "score": 0.5,
        "verdict": "drop",
        "pages": 3,
        "ready": True,
        "tone": None,
        "note": "x",
        "tags": ["a"],
    }
    with pytest.raises(RunError, match="tags: 'a, b' is not JSON"):
        filled_in(entries_of(Review.model_json_schema()), {"tags": "a, b"})


@pytest.mark.parametrize(
    "answer",
    [{"score": 1, "verdict": "drop"}, '{"score": 1, "verdict": "drop"}', Review(score=1, verdict="drop")],
)
def test_an_answer_is_given_as_values_as_json_or_as_an_object(answer):
    """Without a person the answer comes from the run's answers, and the state gets the fields as a dict."""
    result = asking(into="mark").run({}, answers={"review": answer})

    assert result.state["mark"]["score"] == 1.0
    assert result.state["mark"]["pages"] == 3


def test_an_answer_that_does_not_fit_names_its_fields():
    """The error says which field is wrong and what the form takes."""
    with pytest.raises(NodeFailed) as caught:
        asking().run({}, answers={"review": {"score": 7}})

    assert isinstance(caught.value.__cause__, RunError)
    said = str(caught.value.__cause__)
    assert "score: Input should be less than or equal to 1; verdict: Field required" in said
    assert "It takes score number, verdict publish|drop" in said


def test_a_person_answers_a_form_once_it_fits():
    """A wrong answer leaves the question open; a right one goes on."""
    run = asking().start({}, interactive=True)
    question, future = begun_until_asked(run)
    assert question.offered[0] == "score number"
    with pytest.raises(RunError, match="verdict: Field required"):
        run.answer("review", {"score": 0.5})
    run.answer("review", {"score": 0.5, "verdict": "publish"})

    assert future.result(10).state["review"]["verdict"] == "publish"


def test_the_state_gives_the_form_of_the_key_that_takes_the_answer():
    """In the graph language a question is a form when the state's schema has a model there, or maybe one."""
    graph = Graph("g", Draft).parse('node ask = human "How good?": into review\nSTART -> ask')
    result = graph.run({}, answers={"ask": {"score": 0, "verdict": "drop"}})

    assert result.state.review == Review(score=0, verdict="drop")


def test_a_held_question_that_is_answered_by_hand_is_checked():
    """The answer that a call gets at the gate fits the schema too; one that does not leaves it held."""
    run = asking().start({}, interactive=True)
    run.step()
    with pytest.raises(RunError, match="less than or equal to 1"):
        run.answer_call(run.held[0].slot, '{"score": 3}')
    run.answer_call(run.held[0].slot, '{"score": 1, "verdict": "drop"}')

    assert run.resume().state["review"]["verdict"] == "drop"


@pytest.mark.parametrize(
    ("choices", "schema", "words"),
    [(["yes"], Review, "both choices and a schema"), ((), dict, "a pydantic model class, not")],
)
def test_a_question_that_cannot_be_is_refused(choices, schema, words):
    """Choices beside a schema, and a schema that is none, are refused where the question is made."""
    with pytest.raises(DefinitionError, match=words):
        human("Go?", choices, schema)


def test_a_list_answers_one_visit_after_the_other():
    """The first answer is for the first visit; after the last one somebody has to be there."""
    graph = Graph("g").node("ask", human("Again?", choices=["yes", "no"]))
    graph.parse("START -> ask\nask -> ask if ask == 'yes' max 5\nask -> END else")

    assert graph.run({}, answers={"ask": ["yes", "yes", "no"]}).state["ask"] == "no"
    with pytest.raises(NodeFailed, match=r"'ask' asks 'Again\?', and .*visit 3, but its list has 2"):
        graph.run({}, answers={"ask": ["yes", "yes"]})
    with pytest.raises(NodeFailed, match="'perhaps' for node 'ask' is none of its choices"):
        graph.run({}, answers={"ask": ["yes", "perhaps"]})
