"""Going through a run by line verbs, as in a terminal: strides, breakpoints, time both ways, values."""

from __future__ import annotations

import pytest

from genxai_nb.errors import ResumeRefused, RunError, RunPaused, UnknownName

LOOP = """
def up(state):
    return {"n": state["n"] + 1}
def end(state):
    return {"said": f"it is {state['n']}"}
"""
GRAPH = "%%genxai graph loop\nSTART -> up\nup -> up if n < 4 max 9\nup -> end else"


@pytest.fixture
def loop(run, person):
    """A graph with a loop, defined by cells, and somebody who may debug it."""
    run(LOOP)
    run(GRAPH)
    return run


def test_debug_makes_a_run_that_stands_before_its_first_node(loop):
    """The cell answers at once with where the run stands; next and continue drive it to its result."""
    begun = loop("%%genxai debug loop\nn: 0")
    first = loop("%genxai next")
    second = loop("%genxai next")
    ended = loop("%genxai continue")

    assert begun.text.splitlines()[0] == "‖ loop stands before up, visit 1, after step 0"
    assert first.text.splitlines() == [
        "‖ loop stands before up, visit 2, after step 1",
        "  changed  n = 1",
    ]
    assert "visit 3, after step 2" in second.text
    assert ended.shown[0]["text/plain"].startswith("loop: ✓ Done · 5 steps")
    assert loop("result.state").content["result"] == {"n": 4, "said": "it is 4"}


def test_an_overview_names_the_runs_that_stand(loop):
    """With where they stand."""
    loop("%%genxai debug loop\nn: 0")
    loop("%genxai next")

    assert "standing   r1 loop before up, visit 2, after step 1" in loop("%genxai").text


def test_the_result_of_a_standing_run_says_so(loop):
    """Reading it raises one sentence with what to do."""
    loop("%%genxai debug loop\nn: 0")

    assert (
        loop("result.state").error
        == "✕ Run r1 of loop has no result: its status is ready.\n%genxai resume r1 goes on."
    )


def test_a_breakpoint_with_a_condition_ends_continue_in_one_calm_line(loop, shell):
    """It becomes true at the third visit; the cell ends with RunPaused, so that queued cells are held back."""
    loop("%%genxai debug loop\nn: 0")
    listed = loop("%genxai break up --when n == 2 and visit > 1")
    stopped = loop("%genxai continue")
    ended = loop("%genxai continue")

    assert listed.text == "loop stops\n  1. before up if n == 2 and visit > 1"
    assert type(stopped.content["error"]) is RunPaused
    assert (
        stopped.error.splitlines()[0] == "‖ Run r1 is paused before up, visit 3, after step 2: breakpoint 1."
    )
    assert stopped.shown[0]["text/plain"].startswith(
        "‖ loop stands before up, visit 3, after step 2: breakpoint 1"
    )
    assert ended.status == "ok"
    assert shell.user_ns["result"].state["n"] == 4


def test_a_breakpoint_after_a_node_shows_what_it_wrote(loop):
    """The next run of the graph stops there too, also one that is started by a run cell."""
    loop("%genxai break up --when n == 3 --after")
    stopped = loop("%%genxai run loop\nn: 0")

    assert type(stopped.content["error"]) is RunPaused
    assert "before up, visit 4, after step 3: breakpoint 1 after up, visit 3" in stopped.error
    assert loop("%genxai break").text == "loop stops\n  1. after up if n == 3"


def test_breakpoints_are_cleared_by_number_or_all(loop):
    """What is left is listed; an unknown number or node is named with what there is."""
    loop("%genxai break up")
    loop("%genxai break end --when visit == 1")

    assert loop("%genxai break --clear 1").text == "loop stops\n  1. before end if visit == 1"
    assert type(loop("%genxai break --clear 7").content["error"]) is UnknownName
    assert loop("%genxai break edn").error.splitlines()[0] == "✕ Unknown node 'edn'."
    assert loop("%genxai break --clear").text == "loop has no breakpoints."
    assert loop("%%genxai run loop\nn: 0").status == "ok"


def test_a_cleared_breakpoint_stops_the_standing_run_no_more(loop):
    """Clearing reaches the run that stands as well."""
    loop("%%genxai debug loop\nn: 0")
    loop("%genxai break end")
    loop("%genxai break --clear 1")

    assert loop("%genxai continue").status == "ok"


