"""An exported script as a command: its flags, what it prints, how it ends, and how it is written."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from genxai_nb.export.check import check

TEXT = """
from pydantic import BaseModel, Field
from genxai_nb import Agent, Graph, human

class Draft(BaseModel):
    topic: str = Field(description="what it is about: 100% of it")
    words: int = Field(3, description="how many words")
    tags: list[str] = []
    text: str = ""
    verdict: str = ""
    model: str = "a field whose name the script needs itself"

def write(state):
    if state.topic == "fault":
        raise ValueError("no such topic")
    return {"text": " ".join([state.topic] * state.words)}

graph = Graph("review", state=Draft).node("write", write)
graph.node("ok", human("Publish {{topic}}?", choices=["yes", "no"]), into="verdict").parse("START -> write -> ok")
"""


@pytest.fixture
def exported(flow):
    """A script with a schema and a question to a person."""
    return flow(TEXT).export(check=False).path


def test_flags_come_from_the_schema(exported, script):
    """There is a flag for each field, with its description and default; a name that is taken has none."""
    said = " ".join(script(exported, "--help").stdout.split())
    assert "--topic TEXT what it is about: 100% of it" in said
    assert "--words VALUE how many words (default: 3)" in said
    assert "--model MODEL the model for all agents" in said
    assert "exit codes: 0 done, 1 failed, 2 wrong usage, 3 paused or waiting" in said


def test_json_is_one_line(exported, script, tmp_path):
    """With --json the final state is one line of JSON, from flags and --input alike."""
    (tmp_path / "answers").write_text("ok: yes\n", "utf-8")
    words = ["--topic", "tea", "--words", "2", "--input", 'tags=["a", "b"]', "model=x=y", "--json"]
    done = script(exported, *words, "--answers", str(tmp_path / "answers"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout) == {
        "topic": "tea",
        "words": 2,
        "tags": ["a", "b"],
        "text": "tea tea",
        "verdict": "yes",
        "model": "x=y",
    }


def test_a_waiting_run_is_resumed(exported, script, tmp_path):
    """Without an answer the script ends with 3 and says how to go on; --resume does, in the same store."""
    store = str(tmp_path / "runs.db")
    waiting = script(exported, "--topic", "tea", "--store", store)
    assert (waiting.returncode, waiting.stdout) == (3, "")
    assert "--resume r1" in waiting.stderr

    (tmp_path / "answers.json").write_text('{"ok": "no"}', "utf-8")
    words = ["--resume", "r1", "--store", store, "--answers", str(tmp_path / "answers.json")]
    done = script(exported, *words)
    assert done.returncode == 0, done.stderr
    assert "verdict: no" in done.stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--topic", "fault"), 1, "no such topic"),
        (("--words", "2"), 2, "--topic has to be given: str, such as --topic 'some text'"),
        (("--topic", "tea", "--words", "many"), 2, "words"),
        (("--input", "tea"), 2, "is no KEY=VALUE"),
        (("--nonsense",), 2, "unrecognized arguments"),
        (("--resume", "r9", "--store", "nowhere.db"), 2, "r9"),
        (("--topic", "tea", "--answers", "nowhere"), 2, "nowhere"),
        (("--topic", "tea", "--policy", "nowhere.json"), 2, "nowhere.json"),
        (("--topic", "tea", "--policy", "saef"), 2, "Did you mean 'safe'"),
    ],
)
def test_exit_codes(exported, script, words, code, said):
    """A failed run ends with 1, wrong words with 2; what is wrong is said on standard error."""
    done = script(exported, *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupted_script_is_resumed(flow, script, tmp_path):
    """Ctrl+C ends the script with one line and 130; what was finished does not run again."""
    made = flow(
        """
        import asyncio, pathlib, sys
        from genxai_nb import Graph
        def first(state):
            return {"n": 1}
        async def second(state):
            if not pathlib.Path(state["mark"]).exists():
                pathlib.Path(state["mark"]).touch()
                print("here", file=sys.stderr, flush=True)
                await asyncio.sleep(60)
            return {"n": 2}
        graph = Graph("g").node("first", first).node("second", second).parse("START -> first -> second")
        """
    )
    path, store = made.export(check=False).path, str(tmp_path / "runs.db")
    words = [sys.executable, "-I", str(path), "--input", f"mark={tmp_path / 'mark'}", "--store", store]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr.readline() == "here\n"
        running.send_signal(signal.SIGINT)
        assert "Interrupted" in running.stderr.read()
    assert running.returncode == 130

    done = script(path, "--resume", "r1", "--store", store, "--json")
    assert (done.returncode, json.loads(done.stdout)["n"]) == (0, 2), done.stderr


def test_flags_of_a_dict_state(flow, script):
    """Without a schema the flags are the keys of the last run's input."""
    made = flow(
        """
        from genxai_nb import Graph
        graph = Graph("g").node("a", lambda state: {"n": state["n"] + 1}).edge("START", "a")
        """
    )
    made.run({"n": 41, "name": "Ada"})
    path = made.export().path
    assert json.loads(script(path, "--n", "1", "--name", "5", "--json").stdout) == {"n": 2, "name": "5"}
    assert "such as 41" in script(path, "--help").stdout


