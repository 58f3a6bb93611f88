"""The lessons: their checkers tell, and their links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
LESSONS = sorted((ROOT / "tutorials").glob("*.ipynb"))

each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def tagged(notebook: nbformat.NotebookNode, tag: str) -> Iterator[nbformat.NotebookNode]:
    return (cell for cell in notebook.cells if tag in cell.metadata.get("tags", ()))


def verdicts(notebook: nbformat.NotebookNode) -> list[str]:
    return [output.text for cell in tagged(notebook, "check") for output in cell.outputs]


@each_lesson
def test_unsolved_exercises_are_told(path: Path):
    """As it is committed, with its exercises open, each checker says that and what is missing."""
    lesson = nbformat.read(path, as_version=4)
    found = verdicts(lesson)

    assert len(found) == len(list(tagged(lesson, "exercise"))) > 0
    assert [text for text in found if not re.match(r"Exercise \d: ✗ not yet\. .+", text)] == []


@each_lesson
def test_links_lead_to_files(path: Path):
    """What a lesson links to in the repository is there."""
    lesson = nbformat.read(path, as_version=4)
    links = {link for cell in lesson.cells for link in re.findall(r"\]\(([^)#]+)\)", cell.source)}

    assert {link for link in links if "//" not in link and not (path.parent / link).exists()} == set()


@each_lesson
def test_a_lesson_says_what_it_is_for(path: Path):
    """It begins with its number, for whom it is, and what one can do after it."""
    first = nbformat.read(path, as_version=4).cells[0].source

    assert first.startswith(f"# Lesson {path.name[0]}: ")
    assert "**For** " in first
    assert "**After it** you " in first
