"""The code review: what its rules find is right, any folder can be reviewed, and no citation is made up."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import sysconfig
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from genxai_nb.errors import NodeFailed
from genxai_nb.providers.scripted import Scripted

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "genxai_nb"
NOTEBOOK = ROOT / "notebooks" / "code_review.ipynb"
SCRIPT = ROOT / "notebooks" / "scripts" / "code_review.py"

# Ruff's rule that says the same as one of ours, which it knows from a program of its own.
LIKE_RUFF = {
    "broad except": ["BLE001"],
    "dangerous call": ["S102", "S307", "S301", "S605"],
    "many parameters": ["PLR0913"],
    "no docstring": ["D101", "D102", "D103"],
    "no encoding": ["PLW1514"],
}
ODD = {
    "good.py": b'"""Nothing to say."""\n',
    "pack age/empty.py": b"",
    "pack age/syntax.py": b"def f(:\n    pass\n",
    "pack age/utf16.py": "x = 1\n".encode("utf-16"),
    "pack age/late.py": b"x = 1\ny = 2\nNAME = 'Caf\xe9'\n",
    "pack age/unknown.py": b"# coding: klingon\nx = 1\n",
    "pack age/elifs.py": b"def f(x):\n    if x == 0:\n        return 0\n"
    + b"".join(b"    elif x == %d:\n        return %d\n" % (n, n) for n in range(1, 400)),
    "pack age/sum.py": b"X = " + b" + ".join(b"%d" % n for n in range(600)) + b"\n",
    "pack age/deep.py": b"X = " + b"(" * 150 + b"1" + b")" * 150 + b"\n",
    "pack age/escape.py": b"X = '\\d'\n",
    "pack age/lines.py": b"x = 1\r\ny = 2\r\rz = 3\x0c\n",
    ".hidden/never.py": b"eval(input())\n",
    "venv/lib/never.py": b"eval(input())\n",
}


@pytest.fixture(scope="module")
def review() -> ModuleType:
    """The exported script as a module."""
    spec = importlib.util.spec_from_file_location("exported_code_review", SCRIPT)
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made  # dataclasses look their module up
    spec.loader.exec_module(made)
    return made


def written(folder: Path, files: dict[str, bytes]) -> str:
    for name, data in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return str(folder)


def found(review: ModuleType, text: str, folder: Path) -> list[tuple[str, int]]:
    """The rules that are broken in a text, with their lines."""
    source = review.read(written(folder, {"a.py": text.encode()}), "a.py")
    return sorted((rule, spot.line) for rule, broken in review.RULES.items() for spot in broken(source))


BROKEN = [
    ("try:\n    x()\nexcept:\n    pass\n", [("broad except", 3)]),
    ("try:\n    x()\nexcept (ValueError, Exception):\n    y()\n", [("broad except", 3)]),
    ("try:\n    x()\nexcept Exception:\n    y()\n    raise\n", []),
    ("try:\n    x()\nexcept ValueError:\n    pass\n", []),
    ("import subprocess\nsubprocess.Popen('ls', shell=True)\n", [("dangerous call", 2)]),
    ("import subprocess\nsubprocess.Popen('ls', shell=False)\n", []),
    ("def _f(a, b={}):\n    return _f\n", [("mutable default", 1)]),
    ("import time\nasync def _f():\n    time.sleep(1)\n    _f\n", [("wait in async", 3)]),
    ("import time\ndef _f():\n    time.sleep(1)\n    _f\n", []),
    ("for x in y:\n    continue\n    z()\n", [("unreachable code", 3)]),
    ("x = y is 'a'\n", [("odd comparison", 1)]),
    ("x = y is None\n", []),
    ("x = open(y)\n", [("no encoding", 1)]),
    ("x = open(y, 'rb'), open(y, mode='wb'), open(y, encoding='ascii'), y.open()\n", []),
    ("x = p.read_text(), p.read_text('ascii'), p.write_text('')\n", [("no encoding", 1), ("no encoding", 1)]),
    ("import a\nimport b.c\nfrom d import e as f, g as g\n__all__ = ['a']\n", [("unused name", 2), ("unused name", 3)]),
    ("def _f():\n    pass\n", [("unused name", 1)]),
    ("x = 1  # noqa: F841, E501\ny = 1  # noqa: F841 - frozen\nz = 1  # pragma: no cover\n", [("silenced check", 1)]),
    ("# TODO: more\n#: TODOs are fine\n", [("open task", 1)]),
    ("class A:\n    def f(self):\n        pass\n    def _g(self):\n        pass\n", [("no docstring", 1), ("no docstring", 2)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BROKEN)
def test_rules_find_what_breaks_them_and_nothing_else(review, tmp_path, text, expected):
    """Each rule has a text that breaks it, and one that nearly does."""
    assert found(review, text, tmp_path) == expected


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("def f():\n    pass\n", 1),
        ("def f(a):\n    if a:\n        return 1\n    elif not a:\n        return 2\n    else:\n        return 3\n", 3),
        ("def f(a, b, c):\n    return a and b or c\n", 3),
        ("def f(a):\n    return [x for x in a if x if x > 1] if a else 0\n", 5),
        ("def f(a):\n    for x in a:\n        try:\n            x()\n        except A:\n            pass\n"
         "        except B:\n            pass\n", 4),
        ("def f(a):\n    match a:\n        case 1:\n            pass\n        case _:\n            pass\n", 3),
        ("def f(a):\n    def g(b):\n        return 1 if b else 2\n    return g\n", 1),
    ],
)  # fmt: skip
def test_paths_are_counted_as_by_hand(review, tmp_path, text, paths):
    """One, and one more for each place where a function may go two ways, without functions inside it."""
    source = review.read(written(tmp_path, {"a.py": text.encode()}), "a.py")

    assert review.paths_through(source.functions[0]) == paths


@pytest.fixture(scope="module")
def by_ruff() -> dict[str, set[tuple[str, int]]]:
    """What Ruff finds in the package, comments that silence it or not: places by its rule."""
    options = ["--isolated", "--no-cache", "--ignore-noqa", "--preview", "--config", "lint.pylint.max-args=7"]
    rules = ",".join(code for codes in LIKE_RUFF.values() for code in codes)
    command = [Path(sysconfig.get_path("scripts"), "ruff"), "check", *options, "--select", rules, PACKAGE]
    done = subprocess.run([*command, "--output-format=json"], capture_output=True, text=True, check=False)
    places: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for one in json.loads(done.stdout):
        path = Path(one["filename"]).relative_to(PACKAGE)
        places[one["code"]].add((str(path), one["location"]["row"]))
    return places


@pytest.fixture(scope="module")
def package(review) -> list[Any]:
    """The files of the package as the review reads them."""
    return [review.read(str(PACKAGE), str(path.relative_to(PACKAGE))) for path in PACKAGE.rglob("*.py")]


@pytest.mark.parametrize("rule", LIKE_RUFF)
def test_rules_agree_with_ruff_over_the_package(review, package, by_ruff, rule):
    """Another program finds the same places in the whole package."""
    ours = {(source.path, spot.line) for source in package for spot in review.RULES[rule](source)}

    assert ours == set().union(*(by_ruff[code] for code in LIKE_RUFF[rule]))


def test_a_comment_that_explains_makes_a_finding_a_matter_of_form(review, tmp_path):
    """The grader is told of it, and grades it low; one that only switches a linter off explains nothing."""
    broken = "try:\n    x()\nexcept Exception:  # {}\n    pass\n"
    files = {
        f"{n}.py": broken.format(said).encode()
        for n, said in enumerate(["noqa: BLE001", "noqa: BLE001 - x may raise anything"])
    }
    state = review.code_review.run({"folder": written(tmp_path, files)}, store=":memory:").state

    assert {(one.path, one.severity) for one in state.findings if one.rule == "broad except"} == {
        ("0.py", "high"),
        ("1.py", "low"),
    }


def test_a_method_is_told_with_its_class(review, tmp_path):
    """Else each __init__ would be called the same."""
    text = "class Box:\n    def open(self, a=[]):\n        self.a = a\n"
    source = review.read(written(tmp_path, {"a.py": text.encode()}), "a.py")

    assert [spot.what for spot in review.mutable_defaults(source)] == [
        "Box.open has a default that all its calls share"
    ]


def test_a_block_that_stands_twice_is_found_once_with_both_places(review, tmp_path):
    """Blank lines, comments and imports between do not hide it."""
    block = [f"    value = value * {n} + other" for n in range(9)]
    first = "def f(value, other):\n" + "\n".join(block) + "\n"
    second = "import os\n\n\ndef g(value, other):\n" + "\n\n    # a comment\n".join(block) + "\n"
    folder = written(tmp_path, {"a.py": first.encode(), "b.py": second.encode()})
    state = review.code_review.run({"folder": folder}, store=":memory:").state
    copied = [one for one in state.findings if one.rule == "copied block"]

    assert [(one.path, one.line, one.said) for one in copied] == [
        ("a.py", 2, "9 lines also stand in b.py:5: hard to change in both places.")
    ]


def test_any_folder_can_be_reviewed(review, tmp_path):
    """Whatever its files hold, each is read and measured, and what cannot be read is told with its place."""
    result = review.code_review.run({"folder": written(tmp_path, ODD)}, store=":memory:")
    state = result.state
    unreadable = {one.path.rpartition("/")[2] for one in state.findings if one.rule == "unreadable file"}

    assert result.status == "done"
    assert set(state.files) == {name for name in ODD if not name.startswith((".", "venv"))}
    assert {one.path: one.lines for one in state.measures}["pack age/lines.py"] == 4
    assert unreadable >= {"syntax.py", "utf16.py", "late.py", "unknown.py"}
    assert not unreadable & {"good.py", "empty.py", "sum.py", "lines.py", "escape.py"}
    assert {one.severity for one in state.findings if one.rule == "unreadable file"} == {"critical"}
    assert any("401 paths" in one.said for one in state.findings)
    assert state.invented == []
    assert state.summary.startswith("- Critical: ")


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_without_code_is_refused_with_what_to_do(review, tmp_path, name):
    """The message names the folder."""
    (tmp_path / "empty").mkdir()

    with pytest.raises(NodeFailed, match=rf"{name}'. Give FOLDER a folder with Python files"):
        review.code_review.run({"folder": str(tmp_path / name)}, store=":memory:")


@pytest.mark.parametrize(
    ("summary", "invented", "objection"),
    [
        ("- Bad [shop/a.py:1].", [], ""),
        ("- Bad [shop/a.py:2]. Worse [shop/b.py:1].", ["shop/a.py:2", "shop/b.py:1"], "no finding at shop/a.py:2"),
        ("- Bad, all of it.", [], "No place is cited."),
    ],
)  # fmt: skip
def test_citations_that_lead_nowhere_are_told(review, tmp_path, summary, invented, objection):
    """A place that is no finding's, and a summary without places, are objected to."""
    state = review.code_review.run(
        {"folder": written(tmp_path, {"shop/a.py": b"eval(x)\n"})}, store=":memory:"
    ).state
    told = review.check(state.model_copy(update={"summary": summary}))

    assert told["invented"] == invented
    assert objection in told["objection"]
    assert bool(told["objection"]) is bool(objection)


