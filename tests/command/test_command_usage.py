"""Words that the command does not take, and the lists that it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from genxai_nb import Graph
from genxai_nb.command import main


async def nothing(state):
    return {}


def a_graph(name):
    return Graph(name).node("a", nothing).edge("START", "a").edge("a", "END")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu", "flow.py"], "Did you mean 'run'?"),
        (["run"], "required: FILE"),
        (["run", "flow.py", "--inptu", "a=1"], "Did you mean '--input'?"),
        (["run", "flow.py", "--json", "one", "two"], "Unrecognized arguments: one two"),
        ([], "required: COMMAND"),
    ],
)
def test_wrong_usage_is_one_block(words, said, capsys):
    """Words that cannot be read end with 2 and the nearest ones that can."""
    with pytest.raises(SystemExit) as ended:
        main(words)

    shown = capsys.readouterr().err
    assert ended.value.code == 2
    assert said in shown
    assert shown.startswith("✕ ")
    assert shown.count("\n") == 2


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["resume", "--help"]])
def test_help_tells_the_exit_codes(words, capsys):
    """Help is printed to stdout and ends with 0."""
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 0
    assert "3 paused, or a person has to answer" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "absent.py"], "There is no file 'absent.py'."),
        (["run", "flow.txt"], "'flow.txt' is no .py and no .ipynb file."),
        (["resume", "r7", "flow.py"], "No run 'r7'"),
        (["runs", "--store", "redis://here"], "Unknown kind of store 'redis://'."),
    ],
)
def test_what_is_not_there_ends_with_2(words, said, capsys):
    """A file, a run or a store that is not there is one block and no traceback."""
    assert main(words) == 2

    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown


def test_runs_are_listed_newest_first(capsys):
    """The table has a row for each run, the newest first."""
    for name in ("first", "second"):
        a_graph(name).run({}, store="kept.db")

    assert main(["runs", "--store", "kept.db"]) == 0

    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["run", "graph", "status", "steps", "started", "seconds"]
    assert [row.split()[:4] for row in rows] == [["r2", "second", "done", "1"], ["r1", "first", "done", "1"]]


def test_runs_are_listed_as_json(capsys):
    """`--json` prints one line, with the time of the start and the run that each was forked from."""
    a_graph("first").run({}, store="kept.db")

    assert main(["runs", "--store", "kept.db", "--json"]) == 0

    (row,) = json.loads(capsys.readouterr().out)
    assert (row["run_id"], row["graph"], row["status"], row["parent"]) == ("r1", "first", "done", None)
    assert row["started"][:2] == "20"


def test_listing_runs_makes_no_journal(capsys):
    """Where nothing has run, the list is empty and no folder is made."""
    assert main(["runs"]) == 0
    assert "there is no journal" in capsys.readouterr().err
    assert main(["runs", "--json"]) == 0
    assert capsys.readouterr().out == "[]\n"
    assert not Path(".genxai").exists()


def test_tools_are_listed(capsys):
    """Tools are listed with their category and what they do."""
    assert main(["tools"]) == 0
    table = capsys.readouterr().out
    assert main(["tools", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)

    line = next(line for line in table.splitlines() if line.startswith("calculator "))
    assert line.split()[1:3] == ["computation", "Evaluate"]
    assert {"name", "category", "tags", "permissions", "description", "origin"} == set(rows[0])


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_gone_is_no_error(unbuffered):
    """A pipe that nobody reads any more, as behind head, ends the command quietly, whenever it is written to."""
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [sys.executable, "-m", "genxai_nb", "tools"],
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        stdout=writer,
        stderr=subprocess.PIPE,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (0, b"")
