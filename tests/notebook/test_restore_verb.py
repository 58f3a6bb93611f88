"""What cells have defined, in a later kernel."""

from __future__ import annotations

import pytest

from genxai_nb import notebook
from genxai_nb.journal import open_store

WRITER = "%%genxai agent writer\nmodel: offline\ntask: Cats eat fish. What do {{topic}} eat?\nwrites: draft"
GRAPH = "%%genxai graph review --state Draft\nSTART -> writer -> grade -> END"


@pytest.fixture
def kernels(new_kernel, cells):
    """A kernel that has defined a notebook and run it, and the one that was started after it."""

    def restarted(*more: str):
        first = new_kernel()
        for code in (cells.schema, WRITER, cells.grade, GRAPH):
            assert first.run(code).status == "ok"
        for code in more:
            first.run(code)
        first.kill()
        return new_kernel()

    return restarted


def test_a_new_kernel_defines_again_what_cells_had_defined(kernels, cells):
    """Schema, agent and graph stand as they stood last, and run; what they were is said with version and time."""
    kernel = kernels(WRITER.replace("Cats", "Dogs"))
    kernel.run(cells.grade)
    restored = kernel.run("%genxai restore")
    ran = kernel.run("%%genxai run review\ntopic: dogs")

    assert [line.partition("2")[0] for line in restored.text.splitlines()] == [
        "✓ schema Draft: as it was typed ",
        "✓ agent writer: version ",
        "✓ graph review: as it was typed ",
    ]
    assert "version 2 of 2, as it was typed 20" in restored.text
    assert ran.status == "ok", ran.text
    assert "Dogs eat fish." in kernel.run("print(writer.task)").streams


def test_a_graph_whose_function_is_gone_says_what_to_run(kernels, cells):
    """The function is named, its source is shown as the journal has it and is not run; all else is restored."""
    kernel = kernels("%%genxai run review\ntopic: cats")
    told = kernel.run("%genxai restore").text.splitlines()
    missing = kernel.run("grade")
    kernel.run(cells.grade)
    again = kernel.run("%genxai restore review")

    assert told[2:] == [
        "✕ graph review: Unknown agent, tool or function 'grade'.",
        "function grade, as it was in run r1:",
        "    def grade(state):",
        "        return {'score': state.score + 0.5}",
        "Run the cell that defines grade, then: %genxai restore review",
    ]
    assert missing.content["ename"] == "NameError"
    assert again.text.startswith("✓ graph review: as it was typed ")


def test_a_run_of_the_old_kernel_goes_on_after_a_restore(kernels, cells):
    """The error of resume names the verb, and with it no cell of a definition has to be run."""
    failing = "def grade(state):\n    raise ValueError('no grade')"
    kernel = kernels(failing, "%%genxai run review\ntopic: cats")
    refused = kernel.run("%genxai resume r1")
    kernel.run(cells.grade)
    kernel.run("%genxai restore")
    resumed = kernel.run("%genxai resume r1\nprint(result.state.score)")

    assert "Run their cells, or %genxai restore, then: %genxai resume r1" in refused.error
    assert resumed.streams.endswith("0.5\n"), resumed.text


def test_what_this_kernel_has_defined_stays(kernels):
    """It is named and left alone; --force puts the kept one in its place."""
    kernel = kernels()
    kernel.run("from genxai_nb import Agent\nwriter = Agent('writer', role='Mine')")
    left = kernel.run("%genxai restore writer")
    mine = kernel.run("print(writer.role)")
    forced = kernel.run("%genxai restore writer --force\nprint(repr(writer.role))")

    assert left.text == "as they are here: writer. --force puts the kept ones in their place."
    assert mine.streams == "Mine\n"
    assert "✓ agent writer: as it was typed " in forced.text
    assert forced.streams == "''\n"


def test_names_that_cannot_be_restored_say_why(run, shell):
    """An unknown name names the nearest; a notebook without any says when they are kept."""
    nothing = run("%genxai restore")
    run("%%genxai agent writer\nrole: Writer")
    wrong = run("%genxai restore writre")

    assert "The journal keeps no definition of this notebook" in nothing.error
    assert "are kept when they run" in nothing.error
    assert "Did you mean 'writer'?" in wrong.error
    assert "^" in wrong.error


def test_a_cell_with_a_key_is_not_restored_without_it(run, shell):
    """The text in the journal has no key, and a definition is not made of what is left."""
    run("%%genxai agent writer\ngoal: Say sk-canary-0123456789abcdef0123 twice")
    run("del writer")
    told = run("%genxai restore").text

    assert "held what looks like a key" in told
    assert "Run its own cell: %%genxai agent writer" in told
    assert "canary" not in open_store().cells.of("")[0].body
    assert "writer" not in shell.user_ns


def test_an_object_of_the_notebook_has_to_be_there_again(run, shell, cells):
    """A field that inserts a variable names it, and is read again once it is there."""
    run(cells.echo)
    run(cells.clerk)
    run("kept = echo\ndel echo, clerk")
    without = run("%genxai restore")
    run("echo = kept")
    restored = run("%genxai restore")

    assert "✕ agent clerk: Unknown variable 'echo'." in without.text
    assert "Run the cell that defines echo, then: %genxai restore clerk" in without.text
    assert restored.text.startswith("✓ agent clerk")
    assert shell.user_ns["clerk"].model == shell.user_ns["echo"]


