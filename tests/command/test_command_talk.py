"""Answers that are typed, values on the command line, progress, and JSON of states."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel

from genxai_nb.command.person import Person, chosen
from genxai_nb.command.printing import as_json, table
from genxai_nb.command.progress import Progress
from genxai_nb.command.values import read_answers, read_inputs
from genxai_nb.errors import InputError
from genxai_nb.graph.question import question_in
from genxai_nb.journal.events import CallFinished, CallRetried, CallStarted, Logged, NodeFailed, NodeFinished
from genxai_nb.messages import ModelReply, Usage, assistant


@pytest.mark.parametrize(
    ("typed", "choices", "meant"),
    [
        ("anything", (), "anything"),
        ("", (), ""),
        ("yes", ("yes", "no"), "yes"),
        ("NO", ("yes", "no"), "no"),
        ("2", ("yes", "no"), "no"),
        ("2", ("3", "2", "1"), "2"),
        ("a", ("A", "a"), "a"),
        ("3", ("yes", "no"), None),
        ("0", ("yes", "no"), None),
        ("", ("yes", "no"), None),
        ("ß", ("ẞ", "SS"), None),
    ],
)
def test_a_choice_is_meant_by_word_or_number(typed, choices, meant):
    """A word means its choice in any letters, a number the place, unless it is a choice itself."""
    assert chosen(typed, choices) == meant


def test_a_form_is_filled_in_line_by_line():
    """Each field is asked for until all fit; an empty line leaves out what may be; the end of the input gives up."""

    class Review(BaseModel):
        score: float
        note: str = "none"

    request = {"prompt": "Good?", "choices": [], "schema": Review.model_json_schema()}
    question = question_in(request, node="ask", schema=Review)
    said: list[str] = []
    lines = iter(["much\n", "\n", "0.5\n", "\n", "1\n", ""])
    person = Person(said.append, lambda: next(lines))

    assert person.answer(question) == {"score": 0.5, "note": "none"}
    assert "  score number: " in said
    assert any("score: Input should be a valid number" in text for text in said)
    assert person.answer(question) is None


def test_values_without_a_schema_are_core_scalars():
    """Numbers, booleans, null, lists and dicts are such; all else is text."""
    words = [
        "a=1",
        "b=true",
        "c=null",
        "d=[1, x]",
        "e={k: 2}",
        "f=no",
        "g=a: b # c",
        "h=",
        "i=$a",
        'j="1"',
        "k=x=y",
    ]

    assert read_inputs(words, None) == {
        "a": 1,
        "b": True,
        "c": None,
        "d": [1, "x"],
        "e": {"k": 2},
        "f": "no",
        "g": "a: b # c",
        "h": "",
        "i": "$a",
        "j": "1",
        "k": "x=y",
    }


def test_answers_are_scalars_or_text():
    """An answer is read as YAML where it is a scalar, and is text otherwise."""
    assert read_answers(None, ["a=yes", "b=3", "c=yes: but later", "d=[", "e={k: 1}"]) == {
        "a": "yes",
        "b": 3,
        "c": "yes: but later",
        "d": "[",
        "e": {"k": 1},
    }


@pytest.mark.parametrize("text", ["- a", "a: [", "\xff"])
def test_a_file_of_answers_that_cannot_be_read_is_named(text):
    """A file that holds no answers by node is refused with its name."""
    Path("answers.yaml").write_bytes(text.encode("latin-1"))

    with pytest.raises(InputError, match=r"answers\.yaml"):
        read_answers("answers.yaml", [])


def test_progress_counts_tokens_and_tells_failures():
    """Model calls count for their visit; retries, logs and failures are told."""
    lines: list[str] = []
    progress = Progress(lines.append)
    place = {"node": "a", "visit": 1, "path": "part#1"}
    reply = ModelReply(message=assistant("So."), usage=Usage(input=1200, output=34))
    for event in (
        CallStarted(at=0, slot="s", kind="model", name="m", request=None, ordinal=0, **place),
        CallRetried(at=0, slot="s", error="busy", attempt=1, wait=0.5),
        CallFinished(at=0, slot="s", reply=reply),
        Logged("a", "half way"),
        NodeFailed(at=0, error="broken", code="x", retried=True, attempt=1, index=3, **place),
        NodeFinished(at=0, update={}, edges=(), seconds=1.25, **place),
    ):
        progress.take(event)

    assert lines == [
        "  a: m failed (busy), again in 0.5 s",
        "  a: half way",
        "✕ part#1/a, item 3: broken; attempt 2 follows",
        "✓ part#1/a  1.2 s · 1,234 tokens",
    ]


def test_states_become_plain_json():
    """Models, dataclasses, frames, arrays, dates and sets are written as JSON that anyone reads."""
    np, pd = pytest.importorskip("numpy"), pytest.importorskip("pandas")

    @dataclass
    class Row:
        n: int

    value = {
        "row": Row(1),
        "frame": pd.DataFrame({"a": [1, 2]}),
        "array": np.array([1.5, float("nan")]),
        "day": date(2026, 1, 2),
        "time": datetime(2026, 1, 2, tzinfo=UTC),
        "price": Decimal("1.20"),
        "path": Path("a/b"),
        "set": {3},
        7: "seven",
        "text": "a\nb",
    }

    text = as_json(value)

    assert "\n" not in text
    assert json.loads(text) == {
        "row": {"n": 1},
        "frame": [{"a": 1}, {"a": 2}],
        "array": [1.5, None],
        "day": "2026-01-02",
        "time": "2026-01-02T00:00:00Z",
        "price": "1.20",
        "path": "a/b",
        "set": [3],
        "7": "seven",
        "text": "a\nb",
    }


def test_a_table_leaves_out_empty_columns():
    """Columns are as wide as their widest text, and one without any text is left out."""
    assert table(("a", "b", "c"), [["1", "", "x"], ["22", "", "y\x1b[31m"]]) == "a   c\n1   x\n22  y"
