"""Facts in runs: what reaches the model over two of them and in their time, and how they are drawn."""

from __future__ import annotations

import base64
import json
import unicodedata
import xml.etree.ElementTree as ET

import pytest
from remembering import calls, prompts

from genxai_nb.agents.agent import Agent
from genxai_nb.errors import DefinitionError, ProviderError
from genxai_nb.memory.words import words_of
from genxai_nb.providers.scripted import Scripted

FACTS = (
    "My manager is Ms Okafor.",
    "Ms Okafor's extension is 555-17.",
    *(f"My locker number {n} is made of steel and stands in corridor {n}." for n in range(6)),
)


def dialled(request) -> str:
    """Answer with the number that the prompt tells, or that it tells none."""
    told = " ".join(message.text for message in request.messages[:-1])
    return "555-17" if "555-17" in told else "I do not know."


@pytest.mark.parametrize(
    ("memory", "answer"),
    [("semantic", "555-17"), ({"semantic": {"hops": 1}}, "I do not know."), ("none", "I do not know.")],
)
def test_a_fact_about_what_another_fact_names_answers(memory, answer):
    """The number of whoever the user's manager is reaches the model; not without following, nor without that memory."""
    script = Scripted(dialled)
    agent = Agent("clerk", model=script.model, memory=memory)
    for fact in FACTS:
        agent.ask(fact, store="journal.db")

    assert agent.ask("Who is the boss of me, my manager?", store="journal.db").text == answer


def taking(*facts):
    """A model that takes these facts out, and answers anything else."""
    names = ("text", "subject", "predicate", "object", "single", "confidence")

    def answer(request):
        if request.output is None:
            return "Noted."
        return json.dumps({"facts": [dict(zip(names, fact, strict=True)) for fact in facts]})

    return answer


def test_the_model_takes_facts_out_of_what_the_user_says():
    """One recorded call with structured output; what the user did not say, and what hides something, is dropped."""
    script = Scripted(
        taking(
            ("The user moved to Ulm", "user", "home", "Ulm", True, 0.8),
            ("The user owns a yacht.", "user", "owns", "a yacht", False, 0.9),
            ("The PIN is 1234.", "user", "pin", "1234", True, 1.0),
        )
    )
    agent = Agent("clerk", model=script.model, memory={"semantic": {"extract": "model"}})
    agent.ask("We have just moved over to Ulm, and 1234 it is. Isn't it nice?", store="journal.db")
    frame = agent.memory.table("semantic", store="journal.db")

    assert frame[["text", "object", "rule", "confidence", "source"]].to_numpy().tolist() == [
        ["The user moved to Ulm.", "Ulm", "extracted", 0.8, "user"]
    ]
    assert [call.request.output is not None for call in calls("r1", "model")] == [False, True]
    assert script.requests[1].messages[1].text == "We have just moved over to Ulm, and 1234 it is"
    before = len(script.requests)
    agent.ask("Where do I live?", store="journal.db")
    assert len(script.requests) == before + 1  # a question alone states nothing


@pytest.mark.parametrize(
    "answer", ["no JSON", json.dumps({"facts": [{"text": 1}]}), ProviderError("the model is out")]
)
def test_a_model_that_takes_no_facts_out_leaves_it_to_patterns(answer):
    """An answer that does not fit, or an error, costs neither the visit nor the fact."""

    def failing(request):
        if request.output is not None and isinstance(answer, Exception):
            raise answer
        return "Noted." if request.output is None else answer

    agent = Agent("clerk", model=Scripted(failing).model, memory={"semantic": {"extract": "model"}})
    assert agent.ask("My town is Ulm.", store="journal.db").text == "Noted."
    assert list(agent.memory.table("semantic", store="journal.db")["rule"]) == ["my"]
    with pytest.raises(DefinitionError, match="patterns, model"):
        Agent("clerk", memory={"semantic": {"extract": "magic"}})


def test_an_expired_fact_does_not_answer():
    """What was so until a day that has passed stays in the table and does not reach the model any more."""
    script = Scripted(lambda request: "Yes.")
    agent = Agent("clerk", model=script.model, memory="semantic")
    agent.ask("The code of the door is 4711 until 2026-01-31.", store="journal.db")
    agent.ask("The code of the gate is 9999 until 2999-01-31.", store="journal.db")
    agent.ask("What are the codes of the door and the gate?", store="journal.db")

    assert [line for text in prompts(script) for line in text.splitlines() if line.startswith("- ")] == [
        "- The code of the gate is 9999 until 2999-01-31."
    ]
    frame = agent.memory.table("semantic", store="journal.db")
    assert frame[["object", "status"]].to_numpy().tolist() == [["4711", "expired"], ["9999", "current"]]
    told = agent.memory.remember("The code of the safe is 1 until 2026-01-31", store="journal.db")
    assert told.status == "expired"


def test_the_facts_around_an_entity_are_asked_for_and_drawn():
    """The table and the picture show the same facts; a name that looks like markup is text."""
    agent = Agent("clerk", memory="semantic")
    for fact in (
        "Ada works at Acme",
        "Acme is in Ulm",
        "Bo lives in Rome",
        "Ada likes <b>tea</b>",
        "It rains",
    ):
        agent.memory.remember(fact, store="journal.db")

    frame = agent.memory.related("Ulm", store="journal.db")
    assert frame[["hop", "subject", "predicate", "object"]].to_numpy().tolist() == [
        [1, "Acme", "is in", "Ulm"],
        [2, "Ada", "works at", "Acme"],
    ]
    drawn = agent.memory.entities("Ada", store="journal.db")
    shown = drawn._repr_mimebundle_()
    image = ET.fromstring(shown["text/html"])  # Jupyter shows an SVG of its own only in a trusted notebook
    assert image.tag == "img"
    assert image.get("alt") == " ".join(item.text for item in drawn.facts)
    data = base64.b64decode(image.get("src").removeprefix("data:image/svg+xml;base64,"))
    words = " ".join(ET.fromstring(data).itertext())
    assert all(text in words for text in ("Ada", "Acme", "Ulm", "works at", "is in", "<b>tea</b>"))
    assert "Rome" not in words
    assert shown["text/plain"].splitlines() == [
        "Ada works at Acme.",
        "Ada likes <b>tea</b>.",
        "Acme is in Ulm.",
    ]
    assert [
        len(agent.memory.entities(store="journal.db").facts),
        repr(agent.memory.entities("Zoe", store="journal.db")),
    ] == [4, "No facts of clerk."]


def test_accents_are_the_same_in_either_form():
    """A word whose accent is a character of its own is found, replaced, followed and forgotten as one without."""
    one, other = (unicodedata.normalize(form, "Café Zoë") for form in ("NFC", "NFD"))
    assert one != other
    agent = Agent("clerk", memory={"semantic": {"hops": 2}})
    agent.memory.remember(f"The cook of {one} is Bo.", store="journal.db")
    agent.memory.remember(f"The cook of {other} is Al.", store="journal.db")
    agent.memory.remember(f"My pub is {other}.", store="journal.db")

    assert agent.memory.table(status="current", store="journal.db")["id"].tolist() == ["m2", "m3"]
    assert set(agent.memory.related(one, hops=1, store="journal.db")["id"]) == {"m2", "m3"}
    assert words_of(one) == words_of(other)
    assert agent.memory.forget(containing=one, store="journal.db") == 3
