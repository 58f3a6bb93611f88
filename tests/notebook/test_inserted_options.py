"""``$name`` as the value of an option: model, store, budget, cassette, answers."""

from __future__ import annotations


def test_an_option_takes_an_object_of_the_notebook(run, cells, shell):
    """One variable names the model of all runs, another what they may spend."""
    run(cells.echo)
    run("%%genxai agent clerk")
    run("%%genxai graph talk\nSTART -> clerk -> END")
    run("budget = 'calls=1'")

    done = run("%%genxai run talk --model $echo --budget $budget\ntopic: cats")
    asked = run("%%genxai ask clerk --model $echo\nHow are you?")

    assert not done.error
    assert shell.user_ns["result"].text.startswith("You said: How are you?")
    assert "You said" in done.text
    assert not asked.error


def test_an_option_of_a_line_takes_one_too(run, cells, shell):
    """A path is written as text."""
    run(cells.echo)
    run("%%genxai agent clerk")
    run("from types import SimpleNamespace\nmine = SimpleNamespace(model=echo)")

    asked = run("%genxai ask clerk --model $mine.model How are you?")

    assert not asked.error
    assert shell.user_ns["result"].text.startswith("You said: How are you?")


def test_an_object_that_is_not_there_is_told_at_its_place(run, cells):
    """The nearest name is suggested, and a caret is under the wrong one."""
    run(cells.echo)
    run("%%genxai agent clerk")
    run("%%genxai graph talk\nSTART -> clerk -> END")

    wrong = run("%%genxai run talk --model $ecko\ntopic: cats")

    assert "'ecko'" in wrong.error
    assert "Did you mean 'echo'?" in wrong.error
    assert "cell line 1" in wrong.error
    assert "^" in wrong.error
