"""``genxai-nb export``: of a notebook that is read and not run, and of a Python file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BOOK = (
    "%load_ext genxai_nb\nimport math\nSTEP = 2\nprint('loading')",
    "import math\nSTEP = 2\nRATES = {'low': 0.5}",
    "RATES['low'] = 0.25",
    "def grade(state):\n    return {'score': math.floor(state['score']) + STEP}",
    "%%genxai agent writer\nmodel: offline\ntask: Cats eat fish. What do {{topic}} eat?\nmemory: none",
    "%%genxai graph review --reduce notes=append\nSTART -> writer -> grade\nnode grade: retry 2",
    "%%genxai run review\ntopic: cats\nscore: 1",
    "raise SystemExit('not to be run')",
)


def test_a_notebook_is_exported_without_being_run(command, written, tmp_path):
    """Definitions are read, nothing else of the notebook runs; the run cell gives the flags of a dict state."""
    path = written("book.ipynb", *BOOK)
    done = command("export", path)
    assert done.returncode == 0, done.stderr
    assert "○ review.py, " in done.stderr
    assert "not checked" in done.stderr
    assert done.stdout == ""
    text = (tmp_path / "review.py").read_text("utf-8")
    assert 'review.node("grade", grade, retry=2)' in text
    assert "RATES" not in text
    assert '"--topic"' in text

    words = [
        sys.executable,
        "-I",
        "review.py",
        "--topic",
        "cats",
        "--score",
        "3.5",
        "--json",
        "--store",
        ":memory:",
    ]
    state = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    assert state["score"] == 5


def test_a_run_is_compared(command, written):
    """After a run the script is checked against it, and says in how many events it is the same."""
    path = written("book.ipynb", *BOOK)
    assert command("run", path, "--json").returncode == 0
    done = command("export", path, "review", "-o", "review.py", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["run"] == "r1"
    assert told["checked"] is True
    assert told["events"] > 5
    assert "events as run r1" in done.stderr


FLOW = "from genxai_nb import Graph\n{head}def a(state):\n    return {{'n': {n}}}\ngraph = Graph('g').node('a', a).edge('START', 'a')"


def test_a_run_is_exported_as_it_ran(command, written, tmp_path):
    """The named run's script has what the file said when it ran; without a name the file is as it is now."""
    path = written("flow.py", FLOW.format(head="", n=1))
    assert command("run", path).returncode == 0
    written("flow.py", FLOW.format(head="", n=2))
    assert "not checked" in command("export", path, "-o", "out.py").stderr
    assert "'n': 2" in (tmp_path / "out.py").read_text("utf-8").replace('"', "'")
    done = command("export", path, "-o", "out.py", "--run", "r1")
    assert done.returncode == 0, done.stderr
    assert "events as run r1" in done.stderr
    assert "'n': 1" in (tmp_path / "out.py").read_text("utf-8").replace('"', "'")


def test_a_difference_ends_with_one(command, written):
    """A run whose script could not be kept, of a file that was edited since, is not what is exported: exit code 1."""
    path = written("flow.py", FLOW.format(head="log = open(__file__)\n", n="log.closed"))
    assert command("run", path).returncode == 0
    written("flow.py", FLOW.format(head="", n=2))
    done = command("export", path, "-o", "out.py", "--run", "r1")
    assert done.returncode == 1
    assert "differs from run r1" in done.stderr


def test_files_are_found_in_the_check_as_in_the_run(command, written):
    """What a script reads by a path is looked for in the working folder, as it was in the run."""
    written("rows.txt", "a b")
    path = written(
        "flow.py",
        FLOW.format(
            head="from pathlib import Path\nrows = Path('rows.txt').read_text().split()\n", n="len(rows)"
        ),
    )
    assert command("run", path).returncode == 0
    done = command("export", path, "-o", "out.py")
    assert done.returncode == 0, done.stderr
    assert "events as run r1" in done.stderr
    assert "It names a file that it does not carry: rows.txt (flow.py, line 3)." in done.stderr


def test_what_cannot_be_exported_ends_with_two(command, written, tmp_path):
    """A refusal names what cannot be carried, with its place; a foreign file is left alone."""
    path = written(
        "flow.py",
        "import os\nfrom genxai_nb import Graph\nlog = open(os.devnull)\ndef a(state):\n    return {'n': log.closed}\n"
        "graph = Graph('g').node('a', a).edge('START', 'a')",
    )
    done = command("export", path, "-o", "out.py")
    assert done.returncode == 2
    assert "log (flow.py, line 3): it is a live object" in done.stderr
    assert not (tmp_path / "out.py").exists()

    path = written(
        "other.py",
        "from genxai_nb import Graph\ngraph = Graph('g').node('a', lambda state: {}).edge('START', 'a')",
    )
    (tmp_path / "out.py").write_text("mine = 1\n", "utf-8")
    assert command("export", path, "-o", "out.py").returncode == 2
    assert command("export", path, "-o", "out.py", "--force").returncode == 0


def test_a_script_is_checked_against_a_run(command, written, tmp_path):
    """As it was exported it is the same, exit code 0; edited it is told in what it differs, exit code 1."""
    path = written("flow.py", FLOW.format(head="", n=1))
    assert command("run", path).returncode == 0
    assert command("export", path, "-o", "out.py").returncode == 0
    same = command("check", "out.py", "r1", "--json")
    assert same.returncode == 0, same.stderr
    assert json.loads(same.stdout) == {
        "path": "out.py",
        "run": "r1",
        "checked": True,
        "events": json.loads(same.stdout)["events"],
    }
    script = tmp_path / "out.py"
    text = script.read_text("utf-8")
    assert '"n": 1' in text
    script.write_text(text.replace('"n": 1', '"n": 2'), "utf-8")
    other = command("check", "out.py")
    assert other.returncode == 1
    assert "✕ out.py" in other.stderr
    assert "differs from run r1: definition of a" in other.stderr
    assert command("check", "out.py", "r7").returncode == 2


def test_a_file_is_not_written_over_by_its_own_script(command, written):
    """Without --out the script is named after the graph; where that is the file itself another name is asked for."""
    path = written(
        "flow.py",
        """
        from genxai_nb import Graph

        def a(state):
            return {"n": 1}

        flow = Graph("flow").node("a", a).parse("START -> a")
        """,
    )
    before = Path(path).read_text("utf-8")
    done = command("export", path, "--force")

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "✕ 'flow.py' is the file that the graph is from.",
        "  Name another: -o OUT.py.",
    ]
    assert Path(path).read_text("utf-8") == before
