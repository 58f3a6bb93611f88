"""Whatever is changed in a script is found by the check, and shown with both sides and its cell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from genxai_nb.export.check import check, compared
from genxai_nb.export.fingerprint import fingerprint_of
from genxai_nb.export.trial import Outcome
from genxai_nb.journal.codec import decode_event, encode_event

FLOW = '''
import re
from genxai_nb import Agent, Graph, human, tool
from pydantic import BaseModel, Field

LIMIT = 3
NAMES = {"a": 1, "b": 2}
WORD = re.compile(r"[a-z]+")
SEEN = ["x", "y"]
class Draft(BaseModel):
    topic: str = "tea"
    score: float = Field(0.5, le=100)
    notes: list[str] = []
    verdict: str = ""
    text: str = ""
    total: int = 0
def helper(x):
    return x + LIMIT
def middle(x):
    return helper(x) * 2
def count(state):
    """Count."""
    if len(SEEN) > 9:
        return {}
    return {"score": middle(len(WORD.findall(state.topic))) + NAMES["a"] * 0}
def add_notes(old, new):
    return [*old, *new]
def is_high(state):
    return state.score > LIMIT
@tool(read_only=True)
def shorten(text: str, width: int = 4) -> str:
    "Shorten a text."
    return text[:width]
def note(state):
    return {"notes": [f"score {state.score}"]}
writer = Agent("writer", model="offline", role="Writer", goal="Explain.", instructions="Be short.",
               task="Write about {{topic}}.", tools=[shorten, "calculator"], writes="text", max_turns=4)
graph = Graph("review", state=Draft, reducers={"notes": add_notes})
graph.node("count", count, retry=1).node("writer", writer).node("note", note).node("sum", "calculator", expression="'1 + 2'", into="total")
graph.node("ok", human("Publish {{topic}}?", choices=["yes", "no"]), into="verdict")
graph.edge("START", "count").edge("count", "writer", when=is_high).edge("count", "note", otherwise=True)
graph.edge("writer", "note").edge("note", "sum").edge("sum", "ok")
graph.edge("ok", "count", when="verdict == 'no'", limit=2).edge("ok", "END", otherwise=True)
'''

MUTATIONS = {
    "a constant": ("LIMIT = 3", "LIMIT = 4"),
    "a constant that can change": ('"b": 2', '"b": 3'),
    "a list that is hardly used": ('SEEN = ["x", "y"]', 'SEEN = ["x"]'),
    "a pattern": ('r"[a-z]+"', 'r"[a-y]+"'),
    "a helper": ("return x + LIMIT", "return x + LIMIT + 0"),
    "a helper of a helper": ("return helper(x) * 2", "return helper(x) * 3"),
    "a node's function": ("score {state.score}", "scored {state.score}"),
    "a branch that was not taken": ("len(SEEN) > 9", "len(SEEN) > 8"),
    "a docstring": ('"""Count."""', '"""Counts."""'),
    "a reducer": ("return [*old, *new]", "return [*new, *old]"),
    "which reducer": ('reducers={"notes": add_notes}', 'reducers={"notes": "append"}'),
    "a condition's function": ("return state.score > LIMIT", "return state.score >= LIMIT"),
    "a condition": ("verdict == 'no'", "verdict == 'yes'"),
    "a limit": ("limit=2", "limit=3"),
    "an edge": ('graph.edge("writer", "note")', 'graph.edge("writer", "sum")'),
    "one edge more": ('graph.edge("writer", "note")', 'graph.edge("writer", "note").edge("writer", "sum")'),
    "the order of edges": (
        'graph.edge("writer", "note")\\ngraph.edge("note", "sum")',
        'graph.edge("note", "sum")\\ngraph.edge("writer", "note")',
    ),
    "otherwise": ('graph.edge("ok", END, otherwise=True)', 'graph.edge("ok", END)'),
    "a role": ('role="Writer"', 'role="Editor"'),
    "a goal": ('goal="Explain."', 'goal="Explain it."'),
    "instructions": ("Be short.", "Be long."),
    "a task": ("Write about {{topic}}.", "Write of {{topic}}."),
    "a tool less": ("tools=[shorten, ", "tools=["),
    "a tool's function": ("return text[:width]", "return text[: width + 1]"),
    "a tool's default": ("width: int = 4", "width: int = 5"),
    "a tool's description": ("Shorten a text.", "Shorten the text."),
    "a tool's options": ("@tool(read_only=True)", "@tool"),
    "a tool's argument": ("'1 + 2'", "'1 + 3'"),
    "a model": ('model="offline"', 'model="openai:gpt-5"'),
    "turns": ("max_turns=4", "max_turns=5"),
    "a question": ("Publish {{topic}}?", "Print {{topic}}?"),
    "a choice": ('["yes", "no"]', '["yes", "no", "later"]'),
    "a retry": ("retry=1", "retry=2"),
    "where a value goes": ('into="total"', 'into="score"'),
    "a field's type": ("total: int = 0", "total: float = 0"),
    "a field's default": ('topic: str = "tea"', 'topic: str = "milk"'),
    "a constraint": ("le=100", "le=99"),
    "a call that was not made": (
        "def note(state):",
        "async def note(state, context):\n    await context.model('Hello?')",
    ),
    "a fault": ("def note(state):\n", "def note(state):\n    raise ValueError(1)\n"),
    "no Python": ("def note(state):", "def note(state:"),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A run, its events and its script, made once."""
    import importlib.util

    from genxai_nb.export.script import script_of
    from genxai_nb.export.units import Units

    folder = tmp_path_factory.mktemp("check")
    path = folder / "flow_of_check.py"
    path.write_text(FLOW, "utf-8")
    spec = importlib.util.spec_from_file_location("flow_of_check", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["flow_of_check"] = module
    spec.loader.exec_module(module)
    run = module.graph.start({}, store=str(folder / "j.db"), answers={"ok": "yes"})
    run.resume()
    made = script_of(module.graph, Units(vars(module)))
    yield module.graph, run.events(), made, folder
    del sys.modules["flow_of_check"]


def test_the_script_as_it_is(exported):
    """A script that nobody edited is the same in every event."""
    graph, events, made, folder = exported
    path = folder / "same.py"
    path.write_text(made.text, "utf-8")
    found = check(path, made.graph, graph, events, made.labels)
    assert found.difference is None
    assert found.events > 15


def test_comments_and_layout_are_no_difference(exported):
    """Comments, quotes and empty lines may be changed."""
    graph, events, made, folder = exported
    path = folder / "layout.py"
    text = made.text.replace("def helper(x):", "# what helps\n\n\ndef helper(  x  ):").replace(
        '"Writer"', "'Writer'"
    )
    path.write_text(text, "utf-8")
    assert check(path, made.graph, graph, events, made.labels).difference is None


SEVERAL = """
import sys
from pathlib import Path
from genxai_nb.export.trial import main
graph, record, *scripts = sys.argv[1:]
for script in scripts:
    main(script, graph, record, script + ".outcome")
"""


@pytest.fixture(scope="module")
def outcomes(exported):
    """What each mutated script came to; they run one behind the other in one fresh interpreter."""
    _, events, made, folder = exported
    record = folder / "record"
    record.write_bytes(msgspec.msgpack.encode([encode_event(event) for event in events]))
    scripts = {}
    for number, (name, edit) in enumerate(MUTATIONS.items()):
        before, after = (part.replace("\\n", "\n") for part in edit)
        assert before in made.text, before
        scripts[name] = folder / f"mutated_{number}.py"
        scripts[name].write_text(made.text.replace(before, after, 1), "utf-8")
    words = [sys.executable, "-I", "-c", SEVERAL, made.graph, str(record), *map(str, scripts.values())]
    subprocess.run(words, check=True, capture_output=True, timeout=120, cwd=folder)
    return {
        name: msgspec.msgpack.decode(Path(f"{path}.outcome").read_bytes(), type=Outcome)
        for name, path in scripts.items()
    }


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_is_found(exported, outcomes, name):
    """One edit of the script, and the comparison says what differs, with both sides."""
    graph, events, made, _ = exported
    lines = [encode_event(event) for event in events]

    found = compared(outcomes[name], graph, lines, {**made.places, **made.labels})

    assert found.difference is not None
    assert found.difference.where
    assert found.difference.run != found.difference.script


def test_the_first_difference_names_its_cell(exported, outcomes):
    """An edited helper is shown by its lines, and by the place where it was written."""
    graph, events, made, _ = exported
    lines = [encode_event(event) for event in events]
    found = compared(outcomes["a helper"], graph, lines, {**made.places, **made.labels})
    assert str(found.difference).splitlines() == [
        "function helper (flow_of_check.py, line 17)",
        "  --- run",
        "  +++ script",
        "  @@ -1,2 +1,2 @@",
        "   def helper(x):",
        "  -    return x + LIMIT",
        "  +    return x + LIMIT + 0",
    ]


def test_a_call_that_the_run_did_not_make_reaches_nobody(exported, outcomes):
    """A script that asks a model more than the run did is told that call, which is refused."""
    graph, events, _, _ = exported
    lines = [encode_event(event) for event in events]
    outcome = outcomes["a call that was not made"]
    outcome.fingerprint = fingerprint_of(graph)
    found = compared(outcome, graph, lines, {})
    assert "asked what it was not asked in the record" in str([decode_event(line) for line in outcome.events])
    assert found.difference is not None
