"""``%genxai export`` in a kernel: the script of a notebook's graph, its check, and what it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from review_cells import defined


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


def test_cells_that_a_client_keeps_out_of_the_history_are_known(kernel, tmp_path):
    """What such cells have made is carried too, in the order in which they and the others ran."""
    kernel.run("from collections import Counter\nletters = Counter('plum')")
    for code in (
        "letters = Counter('banana')",
        "def most(state):\n    return {'letter': letters.most_common(1)[0][0]}",
        "%%genxai graph fruit\nSTART -> most",
    ):
        assert kernel.run(code, store_history=False).status == "ok"
    kernel.run("letters.update('nnnn')")
    assert kernel.run("%%genxai run fruit\n", store_history=False).status == "ok"

    reply = kernel.run("%genxai export fruit", store_history=False)

    assert reply.status == "ok", reply.text
    assert "same in" in reply.text
    made = re.findall(r"^letters.*", (tmp_path / "fruit.py").read_text("utf-8"), re.MULTILINE)
    assert made == ['letters = Counter("banana")', 'letters.update("nnnn")']


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


def test_a_script_that_was_edited_is_checked_against_a_run(kernel, tmp_path):
    """The line waits, tells the first difference with both sides, and gives what it found as its value."""
    defined(kernel)
    kernel.run("%%genxai run review\ntopic: cats")
    assert kernel.run("%genxai export review").status == "ok"
    same = kernel.run("found = %genxai check review.py r1\nprint(found.checked, found.verdict)")
    assert same.status == "ok", same.text
    assert same.streams.startswith("True same in")

    script = tmp_path / "review.py"
    script.write_text(script.read_text("utf-8").replace("LIMIT = 0.5", "LIMIT = 0.6"), "utf-8")
    other = kernel.run("%genxai check review.py --run r1")
    assert other.status == "error"
    assert re.search(
        r"differs from run r1: constant LIMIT \(cell .*\)\n  run:    0.5\n  script: 0.6", other.text
    )
    assert "There is no file 'none.py'" in kernel.run("%genxai check none.py").text


def test_a_file_that_a_cell_reads_is_told_with_its_cell(kernel, tmp_path):
    """The script does not carry it, so that whoever takes the script away has to take it too."""
    (tmp_path / "words.txt").write_text("a b c", "utf-8")
    kernel.run("FIRST = open('words.txt').read().split()")
    kernel.run(
        "def count(state):\n    return {'n': len(open('words.txt').read().split()), 'first': FIRST[0]}"
    )
    kernel.run("%%genxai graph g\nSTART -> count -> END")
    kernel.run("%%genxai run g")
    reply = kernel.run("%genxai export g")
    assert reply.status == "ok", reply.text
    assert re.search(
        r"It names a file that it does not carry: words\.txt \(cell \[?\d+\]?\)\.", reply.text
    ), reply.text


def test_a_body_that_asks_is_the_same_in_the_script(kernel, tmp_path):
    """``input()`` is a question to a person there too: answered from the record by the check, and by a file."""
    kernel.run("def meet(state):\n    return {'said': 'Hello ' + input('Name?')}")
    kernel.run("%%genxai graph g\nSTART -> meet -> END")
    assert kernel.run("%%genxai run g\nanswers:\n  meet: Ada").status == "ok"
    reply = kernel.run("%genxai export g")
    assert reply.status == "ok", reply.text
    assert "events as run r1" in reply.text

    (tmp_path / "answers.json").write_text('{"meet": "Eve"}', "utf-8")
    words = [
        sys.executable,
        "-I",
        str(tmp_path / "g.py"),
        "--answers",
        str(tmp_path / "answers.json"),
        "--json",
    ]
    done = subprocess.run(
        [*words, "--store", ":memory:"],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
    )
    assert json.loads(done.stdout)["said"] == "Hello Eve", done.stderr
    nobody = subprocess.run(
        [*words[:3], "--store", ":memory:"],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
    )
    assert nobody.returncode == 3
    assert "nobody is there to answer" in nobody.stderr
