"""``%genxai prune``: runs are taken out of the journal of a notebook."""

from __future__ import annotations


def test_runs_are_shown_first_and_taken_out_with_yes(run, cells, shell):
    """Without --yes nothing goes; the value of the line are the runs that are meant."""
    run(cells.echo)
    run(cells.clerk)
    run("%%genxai graph talk\nSTART -> clerk -> END")
    for _ in range(3):
        run("%%genxai run talk\ntopic: cats")
    shown = run("gone = %genxai prune --last 1")
    assert "2 runs would go: r2, r1." in shown.text
    assert "Nothing is taken out yet: add --yes. It cannot be undone." in shown.text
    assert list(shell.user_ns["gone"]["run_id"]) == ["r2", "r1"]
    assert len(shell.run_line_magic("genxai", "runs")) == 3

    done = run("%genxai prune r1 r2 --yes")
    assert "2 runs gone: r2, r1" in done.text
    assert list(shell.run_line_magic("genxai", "runs")["run_id"]) == ["r3"]
    assert "Which runs?" in run("%genxai prune").error
    assert "--last takes a number of runs, not 'all'" in run("%genxai prune --last all").error
    assert "No run 'r1'" in run("%genxai prune r1").error


def test_run_that_stands_here_stays(run, cells):
    """A run that is being stepped through is nobody's to take."""
    run(cells.echo)
    run(cells.clerk)
    run("%%genxai graph talk\nSTART -> clerk -> END")
    run("%%genxai debug talk --interactive\ntopic: cats")
    assert "r1 stands in this notebook and has not ended." in run("%genxai prune r1 --yes").error
    assert not run("%genxai continue").error
    done = run("%genxai prune r1 --yes")
    assert "1 run gone: r1" in done.text
    assert "No run" not in done.text
    assert not run("%genxai").error
