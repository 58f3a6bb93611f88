"""Where runs stop: conditions over keys that cannot be there."""

from __future__ import annotations


def test_a_stop_over_a_key_that_no_state_has_is_refused(run, person):
    """Where a schema says which keys there are, break and until name the nearest one, and the run stays where it is."""
    run("%%genxai schema Count\nn: int = 0")
    run("def up(state):\n    return {'n': state.n + 1}")
    run("%%genxai graph loop --state Count\nSTART -> up\nup -> up if n < 4 max 9\nup -> END else")
    before = run("%genxai break up --when m > 2").error
    run("%%genxai debug loop")
    refused = run("%genxai until nn > 2").error
    listed = run("%genxai break").text
    run("%genxai until n > 2 and visit > 1")

    assert before.splitlines()[0] == "✕ Unknown key 'm'."
    assert refused.splitlines() == [
        "✕ Unknown key 'nn'.",
        "  cell line 1: %genxai until nn > 2",
        "                             ^",
        "Did you mean 'n'?",
    ]
    assert listed == "loop has no breakpoints."
    assert "after step 3" in run("%genxai").text


def test_a_run_that_goes_back_tells_of_the_agent_that_was_edited_after_it(run, person):
    """An ended run that is taken back is told by its lines what its next visit will go by."""
    run("%%genxai agent clerk\nrole: Clerk\nmodel: offline")
    run("%%genxai graph g\nSTART -> clerk")
    run("%%genxai run g\ntopic: tea")
    run("%%genxai agent clerk\nrole: Poet\nmodel: offline")
    told = run("%genxai back").text

    assert "clerk: 1 line changed, run r1 will use it from step 1" in told
    assert "  - role: Clerk\n  + role: Poet" in told
