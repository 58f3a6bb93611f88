"""Cells to begin with."""

from __future__ import annotations

import pytest

from genxai_nb import notebook
from genxai_nb.errors import UnknownName


def drafted(shell, run, line):
    """The cell that a line puts below itself."""
    reply = run(line)
    assert reply.status == "ok", reply.error
    return shell.rl_next_input


@pytest.mark.parametrize(
    ("line", "begins", "then"),
    [
        ("agent editor", "%%genxai agent editor\n", "%genxai ask editor What is 2 + 3?"),
        ("agent", "%%genxai agent assistant\n", "%genxai ask assistant What is 2 + 3?"),
        ("graph sums", "%%genxai graph sums\n", "%%genxai run sums\nquestion: 2 + 3"),
        ("schema Draft", "%%genxai schema Draft\n", "Draft(question='2 + 3').notes.append('x')"),
        ("tool words", "from genxai_nb import tool\n", "assert words(text='two words') == 2"),
    ],
)
def test_a_new_cell_runs_as_it_stands(shell, run, line, begins, then):
    """The cell defines what was asked for without a change, and that can be used."""
    cell = drafted(shell, run, f"%genxai new {line}")
    defined, used = run(cell), run(then)

    assert cell.startswith(begins)
    assert defined.status == "ok", defined.error
    assert used.status == "ok", used.error


def test_a_new_graph_goes_through_the_agents_there_are(shell, run):
    """It leads from one agent of the notebook to the next, and runs."""
    run("%%genxai agent first\nwrites: one")
    run("%%genxai agent second\nwrites: two")
    cell = drafted(shell, run, "%genxai new graph both")

    assert cell.splitlines()[1:] == ["START -> first -> second -> END"]
    run(cell)
    assert run("%%genxai run both\ntopic: cats").status == "ok"


def test_a_name_that_is_taken_is_not_drafted_again(shell, run):
    """Without a name the next free one is taken; one that is defined is refused, and so is a foreign variable."""
    run("%%genxai agent assistant")
    run("thing = 3")

    assert drafted(shell, run, "%genxai new agent").startswith("%%genxai agent assistant_2\n")
    assert "'assistant' is defined already" in run("%genxai new agent assistant").error
    assert "The notebook has a 'thing' of its own already" in run("%genxai new graph thing").error
    assert "cannot be the name of a tool" in run("%genxai new tool two-words").error


def test_an_unknown_kind_names_the_nearest(run, shell):
    """A caret stands under the word."""
    reply = run("%genxai new agnet editor")

    assert "Did you mean 'agent'?" in reply.error
    assert "^" in reply.error


def test_a_notebook_gets_the_cell_from_the_line_and_from_python(kernel):
    """The front end is told to put it below; the twin does the same."""
    for code in ("%genxai new tool words", "import genxai_nb.notebook as n\nn.new('tool', name='words')"):
        (payload,) = kernel.run(code).content["payload"]

        assert payload["source"] == "set_next_input"
        assert payload["replace"] is False
        assert "def words(text: str) -> int:" in payload["text"]


def test_the_kind_may_be_missing_in_neither(shell, run):
    """The line says what is missing, the twin names the kinds."""
    assert "The KIND is missing." in run("%genxai new").error
    with pytest.raises(UnknownName, match="agent, graph, schema, tool"):
        notebook.new()
