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


def test_budget_of_an_agents_cell_stops_its_run_and_an_edited_cell_goes_on(run, cells, shell):
    """The error says what to write in the agent's cell; with that the same run goes on without a call made again."""
    run(cells.echo)
    run(cells.clerk + "\nbudget: calls=1\nwrites: said")
    run("%%genxai graph talk\nSTART -> clerk\nclerk -> clerk max 1\nclerk -> END else")
    refused = run("%%genxai run talk\ntopic: cats")
    assert "by node 'clerk' is one too many: all 1 are made in the budget of agent 'clerk'" in refused.error
    assert "write budget: calls=2 in agent 'clerk' and resume" in refused.error
    assert "Give it a larger budget. Finished nodes do not run again" in run("%genxai show").text
    run(cells.clerk + "\nbudget: calls=2\nwrites: said")
    done = run("%genxai resume")
    assert not done.error
    assert list(shell.user_ns["result"].timeline().query("kind == 'model'")["status"]) == ["done"] * 2


def test_budget_that_is_none_is_told_at_its_line_of_the_agents_cell(run, cells):
    """The caret is under the value."""
    run(cells.echo)
    wrong = run(cells.clerk + "\nbudget: tokens=many")
    assert "budget: tokens is 'many', which is no whole number above 0." in wrong.error
    assert "cell line 3: budget: tokens=many\n                       ^" in wrong.error
    assert "money=0.50,tokens=20000" in wrong.error
