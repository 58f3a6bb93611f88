"""The offline model filling JSON schemas."""

from __future__ import annotations

import datetime
import json
from typing import Annotated, Any, Literal

import pytest
from pydantic import AnyUrl, BaseModel, Field

from genxai_nb.messages import Message, ModelRequest, ToolCall, ToolResult, assistant, system, user
from genxai_nb.providers.offline.provider import answer
from genxai_nb.providers.offline.schema import explanation

GARDEN = (
    "Tomatoes want sun and warm soil. Water them in the morning. Beans climb along poles and feed the soil with "
    "nitrogen. Slugs eat young lettuce at night. A fence of copper keeps slugs away. Compost takes 9 months."
)
SOWING = "<seeds>\n- tomatoes\n- beans\n- lettuce\n- leeks\n</seeds>"


def fill(model: type[BaseModel], text: str, *before: Message, persona: str = "") -> Any:
    opening = (system(persona),) if persona else ()
    request = ModelRequest(
        model="offline", messages=(*opening, *before, user(text)), output=model.model_json_schema()
    )
    reply = answer(request)
    assert reply.stop == "end"
    return model.model_validate_json(reply.message.text)


class Grade(BaseModel):
    share: float = Field(ge=0, le=1)
    stars: int = Field(ge=1, le=5)
    percent: float = Field(description="from 0 to 100")
    missing: list[str]
    covered: list[str]
    advice: str
    finished: bool
    needs_revision: bool


@pytest.mark.parametrize(
    ("plan", "share", "stars", "lacking"),
    [
        ("Sow nothing yet.", 0, 1, ["tomatoes", "beans", "lettuce", "leeks"]),
        ("First the tomato, then one bean.", 0.5, 3, ["lettuce", "leeks"]),
        ("Tomatoes, beans, lettuce, leeks.", 1, 5, []),
    ],
)
def test_bounded_numbers_are_the_coverage(plan: str, share: float, stars: int, lacking: list[str]):
    """The share of the wanted terms that the judged text covers fills every bounded number and names what lacks."""
    grade = fill(Grade, f"Judge whether the plan covers the seeds.\n\n<plan>\n{plan}\n</plan>\n\n{SOWING}")
    assert (grade.share, grade.stars, grade.percent) == (share, stars, 100 * share)
    assert grade.missing == lacking
    assert set(grade.missing + grade.covered) == {"tomatoes", "beans", "lettuce", "leeks"}
    assert all(item in grade.advice for item in lacking)
    assert (grade.finished, grade.needs_revision) == (not lacking, bool(lacking))


def test_own_earlier_values_do_not_count():
    """What the schema's own keys held before is neither judged nor wanted."""
    given = f"<plan>\nTomatoes and leeks.\n</plan>\n\n{SOWING}\n\n<share>\n0.1\n</share>\n\n<advice>\nMissing: roses.\n</advice>"
    assert fill(Grade, f"Judge the plan.\n\n{given}").share == 0.5


@pytest.mark.parametrize(
    ("given", "share"),
    [
        ("<topic>\nslugs and copper\n</topic>", 0.5),
        (f"<notes>\n{GARDEN}\n</notes>", 0.5),
    ],
)
def test_wanted_terms_come_from_what_is_given(given: str, share: float):
    """Without a list, the words of short texts are wanted, or the frequent terms of long ones."""
    plan = "<plan>\nKeep slugs away.\n</plan>"
    assert fill(Grade, f"Judge the plan.\n\n{plan}\n\n{given}").share == share


def test_topic_and_source_are_wanted_together():
    """A topic in the task and the frequent terms of the source are what a judge looks for."""
    task = f"Judge how well the plan covers copper fences.\n\n<plan>\nKeep slugs away.\n</plan>\n\n<notes>\n{GARDEN}\n</notes>"
    grade = fill(Grade, task)
    assert {"copper", "fences"} <= set(grade.missing)
    assert "slugs" in grade.covered


class Severity(BaseModel):
    level: Literal["minor", "major", "fatal"] = Field(
        description="fatal: plants die or the harvest is lost; major: growth stops; minor: spots or colour"
    )


@pytest.mark.parametrize(
    ("report", "level"),
    [
        ("All my plants died over night.", "fatal"),
        ("The leaves have brown spots.", "minor"),
        ("Since May the growth has stopped.", "major"),
    ],
)
def test_choice_is_the_one_most_similar_to_the_text(report: str, level: str):
    """A choice is compared by its name and by what the request says it means."""
    assert fill(Severity, f"How bad is the report?\n\n<report>\n{report}\n</report>").level == level


def test_explanations_of_choices_are_found_in_instructions():
    """What a choice means may stand behind its name or be a sentence that names it alone."""
    options = ["shed", "field"]
    assert explanation("field", options, "shed means tools and pots, field means crops.") == "crops"
    assert (
        explanation("shed", options, "Send tools to the shed. Send crops to the field.")
        == "Send tools to the shed"
    )
    assert explanation("shed", options, "The shed and the field are far.") == ""


class Gate(BaseModel):
    verdict: Literal["revise", "accept"]


def test_choice_without_similarity_follows_the_coverage():
    """A verdict is the affirming choice when nothing is missing, else the denying one."""
    for plan, verdict in (("Tomatoes.", "revise"), ("Tomatoes, beans, lettuce and leeks.", "accept")):
        assert fill(Gate, f"Check the plan.\n\n<plan>\n{plan}\n</plan>\n\n{SOWING}").verdict == verdict


