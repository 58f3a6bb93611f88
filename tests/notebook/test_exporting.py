"""``%genxai export`` in a kernel: the script of a notebook's graph, its check, and what it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

WRITER = """%%genxai agent writer
model: offline
role: Technical writer: of papers
task: Cats eat fish. Dogs bark. What do {{topic}} eat?
writes: draft
"""
SCHEMA = """%%genxai schema Draft
topic: str
draft: str = ""
score: float = 0  # quality from 0 to 1
notes: list[str] = [] | append
"""
GRAPH = """%%genxai graph review --state Draft
START -> writer -> grade
grade -> writer if score < 0.8 max 3
grade -> END else
"""
LIMIT = "LIMIT = 0.5  # what is added\nunused = 1"
GRADE = "from math import floor\ndef grade(state):\n    return {'score': state.score + LIMIT + floor(0.5)}"


def defined(kernel) -> None:
    """Define the graph of the notebook's tests in a kernel."""
    for cell in (SCHEMA, WRITER, LIMIT, GRADE, GRAPH):
        reply = kernel.run(cell)
        assert reply.status == "ok", reply.text


def test_a_graph_of_cells_is_exported_and_checked(kernel, tmp_path):
    """Agents, schemas and functions of cells become one script that does what the run did, without IPython."""
    defined(kernel)
    assert kernel.run("%%genxai run review\ntopic: cats").status == "ok"

    reply = kernel.run("%genxai export review")

    assert reply.status == "ok", reply.text
    assert [bundle["text/plain"].partition(",")[0] for bundle in reply.shown] == ["✓ review.py"]
    assert "events as run r1" in reply.text
    text = (tmp_path / "review.py").read_text("utf-8")
    assert "class Draft(BaseModel):" in text
    assert 'score: float = Field(0.0, description="quality from 0 to 1")' in text
    assert 'reducers={"notes": "append"}' in text
    assert "LIMIT = 0.5  # what is added" in text
    assert [word for word in ("IPython", "genxai_nb.notebook", "unused", "%") if word in text] == []

    words = [
        sys.executable,
        "-I",
        str(tmp_path / "review.py"),
        "--topic",
        "cats",
        "--json",
        "--store",
        ":memory:",
    ]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    state = json.loads(kernel.run("import json; print(json.dumps(result.state.model_dump()))").streams)
    assert json.loads(done.stdout) == state


def test_a_name_is_what_its_last_cell_made_of_it(kernel, tmp_path):
    """A schema's cell takes the place of a class of that name in an earlier cell."""
    kernel.run("from pydantic import BaseModel\nclass Draft(BaseModel):\n    old: int = 1")
    kernel.run("del BaseModel, Draft")
    defined(kernel)
    kernel.run("%%genxai run review\ntopic: cats")

    reply = kernel.run("%genxai export review")

    assert reply.status == "ok", reply.text
    assert "old: int" not in (tmp_path / "review.py").read_text("utf-8")


def test_a_path_options_and_a_value(kernel, tmp_path):
    """The second word is the path; the value of the line tells what was done."""
    defined(kernel)
    reply = kernel.run(
        "made = %genxai export review there/flow.py --no-check\nprint(made.checked, made.path)"
    )
    assert reply.status == "ok", reply.text
    assert "None there/flow.py" in reply.streams
    assert (tmp_path / "there" / "flow.py").is_file()
    assert "○ there/flow.py" in reply.text
    assert "not checked" in reply.text

    assert "same definitions" in kernel.run("%genxai export review there/flow.py --check").text
    (tmp_path / "there" / "flow.py").write_text("mine = 1\n", "utf-8")
    assert "is there already" in kernel.run("%genxai export review there/flow.py").error
    assert kernel.run("%genxai export review there/flow.py --force").status == "ok"


