"""Changes of definitions, undone."""

from __future__ import annotations

import pytest

from genxai_nb import notebook

ONE, TWO, THREE = (f"%%genxai agent writer\nrole: Writer\ngoal: {word}" for word in ("one", "two", "three"))


@pytest.fixture
def goal(shell):
    """What the agent is for now."""
    return lambda: shell.user_ns["writer"].goal


def test_undo_goes_back_version_by_version_and_redo_forth(run, goal):
    """Each says what it changes; at the ends it says that there is none."""
    for code in (ONE, TWO, THREE):
        run(code)
    first = run("%genxai undo writer")
    assert goal() == "two"
    run("%genxai undo")
    assert goal() == "one"
    no_more = run("%genxai undo")
    run("%genxai undo --redo")
    assert goal() == "two"
    run("%genxai undo writer --redo")
    end = run("%genxai undo --redo")

    lines = first.text.splitlines()
    assert lines[:3] == ["writer: 1 line changed", "  - goal: three", "  + goal: two"]
    assert lines[3].startswith("✓ agent writer: version 2 of 3, as it was typed 20")
    assert lines[4] == "Its cell still has the other text. %genxai undo --redo takes it back."
    assert no_more.error.startswith("✕ 'writer' has no version before the one that stands.")
    assert end.error.startswith("✕ 'writer' has no version after the one that stands.")
    assert goal() == "three"


def test_a_change_after_undo_loses_nothing(run, goal):
    """Undoing it gives what stood before it, and further back what was left."""
    for code in (ONE, TWO, "%genxai undo", THREE):
        run(code)
    seen = []
    for _ in range(2):
        run("%genxai undo")
        seen.append(goal())

    assert seen == ["one", "two"]


def test_what_was_undone_stays_undone_in_a_new_kernel(new_kernel):
    """Restore takes the version that stood last, and undo goes on from there."""
    first = new_kernel()
    for code in (ONE, TWO, THREE, "%genxai undo"):
        first.run(code)
    first.kill()
    second = new_kernel()
    early = second.run("%genxai undo writer")
    second.run("%genxai restore")
    restored = second.run("print(writer.goal)")
    second.run("%genxai undo")

    assert "%genxai restore writer" in early.error
    assert restored.streams == "two\n"
    assert second.run("print(writer.goal)").streams == "one\n"


def test_undo_without_a_name_takes_what_changed_last(run, shell, goal):
    """Of the definitions that have more than one version."""
    run(ONE)
    run("%%genxai schema Draft\nscore: float = 0")
    nothing = run("%genxai undo")
    run(TWO)
    run("%%genxai schema Draft\nscore: int = 0")
    run("%%genxai agent critic")
    run("%genxai undo")

    assert nothing.error.startswith("✕ No definition of this kernel has been changed.")
    assert shell.user_ns["Draft"].model_fields["score"].annotation is float
    assert goal() == "two"


def test_undo_says_what_follows_for_runs(review, shell, cells):
    """A run's result is stale, as after an edit; options of a head are undone too."""
    review(cells.writer.replace("Dogs bark", "Dogs howl"))
    review("%%genxai run review\ntopic: cats")
    undone = review("%genxai undo writer")
    review("%%genxai graph review --state Draft --limit 2\n" + cells.graph.partition("\n")[2])
    options = review("%genxai undo review")

    assert undone.text.splitlines()[0] == "writer: 1 line changed, the result of r1 is stale"
    assert options.text.splitlines()[0] == "review: other options in its head"
    assert shell.user_ns["review"].limit is None


def test_a_version_that_cannot_stand_any_more_changes_nothing(run, goal, shell):
    """What it needs is named, and the definition stays as it is."""
    run("def count(text: str) -> int:\n    '''Count.'''\n    return len(text)")
    run("%%genxai agent writer\ntools: count\ngoal: one")
    run(TWO)
    run("del count")
    refused = run("%genxai undo")
    run("def count(text: str) -> int:\n    '''Count.'''\n    return len(text)")

    assert "Unknown tool 'count'" in refused.error
    assert goal() == "two"
    assert run("%genxai undo").status == "ok"
    assert goal() == "one"


def test_what_no_cell_of_ours_has_defined_is_refused(run, shell):
    """A function of a Python cell has no versions; an unknown name names the nearest."""
    run(ONE)
    run("def grade(state):\n    return {}")

    assert "The function is not from a cell of %%genxai" in run("%genxai undo grade").error
    assert "Did you mean 'writer'?" in run("%genxai undo writre").error


def test_undo_is_a_function_too(run, goal, shell):
    """With redo as its option."""
    run(ONE)
    run(TWO)
    notebook.undo("writer")
    assert goal() == "one"
    notebook.undo("writer", redo=True)
    assert goal() == "two"
