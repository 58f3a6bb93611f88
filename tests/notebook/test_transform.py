"""What is done to a cell's text: await, help, questions, empty bodies."""

from __future__ import annotations

import pytest

from genxai_nb.notebook.transform import clean_lines, transformer_for

RUN = "get_ipython().run_line_magic('genxai', 'run g')"


def await_in(text: str, *, awaits: bool = True) -> str:
    """Put a cell's text through the transformer that awaits."""
    transform = transformer_for(("run", "ask"), awaits=lambda: awaits)
    return "".join(transform(text.splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{RUN}\n", "await get_ipython().run_line_magic('genxai', 'await run g')\n"),
        (f"x = {RUN}\n", "x = await get_ipython().run_line_magic('genxai', 'await value run g')\n"),
        (
            f"for i in y:\n    if i:\n        {RUN}\n",
            "for i in y:\n    if i:\n        await get_ipython().run_line_magic('genxai', 'await run g')\n",
        ),
        (
            f"é = 'é'; x = {RUN}\n",
            "é = 'é'; x = await get_ipython().run_line_magic('genxai', 'await value run g')\n",
        ),
        (
            "get_ipython().run_cell_magic('genxai', 'run g', 'a: 1\\n')\n",
            "await get_ipython().run_cell_magic('genxai', 'await run g', 'a: 1\\n')\n",
        ),
        (
            f"async def f():\n    {RUN}\n",
            "async def f():\n    await get_ipython().run_line_magic('genxai', 'await run g')\n",
        ),
    ],
)
def test_waiting_verbs_are_awaited_at_any_indent(before, after):
    """A call of a verb that waits is awaited and marked, also in loops and assignments."""
    assert await_in(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "get_ipython().run_line_magic('genxai', 'state')\n",
        "get_ipython().run_line_magic('other', 'run g')\n",
        f'text = """\n{RUN}\n"""\n',
        f"def f():\n    {RUN}\n",
        f"class A:\n    {RUN}\n",
        "get_ipython().run_line_magic('genxai', 'run g'\n",
    ],
)
def test_nothing_else_is_awaited(text):
    """Other verbs, other magics, text, plain functions and broken code stay as they are."""
    assert await_in(text) == text


def test_where_nothing_can_be_awaited_only_the_use_of_the_value_is_marked():
    """In a terminal a run whose value is taken is marked so, and no await is added."""
    assert await_in(f"{RUN}\nx = {RUN}\n", awaits=False) == (
        f"{RUN}\nx = get_ipython().run_line_magic('genxai', 'value run g')\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("%genxai wait?", "%genxai help wait\n"),
        ("  %genxai run ??\n", "  %genxai help run\n"),
        ("%%genxai graph?\n", "%genxai help graph\n"),
        ("%genxai?\n", "%genxai help\n"),
        (
            "%genxai ask writer what is it?\n",
            "get_ipython().run_line_magic('genxai', 'ask writer what is it?')\n",
        ),
        (
            "    x = %genxai ask writer why?\n",
            "    x = get_ipython().run_line_magic('genxai', 'ask writer why?')\n",
        ),
        ("%%genxai run review", "%%genxai run review\n\n"),
        ("\n%%genxai run review\n", "\n%%genxai run review\n\n"),
    ],
)
def test_help_questions_and_empty_bodies(before, after):
    """`verb?` asks for our help, a question keeps its mark, a cell without a body gets an empty line."""
    assert "".join(clean_lines(before.splitlines(keepends=True))) == after


@pytest.mark.parametrize(
    "text",
    [
        "%%bash\n%genxai ask writer why?\n",
        "%%genxai ask writer\n%genxai wait?\n",
        "x = 1\nlen?\n",
        "%genxai state\n",
        "",
    ],
)
def test_other_cells_are_left_alone(text):
    """Bodies of cell magics and lines without our magic are not rewritten."""
    assert "".join(clean_lines(text.splitlines(keepends=True))) == text


def test_a_terminal_goes_on_asking_for_the_body_of_a_cell(shell):
    """In a terminal a cell is complete at its empty line, not at its head."""
    complete = shell.input_transformer_manager.check_complete

    assert complete("%%genxai graph g\n")[0] == "incomplete"
    assert complete("%%genxai graph g\nSTART -> one\n")[0] == "incomplete"
    assert complete("%%genxai graph g\nSTART -> one\n\n")[0] == "complete"
    assert complete("%genxai runs\n")[0] == "complete"


def test_ipython_and_the_transformers_together(shell):
    """Through IPython a line in a loop, an assignment and a help request come out as meant."""
    assert shell.transform_cell("%genxai wait?") == "get_ipython().run_line_magic('genxai', 'help wait')\n"
    assert shell.transform_cell("x = %genxai run g") == (
        "x = get_ipython().run_line_magic('genxai', 'value run g')\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        'text = """\n%%genxai graph g\nSTART -> a\n"""\n',
        "%%bash\ncat <<END\n%%genxai graph g\nEND\n",
        "# a cell\nx = (\n%%genxai\n",
    ],
)
def test_the_head_of_a_cell_in_a_text_is_left_alone(text):
    """What only looks like the head of a cell, as in a string, is none that stands too low."""
    assert "".join(clean_lines(text.splitlines(keepends=True))) == text