def test_another_model_is_held_to_the_schema_and_to_places_that_exist(review, tmp_path):
    """A severity that is none is sent back, and so is a summary with a made-up place, each with the reason."""
    asked = []

    def answer(request):
        asked.append(request.messages[-1].text)
        if request.output is not None:
            severity = "urgent" if len(asked) == 1 else "medium"
            return json.dumps({"severity": severity, "remedy": "Parse y."})
        return "- Bad [b.py:7]." if len(asked) == 3 else "- Bad [a.py:1]."

    folder = written(tmp_path, {"a.py": b"x = eval(y)\n"})
    state = review.code_review.run({"folder": folder}, model=Scripted(answer).model, store=":memory:").state

    assert len(asked) == 4
    assert "urgent" in asked[1]
    assert "There is no finding at b.py:7." in asked[3]
    assert [(one.severity, one.remedy) for one in state.findings] == [("medium", "Parse y.")]
    assert (state.summary, state.invented) == ("- Bad [a.py:1].", [])


def test_the_script_reviews_another_folder(tmp_path):
    """It takes the folder as a flag and prints its findings."""
    folder = written(tmp_path / "code", {"a.py": b"import os\n", "b.py": b"x = eval(input())\n"})
    command = [sys.executable, SCRIPT, "--folder", folder, "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    state = json.loads(done.stdout)

    assert [(one["severity"], one["path"], one["line"]) for one in state["findings"]] == [
        ("critical", "b.py", 1),
        ("low", "a.py", 1),
    ]


@pytest.mark.parametrize("files", [ODD, {"good.py": ODD["good.py"]}], ids=["odd files", "nothing to find"])
def test_the_notebook_takes_another_folder_by_one_cell(tmp_path, files):
    """With the cell at its top replaced it runs to its end, and its table has the findings of that folder."""
    folder = written(tmp_path / "code", files)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    cell = next(cell for cell in notebook.cells if "\nFOLDER = " in cell.source)
    line = next(line for line in cell.source.splitlines() if line.startswith("FOLDER = "))
    cell.source = cell.source.replace(line, f"FOLDER = {folder!r}")
    asked = "json.dumps([sorted(set(findings.path)), result.state.invented])"
    notebook.cells.append(nbformat.v4.new_code_cell(f"import json\n\nprint({asked})"))
    NotebookClient(notebook, timeout=100, resources={"metadata": {"path": str(tmp_path)}}).execute()
    paths, invented = json.loads(notebook.cells[-1].outputs[0].text)

    assert invented == []
    assert set(paths) <= {name for name in files if not name.startswith((".", "venv"))}
    assert ("pack age/syntax.py" in paths) is ("pack age/syntax.py" in files)