def test_until_takes_a_condition_or_a_node(loop):
    """It ends its cell without an error where it was to go."""
    loop("%%genxai debug loop\nn: 0")
    condition = loop("%genxai until n >= 2")
    node = loop("%genxai until end")
    wrong = loop("%genxai until n >=")

    assert (condition.status, node.status) == ("ok", "ok")
    assert "after step 2: n >= 2 holds after up, visit 2" in condition.text
    assert node.text.splitlines()[0] == "‖ loop stands before end, visit 1, after step 4"
    assert wrong.status == "error"


def test_watches_are_shown_wherever_the_run_stands(loop):
    """A key that is not there yet is absent; a watch is taken away by its number."""
    loop("%%genxai debug loop\nn: 0")
    loop("%genxai watch n < 2")
    listed = loop("%genxai watch said")
    stands = loop("%genxai next")
    left = loop("%genxai watch --clear 2")

    assert listed.text.splitlines()[0] == "  1. n < 2 = true"
    assert "said = absent" in listed.text
    assert "  watch    n < 2 = true" in stands.text
    assert left.text == "  1. n < 2 = true"
    assert loop("%genxai watch --clear").text == "Nothing is watched."


def test_set_goto_and_back_change_what_comes(loop, shell):
    """A value set by hand is seen downstream; the old line of history stays listed."""
    loop("%%genxai run loop\nn: 0")
    gone = loop("%genxai goto 2")
    back = loop("%genxai back")
    changed = loop('%genxai set n=3 said="two words"')
    loop("%genxai continue")
    tree = loop("%genxai tree")

    assert "stands before up, visit 3, after step 2: back at step 2" in gone.text
    assert "stands before up, visit 2, after step 1" in back.text
    assert '  changed  n = 3\n  changed  said = "two words"' in changed.text
    assert shell.user_ns["result"].state == {"n": 4, "said": "it is 4"}
    assert [line.lstrip(" ✓").split()[0] for line in tree.text.splitlines()] == ["r1.1", "r1.2", "r1.3"]
    assert tree.text.splitlines()[-1].startswith("✓ r1.3")
    assert tree.text.splitlines()[-1].endswith("<- here")


def test_values_are_read_as_in_a_body_and_refused_by_the_schema(review):
    """A key of the schema takes its kind; another one is refused with the nearest."""
    review("%%genxai debug review --interactive\ntopic: cats")
    review("%genxai set score=0.25 draft=What: a thing")
    state = review("df = %genxai state\nprint(df.value['score'], df.value['draft'])")
    wrong = review("%genxai set scor=1")

    assert state.streams == "0.25 What: a thing\n"
    assert "Unknown field 'scor'." in wrong.error


def test_fork_makes_a_run_that_verbs_act_on_now(loop, shell):
    """It shares the steps said; the other run is named when a verb acts on it, and is the latest again then."""
    loop("%%genxai run loop\nn: 0")
    forked = loop("%genxai fork 1 n=3")
    loop("%genxai continue")
    other = loop("%genxai tree --run r1")
    again = loop("%genxai tree")

    assert forked.text.splitlines()[0] == "Run r2 is a fork of r1."
    assert "stands before up, visit 2, after step 1" in forked.text
    assert shell.user_ns["result"].run_id == "r2"
    assert other.text.splitlines()[0] == "Run r1"
    assert "r2  forked from r1" in other.text
    assert "Run r1" not in again.text.splitlines()[0]


def test_diff_compares_two_runs_as_dataframes(loop, shell):
    """State, outputs and the figures of nodes; alone it compares with the head before."""
    loop("%%genxai run loop\nn: 0")
    loop("%genxai fork 1 n=3")
    loop("%genxai continue")
    loop("frames = %genxai diff r1 r2")
    frames = shell.user_ns["frames"]
    loop("%genxai goto 1 --run r1")
    heads = loop("%genxai diff")

    assert frames["state"].empty
    assert frames["outputs"].loc[("up", 2, "n")].tolist() == [2, 4]
    assert frames["cost"].loc["up", ["visits r1", "visits r2"]].tolist() == [4, 2]
    assert repr(heads.content["result"]).startswith("r1.1 and r1")
    assert "no difference" in repr(frames)


