"""What the code has is in docs/, and what is there in lists is as the code has it."""

from __future__ import annotations

import re
import tomllib
from typing import get_args

import doc_pages
import pytest
from doc_blocks import ROOT

import genxai_nb
from genxai_nb.agents.notation import CELLS
from genxai_nb.agents.notation.definitions import AGENT_FIELDS
from genxai_nb.graph.clause import CLAUSES
from genxai_nb.graph.node_line import KINDS, OPTIONS
from genxai_nb.graph.reducers import BUILTIN
from genxai_nb.journal import events
from genxai_nb.notebook.verbs import VERBS
from genxai_nb.settings import Settings

DOCS = ROOT / "docs"
INTERNAL = {"GENXAI_CANARY"}  # shows a sandbox that nothing of the environment gets in


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def headings(name: str) -> set[str]:
    return set(re.findall(r"^#{2,3} (.+)$", page(name), re.MULTILINE))


def test_written_pages_are_current(tmp_path):
    """Lists and pictures are as `python tests/support/doc_pages.py` writes them."""
    doc_pages.write(tmp_path)
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]

    assert {str(path) for path in written} >= set(doc_pages.PAGES)
    assert [
        str(p) for p in written if (DOCS / p).read_text("utf-8") != (tmp_path / p).read_text("utf-8")
    ] == []
    assert {path.name for path in (DOCS / "pictures").iterdir()} == {
        p.name for p in written if p.suffix == ".svg"
    }


def test_every_public_name_is_told():
    """On the page for Python, from its docstring."""
    told = set(re.findall(r"^::: genxai_nb\.(\w+)$", page("api.md"), re.MULTILINE))

    assert told == set(genxai_nb.__all__)


def test_every_verb_setting_error_and_event_is_told():
    """Each has a place of its own in its list."""
    variables = set(re.findall(r"^\| `(\w+)` \|", page("settings.md"), re.MULTILINE))

    assert {verb.name for verb in VERBS if verb.name} - headings("verbs.md") == set()
    assert {f"GENXAI_{name.upper()}" for name in Settings.__dataclass_fields__} - variables == set()
    assert {kind.__name__ for kind in doc_pages.error_classes()} - headings("errors.md") == set()
    assert {kind.__name__ for kind in get_args(events.Event | events.Hint)} - headings("events.md") == set()


def test_no_advice_is_left_over():
    """Each advice belongs to an error that there is."""
    assert set(doc_pages.ADVICE) == {kind.__name__ for kind in doc_pages.error_classes()}
    assert set(doc_pages.EXAMPLES) <= set(doc_pages.ADVICE)


def test_every_variable_of_the_environment_is_told():
    """What the source reads from the environment stands in the docs."""
    sources = [path.read_text("utf-8") for path in (ROOT / "genxai_nb").rglob("*.py")]
    read = {
        name for text in sources for name in re.findall(r"\"(GENXAI_(?!CONNECTION_)[A-Z_]*[A-Z])\"", text)
    }
    told = "\n".join(path.read_text("utf-8") for path in DOCS.glob("*.md"))

    assert {name for name in read - INTERNAL if f"`{name}" not in told} == set()


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("cells", [f"%%genxai {name} " for name in CELLS]),
        ("fields", [f"`{name}`" for name in AGENT_FIELDS]),
        ("clauses", [f'"{name}"' for name in CLAUSES]),
        ("kinds of nodes", [f'"{name}"' for name in KINDS]),
        ("options of nodes", [" ".join(f'"{word}"' for word in name.split()) for name in OPTIONS]),
        ("reducers", [f"| `{name}` |" for name in BUILTIN]),
    ],
)
def test_the_language_is_told(what, words):
    """Each word of it stands on its page, in a table or in the grammar."""
    assert [word for word in words if word not in page("language.md")] == [], what


def test_every_extra_is_told():
    """The first page says what each extra brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    rows = [line for line in page("getting-started.md").splitlines() if line.startswith("| `")]

    assert {
        name for name in project["optional-dependencies"] if not any(f"`{name}`" in row for row in rows)
    } == set()


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.name], ids=lambda verb: verb.name)
def test_an_example_of_a_verb_is_one(verb):
    """It is written with its verb, as a cell or a line, and takes only options that there are."""
    first = verb.example.splitlines()[0]
    given = re.findall(r"--([a-z-]+)", verb.example)

    assert re.search(rf"%genxai {verb.name}\b", first)
    assert first.startswith("%%") == verb.cell or verb.line
    assert set(given) <= {option.name for option in verb.options}
    assert compile(verb.python, verb.name, "exec")


def test_the_tour_leads_through_the_house():
    """Every room has its line, and every file that the tour names is there."""
    tour, house = page("architecture.md"), ROOT / "genxai_nb"
    rooms = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in house.iterdir()
        if path.name[0] not in "_."
    }
    named = set(re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", tour))

    assert {room for room in rooms - {"py.typed"} if f"`{room}`" not in tour} == set()
    assert len(named) > 20
    assert {name for name in named if not (house / name).exists()} == set()