def test_the_model_is_chosen_by_a_flag(flow, script):
    """--model is used by all agents."""
    made = flow(
        """
        from genxai_nb import Agent, Graph
        writer = Agent("writer", model="scripted:nowhere", task="Write.", memory="none")
        graph = Graph("g").node("writer", writer).edge("START", "writer")
        """
    )
    path = made.export(check=False).path
    assert script(path).returncode == 1
    assert script(path, "--model", "offline").returncode == 0


def header(path: Path) -> dict:
    """The metadata that stand in comments at the top of a script."""
    found = re.match(r"# /// script\n(.*?)# ///\n", path.read_text("utf-8"), re.DOTALL)
    return tomllib.loads("".join(line[2:] for line in found[1].splitlines(keepends=True)))


def test_metadata_name_what_is_used(flow):
    """The metadata name the extras of the models that are asked, and the packages that are imported."""
    made = flow(
        """
        import json
        import msgspec
        from genxai_nb import Agent, Graph
        a = Agent("a", model="openai:gpt-5", task="A.", memory="semantic", tools=["code_executor"])
        b = Agent("b", model="anthropic:claude", task="B.")
        unused = Agent("c", model="cohere:command", task="C.")
        def pack(state):
            return {"n": len(msgspec.json.encode(json.dumps(1)))}
        graph = Graph("g").node("a", a).node("b", b).node("pack", pack).parse("START -> a -> b -> pack")
        """
    )
    found = header(made.export(check=False).path)
    assert found["requires-python"] == ">=3.11"
    assert found["dependencies"][0].startswith("genxai-nb[anthropic,embed,openai,sandbox]>=0.")
    assert [name.partition(">=")[0] for name in found["dependencies"][1:]] == ["msgspec"]


def test_metadata_name_what_a_function_imports_itself(flow):
    """An import inside a function is needed like one at the top; one of the standard library is not installed."""
    made = flow(
        """
        from genxai_nb import Graph
        def pack(state):
            import tomllib
            from msgspec.json import encode
            return {"n": len(encode(tomllib.loads("a = 1")))}
        graph = Graph("g").node("pack", pack).parse("START -> pack")
        """
    )
    found = header(made.export(check=False).path)
    assert [name.partition(">=")[0] for name in found["dependencies"]] == ["genxai-nb", "msgspec"]


