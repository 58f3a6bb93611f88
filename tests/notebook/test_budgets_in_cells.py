"""``--budget`` on a run cell and on the line that resumes the run."""

from __future__ import annotations


def test_budget_of_a_run_cell_stops_it_and_a_larger_one_goes_on(run, cells, shell):
    """The error names the verb's option with what it takes; the resumed run makes only the call that was refused."""
    run(cells.echo)
    run(cells.clerk)
    run("%%genxai agent other\nmodel: $echo\ntask: Say it again.")
    run("%%genxai graph talk\nSTART -> clerk -> other -> END")

    refused = run("%%genxai run talk --budget calls=1\ntopic: cats")
    assert "by node 'other' is one too many: all 1 are made" in refused.error
    assert "resume with --budget calls=2" in refused.error

    assert "Give it a larger budget. Finished nodes do not run again" in run("%genxai show").text

    done = run("%genxai resume --budget calls=2")
    assert not done.error
    assert shell.user_ns["result"].state["other"].startswith("You said: Say it again")
    assert list(shell.user_ns["result"].timeline().query("kind == 'model'")["status"]) == ["done"] * 2


def test_budget_that_is_none_is_told_at_the_cell(run, cells):
    """A misspelt limit starts no run."""
    run(cells.echo)
    run(cells.clerk)
    run("%%genxai graph talk\nSTART -> clerk -> END")
    wrong = run("%%genxai run talk --budget cals=1\ntopic: cats")
    assert "Unknown limit of a budget 'cals'." in wrong.error
    assert "Did you mean 'calls'?" in wrong.error
    assert "Nothing has run" in run("%genxai runs").text
