"""``--cassette`` on a run cell, and the verb that shows what is on one."""

from __future__ import annotations


def test_run_cell_is_recorded_once_and_played_then(run, cells, shell):
    """The first run makes the file, the second is answered from it, a changed prompt is told line by line."""
    run(cells.echo)
    run("%%genxai agent clerk\nmodel: $echo\ntask: What do {{topic}} eat?\nwrites: said")
    run("%%genxai graph talk\nSTART -> clerk -> END")

    assert not run("%%genxai run talk --cassette tape.jsonl\ntopic: cats").error
    assert not run("%%genxai run talk --cassette tape.jsonl\ntopic: cats").error
    assert shell.user_ns["result"].cost == 0.0
    assert shell.user_ns["result"].state["said"] == "You said: What do cats eat?"

    missed = run("%%genxai run talk --cassette tape.jsonl\ntopic: dogs").error
    assert "Cassette 'tape.jsonl' does not hold what node 'clerk' asks model" in missed
    assert "- user: What do cats eat?" in missed
    assert "+ user: What do dogs eat?" in missed

    run("table = %genxai cassette tape.jsonl")
    assert list(shell.user_ns["table"]["answer"]) == ["You said: What do cats eat?"]
    assert "cannot be read" in run("%genxai cassette other.jsonl").error