def test_what_we_write_is_typed_and_clean(flow, ruff):
    """Imports, definitions and the command line of a big script pass the linter and the strict type checker."""
    made = flow(
        TEXT.replace("def write(state):", "def write(state: Draft) -> dict[str, str]:")
        + """
writer = Agent("writer", model="offline", instructions="One\\nTwo " * 30, task="Write.", tools=["calculator"])
part = Graph("part").node("writer", writer).edge("START", "writer")
graph.node("part", part).node("sum", "calculator", expression="'1 + 1'", into="text").parse("ok -> part -> sum")
"""
    )
    path = made.export(check=False).path
    checked = subprocess.run([ruff, "check", "--isolated", path], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    formatted = subprocess.run([ruff, "format", "--isolated", "--check", path], capture_output=True)
    assert formatted.returncode == 0
    words = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--cache-dir",
        str(Path(__file__).parents[2] / ".mypy_cache"),
    ]
    typed = subprocess.run([*words, str(path)], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert typed.returncode == 0, typed.stdout


def test_it_is_clean_without_a_formatter(flow, ruff, monkeypatch, tmp_path):
    """What we write is formatted by construction; no formatter has to be installed."""
    from genxai_nb.export.script import script_of
    from genxai_nb.export.units import Units

    made = flow(TEXT.replace("\n\ndef write", "\n\n\ndef write").replace("\n\nclass", "\n\n\nclass"))
    text = script_of(made.graph, Units(vars(made.module)), formats=False).text
    path = tmp_path / "plain.py"
    path.write_text(text, "utf-8")
    found = subprocess.run([ruff, "format", "--isolated", "--diff", path], capture_output=True, text=True)
    assert found.stdout == ""


def test_a_lambda_of_a_module_looks_names_up_there(flow, script):
    """A lambda goes along with its module where that has other values by names of the file, and is the same there."""
    made = flow(
        """
        from genxai_nb import Graph
        import lambdas
        LIMIT = 3
        def first(state):
            return {"n": LIMIT}
        graph = Graph("g").node("first", first).node("second", lambdas.steps[0]).edge("START", "first")
        graph.edge("first", "second")
        """,
        lambdas="LIMIT = 7\nsteps = [lambda state: {'m': LIMIT}]\n",
    )

    made.run()
    exported = made.export()
    done = script(exported.path, "--json", "--store", ":memory:")

    assert exported.checked is True, str(exported)
    assert json.loads(done.stdout) == {"n": 3, "m": 7}


def test_a_lambda_that_was_changed_is_found(flow):
    """A lambda that is another one since the run is told by the check, with both texts."""
    text = "from genxai_nb import Graph\ngraph = Graph('g').node('a', lambda state: {'n': 1 + 1}).edge('START', 'a')\n"
    made = flow(text)
    made.run()
    found = check(
        made.export().path, "graph", flow(text.replace("1 + 1", "1 + 1 + 0")).graph, [], {}
    ).difference

    assert found is not None
    assert found.where == "definition of a"
    assert "1 + 1 + 0" in found.run
    assert "1 + 1 + 0" not in found.script


def test_files_that_the_code_names_are_told_with_where_it_does(flow, tmp_path, monkeypatch):
    """Also such that stand in a folder that is named; what names no file, and docstrings, are none."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("rows.txt", "data/more.txt", "notes.txt", "out.py"):
        (tmp_path / name).write_text("a b", "utf-8")
    made = flow(
        """
        from pathlib import Path
        from genxai_nb import Graph
        ROWS = Path("rows.txt").read_text().split()
        def count(state):
            "notes.txt"
            more = (Path("data") / "more.txt").read_text()
            return {"n": len(ROWS) + len(more), "word": "none.txt", "self": "out.py"}
        graph = Graph("g").node("count", count).edge("START", "count")
        """
    )
    made.run()
    exported = made.export()
    assert exported.checked is True
    where = Path(made.module.__file__).name
    assert exported.files == {"rows.txt": f"{where}, line 4", "data/more.txt": f"{where}, line 5"}
    assert exported.needs == (
        f"It names files that it does not carry: rows.txt ({where}, line 4), data/more.txt ({where}, line 5)."
    )
    assert str(exported).endswith(exported.needs)


GUARDED = """
from pydantic import BaseModel, Field
from genxai_nb import Graph, tool

class Asked(BaseModel):
    question: str = Field(examples=["How far is 'it'?"])
    rate: float = Field(examples=[0.25])
    rows: list[int]
    text: str = ""

@tool(permissions=["write"])
def note(question: str) -> str:
    \"\"\"Note a question.\"\"\"
    return question

graph = Graph("notes", state=Asked).node("note", note, question="question", into="text").parse("START -> note -> END")
"""


def test_what_has_to_be_given_is_told_with_type_and_example(flow, script):
    """The example is the field's own, or one of its type, never what a run was given; a resumed run wants none."""
    made = flow(GUARDED)
    made.run({"question": "Who was it?", "rate": 1.0, "rows": [1, 2]}, policy="open")
    path = made.export(check=False).path
    words: list[str] = []
    for name, value, said in [
        (
            "question",
            "Why?",
            """--question has to be given: str, such as --question 'How far is '"'"'it'"'"'?'""",
        ),
        ("rate", "1.5", "--rate has to be given: float, such as --rate 0.25"),
        ("rows", "[3]", "--rows has to be given: list[int], such as --rows '[]'"),
    ]:
        done = script(path, *words)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
        words += [f"--{name}", value]
    assert script(path, *words, "--policy", "open", "--store", made.store).returncode == 0
    assert script(path, "--resume", "r2", "--store", made.store).returncode == 0


def test_a_policy_is_given_by_name_or_as_a_file(flow, script, tmp_path):
    """Nobody to ask means no; a file with the fields of a policy allows the call, also of a run that is resumed."""
    path = flow(GUARDED).export(check=False).path
    words = ["--question", "Why?", "--rate", "1", "--rows", "[]", "--store", str(tmp_path / "runs.db")]
    (tmp_path / "policy.json").write_text('{"allow": ["write"]}', "utf-8")
    (tmp_path / "list.json").write_text("[1]", "utf-8")
    policy = ["--policy", str(tmp_path / "policy.json")]

    assert script(path, *words, "--policy", str(tmp_path / "list.json")).returncode == 2
    refused = script(path, *words, "--policy", "safe")
    assert (refused.returncode, "write" in refused.stderr) == (1, True), refused.stderr
    assert script(path, *words, *policy).returncode == 0
    run = refused.stderr.rpartition("--resume ")[2].strip()
    resumed = script(path, "--resume", run, "--store", str(tmp_path / "runs.db"), *policy)
    assert resumed.returncode == 0, resumed.stderr