def test_a_run_is_exported_exactly_as_it_ran(kernel, tmp_path):
    """Whatever was edited since, the named run's script has the versions that ran; by itself the graph is as it is."""
    defined(kernel)
    kernel.run("%%genxai run review\ntopic: cats")
    kernel.run("LIMIT = 0.75")
    kernel.run(WRITER.replace("Dogs bark", "Dogs run"))

    assert "not checked" in kernel.run("%genxai export review").text
    assert "LIMIT = 0.75" in (tmp_path / "review.py").read_text("utf-8")
    reply = kernel.run("%genxai export review then.py --run r1")

    assert reply.status == "ok", reply.text
    assert "events as run r1" in reply.text
    text = (tmp_path / "then.py").read_text("utf-8")
    assert "LIMIT = 0.5" in text
    assert "Dogs bark" in text


def test_a_run_read_only_is_exported(kernel, tmp_path):
    """A run that is loaded without its graph has its script in the journal."""
    defined(kernel)
    kernel.run("%%genxai run review\ntopic: cats")
    kernel.run("del review, grade, writer, LIMIT, Draft")
    reply = kernel.run("import genxai_nb\ngenxai_nb.export(genxai_nb.Run.load('r1'), 'kept.py')")
    assert reply.status == "ok", reply.text
    assert "Exported('kept.py', same in" in reply.text


STARTS = (
    "result = review.run({'topic': 'cats'})",
    "import pandas as pd\ndone = review.map(pd.DataFrame({'topic': ['cats', 'dogs']}), 'topic', sample=0)",
    "result = await review.arun({'topic': 'cats'})",
)


@pytest.mark.parametrize("start", STARTS)
def test_a_run_of_python_is_exported_exactly_as_it_ran(kernel, tmp_path, start):
    """Whatever way a run began in a cell, its script is kept once the cell has ended, and outlives edits."""
    defined(kernel)
    reply = kernel.run(start)
    assert reply.status == "ok", reply.text
    kernel.run("LIMIT = 0.75")

    reply = kernel.run("%genxai export review then.py --run r1")

    assert "events as run r1" in reply.text
    assert "LIMIT = 0.5" in (tmp_path / "then.py").read_text("utf-8")


def test_a_run_is_exported_as_it_went_on(kernel, tmp_path):
    """Of a run that went on beside while its cells were edited, the script has what was in force at its end."""
    defined(kernel)
    kernel.run(
        "import os, time\ndef grade(state):\n    while not os.path.exists('go'):\n        time.sleep(0.01)\n    return {'score': LIMIT}"
    )
    kernel.run("run = review.start({'topic': 'cats'})\nend = run.begin()")
    kernel.run("def grade(state):\n    return {'score': state.score + LIMIT}")
    kernel.run("open('go', 'w').close()\nresult = end.result()")
    assert kernel.run("print(result.state.score)").streams == "1.0\n"
    kernel.run("LIMIT = 0.75")

    kernel.run("%genxai export review then.py --run r1 --no-check")

    text = (tmp_path / "then.py").read_text("utf-8")
    assert "LIMIT = 0.5" in text
    assert "state.score + LIMIT" in text


BEHIND = {
    "a value": ("LIMIT = 0.5\nresult = review.run({'topic': 'cats'})\nLIMIT = 0.75", "LIMIT = 0.5"),
    "a function": (
        "def grade(state):\n    return {'score': 1.5}\nresult = review.run({'topic': 'cats'})\n"
        "def grade(state):\n    return {'score': 2.5}",
        '{"score": 1.5}',
    ),
    "what is decorated": (
        "import functools\ndef plain(function):\n    return functools.wraps(function)(lambda state: function(state))\n"
        "@plain\ndef grade(state):\n    return {'score': 1.5}\nresult = review.run({'topic': 'cats'})\n"
        "@plain\ndef grade(state):\n    return {'score': 2.5}",
        '{"score": 1.5}',
    ),
    "a run that begins beside": (
        "LIMIT = 0.5\nend = review.start({'topic': 'cats'}).begin()\nend.result()\nLIMIT = 0.75",
        "LIMIT = 0.5",
    ),
    "a run of a loop": (
        "LIMIT = 0.5\nfor topic in ['cats']:\n    result = await review.arun({'topic': topic})\nLIMIT = 0.75",
        "LIMIT = 0.5",
    ),
}