class Leaf(BaseModel):
    mentions_slugs: bool
    mentions_compost: bool
    months: int
    seeds_needed: int = Field(ge=3)
    keywords: list[str] = Field(max_length=3)
    facts: list[str] = Field(min_length=2, max_length=2)
    summary: str = Field(description="one sentence about beans", max_length=80)
    title: str
    garden: str
    note: str | None
    kind: Literal["leaf"]


def test_fields_are_filled_from_what_is_given():
    """Booleans, numbers, lists and texts come from the given text, by name and description, within their bounds."""
    text = GARDEN.replace("Compost", "Humus")
    leaf = fill(
        Leaf,
        f"Describe the notes.\n\n<notes>\n{text} Compost is dear.\n</notes>\n\n<garden>\nNorth bed\n</garden>",
    )
    assert (leaf.mentions_slugs, leaf.mentions_compost) == (True, True)
    assert leaf.seeds_needed == 3
    assert 1 <= len(leaf.keywords) <= 3
    assert "slugs" in leaf.keywords
    assert len(leaf.facts) == 2
    assert all(fact in text for fact in leaf.facts)
    assert leaf.summary.startswith("Beans climb")
    assert len(leaf.summary) <= 80
    assert leaf.garden == "North bed"
    assert leaf.kind == "leaf"


class Size(BaseModel):
    height: float
    months: int


def test_unbounded_numbers_come_by_name():
    """A number stands under its key, in a tool's result, or in the sentence that names it."""
    assert fill(Size, f"Fill in.\n\n<height>\n1.75\n</height>\n\n<notes>\n{GARDEN}\n</notes>") == Size(
        height=1.75, months=9
    )
    conversation = (
        user("Measure the height of the bean."),
        assistant("", ToolCall("c1", "height_of", {"plant": "bean"})),
        Message("tool", (ToolResult("c1", "height_of", "2.5"),)),
    )
    request = ModelRequest(model="offline", messages=conversation, output=Size.model_json_schema())
    assert json.loads(answer(request).message.text) == {"height": 2.5, "months": 0}


class Page(BaseModel):
    text: str


def test_text_field_mends_its_earlier_version():
    """A text field whose key is given already is mended by the advice that is given with it."""
    given = f"<text>\nBeans climb along poles and feed the soil with nitrogen.\n</text>\n\n<advice>\nMissing: copper.\n</advice>\n\n<notes>\n{GARDEN}\n</notes>"
    page = fill(Page, f"Write about the garden.\n\n{given}")
    assert "Beans climb" in page.text
    assert "A fence of copper" in page.text


class Bed(BaseModel):
    crop: str
    rows: list[int]


class Layout(BaseModel):
    beds: list[Bed] = Field(min_length=1)
    tools: list[Literal["spade", "rake", "hoe"]]
    spare: Bed | None = None


def test_nested_schemas_are_filled():
    """Objects in lists, references, optional parts and lists of choices are filled by the same rules."""
    layout = fill(
        Layout, "Lay out the plan.\n\n<plan>\nUse the spade and the hoe on rows 2 and 3 for beans.\n</plan>"
    )
    assert layout.tools == ["spade", "hoe"]
    assert layout.beds[0].rows == [2, 3]


def test_nothing_wanted_is_full_coverage():
    """Where a request says nothing of what it wants, nothing is missing."""
    grade = fill(Grade, "Judge this.")
    assert (grade.share, grade.finished, grade.advice) == (1, True, "Nothing is missing.")


class Visit(BaseModel):
    day: datetime.date
    at: datetime.time | None
    mail: str | None = Field(json_schema_extra={"format": "email"})
    page: AnyUrl | None
    guests: int | None
    rating: Annotated[float, Field(gt=0, lt=1)]
    stars: Annotated[int, Field(gt=0, lt=4)]


def test_formats_and_empty_fields():
    """Dates, times and addresses are found by their form; what may be empty and is not there stays empty."""
    given = "<plan>\nCome on 2025-05-01 at 14:30, or write to ann@example.org, see https://example.org/garden\n</plan>"
    visit = fill(Visit, f"Read the plan.\n\n{given}")
    assert visit.day == datetime.date(2025, 5, 1)
    assert visit.at == datetime.time(14, 30)
    assert (visit.mail, str(visit.page)) == ("ann@example.org", "https://example.org/garden")
    assert visit.guests is None
    assert 0 < visit.rating < 1
    assert visit.stars in {1, 2, 3}
    bare = fill(Visit, "Read the plan.\n\n<plan>\nCome on 2025-05-01, we are 3 guests.\n</plan>")
    assert (bare.at, bare.mail, bare.page, bare.guests) == (None, None, None, 3)


class Sending(BaseModel):
    accepted: list[str]
    copies: int
    urgent: bool
    note: str = ""


def test_a_field_takes_what_a_tool_returned_under_its_name():
    """A record that a tool returned fills the fields of its names and types; others are filled as ever."""
    given = (
        "Send the letter.\n\n<letter>\nThe library closes in May. Bring back all books by then.\n</letter>"
    )
    called = assistant("", ToolCall("c1", "post_letter", {"letter": "..."}))
    returned = {"accepted": ["ann@example.org"], "copies": 3, "urgent": True, "note": ["not", "a", "text"]}
    returns = Message("tool", (ToolResult("c1", "post_letter", json.dumps(returned)),))
    request = ModelRequest(
        model="offline", messages=(user(given), called, returns), output=Sending.model_json_schema()
    )
    found = Sending.model_validate_json(answer(request).message.text)

    assert (found.accepted, found.copies, found.urgent) == (["ann@example.org"], 3, True)
    assert "library closes in May" in found.note