def test_why_tells_of_conditions_with_their_values(loop):
    """Why it ran, ran again, and why it did not go another way, with what the conditions saw then."""
    loop("%%genxai run loop\nn: 2")
    up, end = loop("%genxai why up"), loop("%genxai why end")

    assert up.text.splitlines() == [
        "up ran 2 times.",
        "  visit 1: ran after START",
        "    START -> up",
        "  visit 2: ran again after up, visit 1",
        "    up -> up if n < 4 max 9: n = 3",
        "  not again over up -> up if n < 4 max 9: n = 4 (after up, visit 2)",
    ]
    assert "    up -> end else: n = 4" in end.text


def test_why_tells_of_a_node_that_did_not_run(loop):
    """Its ways in were not taken, or it stands before it."""
    loop("%%genxai debug loop\nn: 0")
    before = loop("%genxai why up")
    loop("%genxai next")
    end = loop("%genxai why end")

    assert before.text == "up did not run.\n  now: the run stands before up, visit 1, after step 0"
    assert end.text == "end did not run.\n  not over up -> end else: n = 1 (after up, visit 1)"


def test_why_tells_of_limits_failures_and_changed_definitions(run, person):
    """A spent limit, a failed attempt, and a definition that is another one by now."""
    run("def a(state):\n    return {'n': 1}\ndef b(state):\n    raise ValueError('no')")
    run("%%genxai graph g\nSTART -> a\na -> a if n < 2 max 1\na -> b else")
    run("%%genxai run g\n")
    limit, failed = run("%genxai why a"), run("%genxai why b")
    run("def b(state):\n    return {'ok': True}")
    stale = run("%genxai why b")

    assert (
        "not again over a -> a if n < 2 max 1: n = 1 (after a, visit 2); its limit of 1 is spent"
        in limit.text
    )
    assert "visit 1, attempt 1: failed, ValueError: no" in failed.text
    assert "  stale: its definition has changed since visit 1" in stale.text
    assert "+     return {'ok': True}" in stale.text


def test_why_alone_shows_the_whole_traceback(run, person):
    """What a calm error has left out."""
    run("def b(state):\n    return 1 / 0")
    run("%%genxai graph g\nSTART -> b")
    run("%%genxai run g\n")

    assert "ZeroDivisionError: division by zero" in run("%genxai why").text
    assert "Traceback (most recent call last)" in run("%genxai why").text


def test_a_stride_says_that_a_run_goes_on_or_is_done(loop):
    """A finished run gives its result again; pause of one that does not go on says so."""
    loop("%%genxai run loop\nn: 0")
    again = loop("%genxai next")
    paused = loop("%genxai pause")

    assert again.shown[0]["text/plain"].startswith("loop: ✓ Done")
    assert type(paused.content["error"]) is RunError
    assert "Run r1 does not go on; its status is done." in paused.error


def test_a_run_that_goes_on_beside_is_paused_and_joined(run, person):
    """Pause says that it will stand; wait joins it and ends in a calm line; continue goes on detached."""
    run(
        "import threading\ngo, entered = threading.Event(), threading.Event()\n"
        "def one(state):\n    entered.set()\n    go.wait(5)\n    return {'n': 1}"
    )
    run("async def two(state):\n    return {'n': 2}")
    run("%%genxai graph g\nSTART -> one -> two")
    run("%%genxai run g --detach\n")
    run("entered.wait(5)")
    will = run("%genxai pause")
    busy = run("%genxai next")
    run("go.set()")
    stands = run("%genxai wait")
    on = run("%genxai continue --detach")
    joined = run("%genxai wait\nprint(result.state)")

    assert will.text == "‖ Run r1 will stand at its next call or visit. %genxai wait joins it."
    assert "Run r1 goes on already." in busy.error
    assert (
        stands.error.splitlines()[0]
        == "‖ Run r1 is paused before two, visit 1, after step 1: paused by hand."
    )
    assert on.text == "▶ Run r1 goes on beside. %genxai wait joins it."
    assert joined.streams == "{'n': 2}\n"