@pytest.mark.parametrize("what", BEHIND)
def test_what_a_cell_defines_anew_behind_its_run_is_not_what_ran(kernel, tmp_path, what):
    """The script of a run has the definitions at its time, also where the same cell has others below."""
    cell, ran = BEHIND[what]
    defined(kernel)
    assert kernel.run(cell).status == "ok"

    reply = kernel.run("%genxai export review then.py --run r1")

    assert reply.status == "ok", reply.text
    assert re.search(r"same in \d+ events as run r1\.", reply.text), reply.text
    assert ran in (tmp_path / "then.py").read_text("utf-8")
    assert run_alone(tmp_path, "then.py")["score"] >= 1


def test_a_cell_that_runs_anew_leaves_the_script_of_what_ran(kernel, tmp_path):
    """A later execution of the same cell, with other text, takes nothing of what it has run before."""
    defined(kernel)
    kernel.run("LIMIT = 0.5\nresult = review.run({'topic': 'cats'})")
    kernel.run("LIMIT = 2.5\nresult = review.run({'topic': 'dogs'})")

    for run, limit, score in (("r1", "LIMIT = 0.5", 1.0), ("r2", "LIMIT = 2.5", 2.5)):
        reply = kernel.run(f"%genxai export review {run}.py --run {run}")
        assert f"events as run {run}." in reply.text, reply.text
        assert limit in (tmp_path / f"{run}.py").read_text("utf-8")
        assert run_alone(tmp_path, f"{run}.py")["score"] == score


def test_a_magic_in_a_function_is_refused_with_its_cell(kernel):
    """The cell of what cannot be carried is named by its number."""
    kernel.run("def use(state):\n    %timeit -n1 -r1 1\n    return {}")
    kernel.run("%%genxai graph timed\nSTART -> use")
    reply = kernel.run("%genxai export timed")
    assert reply.status == "error"
    assert "it uses a magic of IPython" in reply.error
    assert "use (cell [" in reply.error


def test_export_as_a_function(kernel, tmp_path):
    """genxai_nb.export finds the notebook's cells, and its answer reads well."""
    defined(kernel)
    kernel.run("%%genxai run review\ntopic: cats")
    reply = kernel.run("import genxai_nb\ngenxai_nb.export(review, 'twin.py')")
    assert reply.status == "ok", reply.text
    assert "Exported('twin.py', same in" in reply.text
    reply = kernel.run(
        "import genxai_nb.export.script\nfrom genxai_nb import export\nexport(result and review, 'again.py')"
    )
    assert "Exported('again.py', same in" in reply.text


def test_what_may_be_written(kernel):
    """Tab offers graphs, then options."""
    defined(kernel)
    assert "review" in kernel.complete("%genxai export ")
    assert {"--run", "--check", "--no-check", "--force"} <= set(kernel.complete("%genxai export review --"))
    assert "[FILE]" in kernel.run("%genxai export?").text


PYTHON = (
    """
import enum, re
from dataclasses import dataclass, field
from functools import wraps, partial
from pydantic import BaseModel, Field, field_validator
import genxai_nb as gx
from genxai_nb import Agent, Graph, tool, human
""",
    """
class Kind(enum.Enum):
    A = "a"

@dataclass
class Point:
    x: int = 1
    kind: Kind = Kind.A
    tags: list = field(default_factory=list)

class Part(BaseModel):
    name: str = "part"

class Draft(BaseModel):
    topic: str = Field("tea", description="what it is about")
    parts: list[Part] = []
    n: float = 0

    @field_validator("topic")
    @classmethod
    def tidy(cls, value):
        return value.strip()
""",
    """
TABLE = {}
for letter in "abc":
    TABLE[letter] = len(TABLE)
WORD = re.compile("[a-z]+")

def logged(function):
    @wraps(function)
    def inner(*args):
        return function(*args)
    return inner

def scorer(by):
    def score(state):
        return {"n": state.n + by + TABLE["c"]}
    return score
""",
    """
@logged
def first(state):
    point = Point(2)
    return {"parts": [Part(name=point.kind.value)], "n": len(WORD.findall("a b"))}

@tool
def shout(text: str) -> str:
    "Shout."
    return text.upper()

async def ask(state, context):
    return {"topic": await context.tool("shout", text=state.topic)}
""",
    """
%time second = scorer(3)
flow = Graph("flow", state=Draft, lookup={"shout": shout}).node("first", first).node("second", second).node("third", scorer(by=4))
flow.node("ask", ask).node("half", partial(lambda by, state: {"n": state.n / by}, 2))
""",
    "flow.parse('START -> first -> second -> third -> half -> ask')\nawait flow.arun({})",
)