def test_notebooks_of_a_folder_are_kept_apart(run, shell, monkeypatch):
    """Each has its own definitions; those of another one are taken by name, which the error gives."""
    monkeypatch.setenv("JPY_SESSION_NAME", "one.ipynb")
    run("%%genxai agent writer\nrole: One")
    run("del writer")
    monkeypatch.setenv("JPY_SESSION_NAME", "two.ipynb")
    other = run("%genxai restore")
    taken = run("%genxai restore --from one.ipynb")

    assert "It has some of one.ipynb: %genxai restore --from one.ipynb" in other.error
    assert taken.text.startswith("✓ agent writer")
    assert shell.user_ns["writer"].role == "One"


def test_a_graph_comes_behind_the_one_that_it_holds(run, shell):
    """Whatever order their cells stood in."""
    run("def step(state):\n    return {}")
    run("%%genxai graph inner\nSTART -> step -> END")
    run("%%genxai graph outer\nnode part = graph inner\nSTART -> part -> END")
    run("%%genxai graph inner\nSTART -> step -> END\nstep -> step max 2")
    run("del inner, outer")
    told = run("%genxai restore outer, inner").text.splitlines()

    assert [line.partition(":")[0] for line in told] == ["✓ graph inner", "✓ graph outer"]


def test_a_cell_that_is_run_again_unchanged_is_kept_once(run, shell):
    """The journal has a row for each change, with the options of the head."""
    for code in (WRITER, WRITER, "%%genxai graph g --reduce notes=append\nSTART -> writer -> END", WRITER):
        run(code)
    rows = open_store().cells.of("")

    assert [(row.kind, row.name, row.options) for row in rows] == [
        ("agent", "writer", {}),
        ("graph", "g", {"reduce": "notes=append"}),
    ]


def test_a_journal_that_takes_nothing_does_not_stop_a_definition(run, shell, monkeypatch, tmp_path):
    """The agent is there; it is said once that its cell is not kept."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GENXAI_STORE", str(tmp_path / "file" / "journal.db"))
    first, second = run("%%genxai agent writer"), run("%%genxai agent critic")

    assert "What cells define is not kept for a later kernel: The folder" in first.text
    assert second.text == "agent critic: the run's model · writes critic"
    assert {"writer", "critic"} <= {*shell.user_ns}


def test_the_overview_of_a_new_kernel_tells_what_is_kept(kernels):
    """With the verb that brings it back; not once it is there."""
    kernel = kernels()
    before = kernel.run("%genxai").text
    kernel.run("def grade(state): return {}")
    kernel.run("%genxai restore")

    assert "kept       Draft, writer, review: %genxai restore" in before
    assert "kept " not in kernel.run("%genxai").text


def test_restore_is_a_function_too(run, shell):
    """And its names are completed."""
    run("%%genxai agent writer\nrole: Writer")
    run("del writer")
    notebook.restore("writer")

    assert shell.user_ns["writer"].role == "Writer"


def test_an_agent_made_in_python_comes_back_as_a_run_used_it(new_kernel):
    """By name only, from the latest run that used it; a graph of Python and an agent of more than text are refused."""
    first = new_kernel()
    first.run(
        "from genxai_nb import Agent, Graph\n"
        "def spell(text: str) -> str:\n    'Spell.'\n    return text\n"
        "writer = Agent('writer', task='What do {{topic}} eat?', writes='draft', temperature=0.5)\n"
        "critic = Agent('critic', tools=[spell])\n"
        "review = Graph('review').parse('START -> writer -> critic -> END')"
        ".node('writer', writer).node('critic', critic)"
    )
    for _ in range(2):
        assert first.run("result = review.run({'topic': 'cats'})").status == "ok"
    first.kill()
    kernel = new_kernel()
    nothing = kernel.run("%genxai restore")
    restored = kernel.run("%genxai restore writer")
    without = kernel.run("%genxai restore critic")
    kernel.run("def spell(text: str) -> str:\n    'Spell it.'\n    return text.upper()")
    critic = kernel.run("%genxai restore critic")
    refused = kernel.run("critic")
    kernel.run("def spell(text: str) -> str:\n    'Spell.'\n    return text")
    same = kernel.run("%genxai restore critic")

    assert "Its latest runs have used writer, critic: %genxai restore writer" in nothing.error
    assert restored.text.startswith("✓ agent writer: as run r2 used it, which began 20")
    assert kernel.run("print(writer.temperature)").streams == "0.5\n"
    assert "✕ agent critic: It was made in Python of more than its text says" in critic.text
    assert refused.content["ename"] == "NameError"
    assert "Run the cell that defines spell, then: %genxai restore critic" in without.text
    assert same.text.startswith("✓ agent critic: as run r2 used it")
    assert "Graph 'review' was made in Python" in kernel.run("%genxai restore review").error
