"""``%genxai export`` of runs in a kernel: the script of exactly what ran."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from review_cells import GRADE, WRITER, defined


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