def test_python_of_cells_is_exported(kernel):
    """Classes, decorators, closures and graphs that are written in Python in cells have equal versions in the script."""
    for cell in PYTHON:
        reply = kernel.run(cell)
        assert reply.status == "ok", reply.text
    reply = kernel.run("%genxai export flow")
    assert reply.status == "ok", reply.text
    assert "events as run r1" in reply.text


WORKED = (
    "%load_ext genxai_nb\nimport os",
    """
import pandas as pd
pd.set_option("display.max_colwidth", 80)
opened = open("opened", "a")

def kinds(text):
    return {word[0] for word in text.split()}

words = [(word, len(word)) for word in os.environ.get("WORDS", "tea tree milk").split()]
table = pd.DataFrame(words, columns=["word", "length"])
table = table.drop_duplicates("word", ignore_index=True)
table.groupby("length").word.agg("count")
""",
    """
from genxai_nb import tool
table["kinds"] = table.word.map(kinds)
BONUS = {"tea": 1}
BONUS["milk"] = 2

@tool
def look_up(topic: str, limit: int = 2) -> list[str]:
    \"\"\"Find words.\"\"\"
    return table[table.kinds.map(lambda kind: bool(kind & kinds(topic)))].word.tolist()[:limit]

look_up("tap", limit=1)
""",
    "def score(state):\n    return {'score': sum(BONUS.get(word, 0) for word in state['found'])}",
    "%%genxai graph search\nnode find = tool look_up: into found\nSTART -> find -> score",
    "asked = os.environ.get('TOPIC', 'milk')",
    "%%genxai run search\ntopic: $asked",
    "timeline = %genxai timeline\nfound = result.state['found']\nfound[0]",
    "%%genxai debug search\ntopic: $asked",
)


def test_a_file_that_is_read_gives_the_script_of_the_session(kernel, tmp_path):
    """Of cells that do more than define, definitions are made and values carried as text; nothing of them is done."""
    for cell in WORKED:
        assert kernel.run(cell).status == "ok"
    assert kernel.run("%genxai export search session.py --no-check").status == "ok"
    cells = [{"cell_type": "code", "source": cell, "outputs": [], "metadata": {}} for cell in WORKED]
    book = {"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    (tmp_path / "book.ipynb").write_text(json.dumps(book), "utf-8")
    (tmp_path / "opened").unlink()

    words = [sys.executable, "-m", "genxai_nb", "export", "book.ipynb", "search", "-o", "read.py"]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "opened").exists()
    session, read = ((tmp_path / name).read_text("utf-8") for name in ("session.py", "read.py"))
    differing = [line for line in read.splitlines() if line not in session.splitlines()]
    assert [line for line in differing if not re.search("exported|such as|BONUS", line)] == []
    words = [sys.executable, "-I", "read.py", "--topic", "tap", "--json", "--store", ":memory:"]
    state = json.loads(subprocess.run(words, capture_output=True, check=True, cwd=tmp_path).stdout)
    assert state == {"topic": "tap", "found": ["tea", "tree"], "score": 1}