def test_a_changed_graph_is_refused_with_the_difference_unless_rebased(loop):
    """Every stride refuses it; continue --rebase goes on in it."""
    loop("%%genxai debug loop\nn: 0")
    loop("%genxai next")
    told = loop(GRAPH.replace("n < 4", "n < 2"))
    refused = loop("%genxai next")
    rebased = loop("%genxai continue --rebase")

    assert "- up -> up if n < 4 max 9" in told.text
    assert "+ up -> up if n < 2 max 9" in told.text
    assert type(refused.content["error"]) is ResumeRefused
    assert "  - up -> up if n < 4 max 9" in refused.error
    assert "%genxai continue --rebase goes on with it, %%genxai run loop starts anew." in refused.error
    assert rebased.status == "ok"
    assert loop("result.state['n']").content["result"] == 2


def test_a_function_edited_while_the_run_stands_is_told_with_its_difference(loop, shell):
    """Running its cell again says what changed and from which step; the run uses it."""
    loop("%%genxai debug loop\nn: 0")
    loop("%genxai next")
    told = loop(LOOP.replace('state["n"] + 1', 'state["n"] + 2'))
    same = loop(LOOP.replace('state["n"] + 1', 'state["n"] + 2'))
    loop("%genxai continue")

    assert told.text.splitlines() == [
        "up: 1 line changed, run r1 will use it from step 2",
        '  -     return {"n": state["n"] + 1}',
        '  +     return {"n": state["n"] + 2}',
    ]
    assert same.text == ""
    assert shell.user_ns["result"].state["n"] == 5


def test_an_agent_edited_while_the_run_stands_is_told_with_its_difference(review, person, cells):
    """One line of what follows, then the lines that differ."""
    review("%%genxai debug review\ntopic: cats")
    told = review(cells.writer.replace("Dogs bark", "Dogs howl"))

    assert told.text.splitlines() == [
        "writer: 1 line changed, run r1 will use it from step 1",
        "  - task: Cats eat fish. Dogs bark. What do {{topic}} eat?",
        "  + task: Cats eat fish. Dogs howl. What do {{topic}} eat?",
    ]


def test_debug_after_a_failure_opens_the_failed_node(run, person, shell):
    """The line, its locals and the state; the mended cell goes on from there."""
    run(
        "def a(state):\n    return {'x': 0}\ndef b(state):\n    part = state['x']\n    return {'y': 1 / part}"
    )
    run("%%genxai graph g\nSTART -> a -> b")
    run("%%genxai run g\n")
    opened = run("%genxai debug")
    run("%genxai set x=4")
    run("%genxai continue")

    lines = opened.text.splitlines()
    assert lines[0] == "✕ g failed in b, visit 1: ZeroDivisionError: division by zero"
    assert lines[1].endswith("line 5")
    assert any(line.endswith("part = 0") for line in lines)
    assert "  state    x = 0" in lines
    assert shell.user_ns["result"].state == {"x": 4, "y": 0.25}


def test_the_same_debug_cell_run_again_parks_its_run(loop):
    """The old run is named, and can be resumed."""
    loop("%%genxai debug loop\nn: 0")
    loop("%genxai next")
    again = loop("%%genxai debug loop\nn: 0")

    assert again.text.splitlines()[0] == "‖ Run r1, which this cell had started, is parked. %genxai resume r1"
    assert loop("%genxai resume r1").status == "ok"


def test_state_can_be_seen_at_an_earlier_step(loop):
    """With --step N."""
    loop("%%genxai run loop\nn: 0")

    assert loop("df = %genxai state --step 2\nprint(df.value['n'])").streams == "2\n"
    assert loop("%genxai state --step 99").status == "error"


def test_a_tool_of_an_agent_edited_while_the_run_stands_is_told_of(run, person):
    """The agent is another one with it, though its own text is the same."""
    run("def double(n: int) -> int:\n    'Double a number.'\n    return n * 2")
    run("%%genxai agent clerk\nmodel: offline\ntools: double\ntask: Double {{n}}.")
    run("%%genxai graph g\nSTART -> clerk")
    run("%%genxai debug g\nn: 4")
    told = run("def double(n: int) -> int:\n    'Double a number.'\n    return n + n")

    assert told.text == "clerk: what it uses has changed, run r1 will use it from step 1"


def test_a_graph_that_is_not_whole_is_in_nobodys_way(loop):
    """A breakpoint is set in one graph while another one names a function that is not defined."""
    loop("def gone(state):\n    return {}")
    loop("%%genxai graph other\nSTART -> gone")
    loop("del gone")

    assert loop("%genxai break up").text == "loop stops\n  1. before up"