def debugged(kernel, edits: list[str], steps: int) -> None:
    """Debug the notebook's graph, run cells while it stands after some steps, and go on to its end."""
    defined(kernel)
    for cell in ("%%genxai debug review\ntopic: cats", *["%genxai next"] * steps, *edits, "%genxai continue"):
        reply = kernel.run(cell, allow_stdin=True)
        assert reply.status == "ok", reply.text


def run_alone(tmp_path, name: str, *given: str) -> dict:
    """Run a script in a fresh interpreter, by default that of the notebook's graph; its final state."""
    given = given or ("--topic", "cats")
    words = [sys.executable, "-I", name, *given, "--json", "--store", ":memory:"]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


MORE = GRADE.replace("LIMIT", "LIMIT * 3")
OF_DOGS = WRITER.replace("Dogs bark", "Dogs run")
EDITS = {
    "a function's cell": ([MORE], 2, "visit 1 of grade", 1.5),
    "what it uses": (["LIMIT = 0.75"], 2, "visit 1 of grade", 1.5),
    "an agent's cell": ([OF_DOGS], 1, "visit 1 of writer", 1.0),
    "a node that begins later": ([MORE], 1, "", 1.5),
    "a node that does not run again too": (
        [OF_DOGS, MORE],
        3,
        "visits 1 and 2 of writer, visit 1 of grade",
        1.5,
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_run_that_was_edited_half_way_is_exported(kernel, tmp_path, edit):
    """Its script has the versions of its end; it and the check name the visits that went by earlier ones."""
    cells, steps, earlier, score = EDITS[edit]
    debugged(kernel, cells, steps)

    reply = kernel.run("%genxai export review")

    assert reply.status == "ok", reply.text
    said = f"; {earlier} ran under an earlier version." if earlier else "."
    assert re.search(rf"same in \d+ events as run r1{re.escape(said)}", reply.text), reply.text
    note = f"Definitions changed while run r1 went on: {earlier} ran under an earlier version."
    assert (note in (tmp_path / "review.py").read_text("utf-8").replace("\n# ", " ")) is bool(earlier)
    assert run_alone(tmp_path, "review.py")["score"] == score


ASKED = """%%genxai agent clerk
model: offline
role: Clerk
tools: calculator
"""
QUESTION = "Cats eat fish. What do cats eat?"
ASKS = {
    "a cell": f"%%genxai ask clerk\n{QUESTION}",
    "a line": f"%genxai ask clerk {QUESTION}",
    "python": f"answer = clerk.ask({QUESTION!r})",
    "a stream": f"print(''.join(clerk.stream({QUESTION!r})))",
}


@pytest.mark.parametrize("ask", ASKS)
def test_a_question_to_an_agent_is_exported(kernel, tmp_path, ask):
    """Its script has the agent as it was then and answers questions; it is named by the run or by the agent."""
    for cell in (ASKED, ASKS[ask]):
        reply = kernel.run(cell)
        assert reply.status == "ok", reply.text
    assert "events as run r1." in kernel.run("%genxai export clerk now.py").text
    kernel.run(ASKED.replace("Clerk", "Writer"))

    reply = kernel.run("%genxai export r1 then.py")

    assert reply.status == "ok", reply.text
    assert re.search(r"then\.py, \d+ lines: same in \d+ events as run r1\.", reply.text), reply.text
    text = (tmp_path / "then.py").read_text("utf-8")
    assert 'clerk = Agent("clerk", model="offline", role="Clerk", tools=["calculator"])' in text
    assert "asking = clerk.as_graph()" in text
    done = run_alone(tmp_path, "then.py", "--prompt", QUESTION)
    state = kernel.run(
        "import genxai_nb, json; print(json.dumps(dict(genxai_nb.Run.load('r1').state)))"
    ).streams
    assert done["answer"] == json.loads(state)["answer"] != ""


def test_a_conversation_is_exported_question_by_question(kernel):
    """What was said before is part of a question's input, and so of its check."""
    for cell in (ASKED, f"clerk.ask({QUESTION!r})", "clerk.ask('And then?')"):
        assert kernel.run(cell).status == "ok"
    assert "events as run r2." in kernel.run("%genxai export r2 second.py").text
