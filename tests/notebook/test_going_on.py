"""Cells that are run again and runs that go on: what changed, what is stale, what resume does."""

from __future__ import annotations

from genxai_nb.errors import NodeFailed


def test_a_definition_may_be_run_again_and_says_what_follows(review, cells):
    """Running a definition again replaces it; what changed and which result is stale is said in a line."""
    review("%%genxai run review\ntopic: cats")
    same = review(cells.writer)
    changed = review(cells.writer.replace("Dogs bark", "Dogs howl").replace("papers", "books"))
    around = review("%genxai")

    assert same.text == "agent writer: offline · writes draft"
    assert changed.text == "writer: 2 lines changed, the result of r1 is stale"
    assert "stale      writer in review" in around.text


def test_a_changed_definition_is_used_by_the_run_that_is_resumed(review, shell, cells):
    """A failed run goes on with the mended definition, from the step it had reached."""
    review("def grade(state):\n    raise ValueError('no grade')")
    failed = review("%%genxai run review\ntopic: cats")
    mended = review(cells.writer.replace("Dogs bark", "Dogs howl"))
    review(cells.grade)
    resumed = review("%genxai resume")

    assert type(failed.content["error"]) is NodeFailed
    assert mended.text == "writer: 1 line changed, run r1 will use it from step 2"
    assert resumed.status == "ok"
    assert shell.user_ns["result"].state.score == 1.0


def test_a_failed_node_is_shown_with_its_line_and_its_record(review):
    """A node that raises shows the record, then what it raised and in which line of which cell."""
    review("def grade(state):\n    return {'score': 1 / 0}")
    reply = review("%%genxai run review\ntopic: cats")

    assert reply.shown[0]["text/plain"].startswith("review: ✕ Failed · 1 step")
    first, place = reply.error.splitlines()[:2]
    assert first == "✕ Node 'grade' failed: ZeroDivisionError: division by zero"
    assert place.startswith("  in grade, cell in[")
    assert place.endswith("line 2: return {'score': 1 / 0}")


def test_a_result_that_is_not_there_says_so(review, shell):
    """After a failure `result` is not the one of an earlier run: reading it names the run and what to do."""
    review("%%genxai run review\ntopic: cats")
    review("def grade(state):\n    raise ValueError('no grade')")
    review("%%genxai run review\ntopic: dogs")
    reply = review("result.state")

    assert (
        reply.error == "✕ Run r2 of review has no result: its status is failed.\n%genxai resume r2 goes on."
    )
    assert repr(shell.user_ns["result"]) == "Run r2 of review has no result: its status is failed."


def test_a_pause_ends_the_wait_in_one_calm_line(run, shell):
    """A run that was paused ends its cell with RunPaused; resume goes on from there."""
    run(
        "import asyncio\nasync def one(state):\n    here.pause()\n    return {'one': 1}\n"
        "async def two(state):\n    return {'two': 2}"
    )
    run("%%genxai graph g\nSTART -> one -> two -> END")
    run(
        "from genxai_nb.notebook.extension import session_of\nclass here:\n"
        "    pause = staticmethod(lambda: session_of().latest.run.pause())"
    )
    paused = run("%%genxai run g\n")
    resumed = run("%genxai resume")

    assert paused.error == (
        "‖ Run r1 is paused before two, visit 1, after step 1: paused by hand.\n"
        "%genxai continue goes on from there, %genxai next takes one step."
    )
    assert paused.shown[0]["text/plain"].startswith("g: ‖ Paused")
    assert resumed.status == "ok"
    assert shell.user_ns["result"].state == {"one": 1, "two": 2}


def test_a_graph_with_other_edges_cannot_go_on_with_an_old_run(run):
    """Redefining a graph says how its stopped run goes on in it, and resume refuses it with the reason."""
    run("def one(state):\n    raise ValueError('no')\ndef two(state):\n    return {}")
    run("%%genxai graph g\nSTART -> one -> END")
    run("%%genxai run g\n")
    changed = run("%%genxai graph g\nSTART -> one -> two -> END")
    reply = run("%genxai resume")

    assert (
        changed.shown[0]["text/plain"]
        == "g: 1 line changed, run r1 began with other nodes or edges: %genxai continue --rebase"
    )
    assert reply.error.startswith("✕ Graph 'g' has changed its nodes or edges since run 'r1' began.")


def test_a_changed_schema_names_the_graphs_that_do_not_have_it_yet(run, shell):
    """Until the graph's cell is run again its runs go by the earlier schema; then the failed run goes on."""
    graph = "%%genxai graph g --state Note\nSTART -> one"
    run("%%genxai schema Note\ntext: int | None = None")
    run("def one(state):\n    return {'text': 'two'}")
    run(graph)
    run("%%genxai run g\n")
    changed = run("%%genxai schema Note\ntext: str | None = None")
    too_early = run("%genxai resume")
    run(graph)
    resumed = run("%genxai resume")

    assert resumed.status == "ok", resumed.error
    assert changed.text == "Note: 1 line changed, graph g keeps the earlier one until its cell is run again"
    assert "Note does not accept" in too_early.error
    assert shell.user_ns["result"].state.text == "two"


def test_verbs_of_a_new_kernel_name_what_can_be_resumed(run):
    """Where nothing has run here but the store has unfinished runs, a verb that means a run offers the newest."""
    run("from genxai_nb import Graph\ndef one(state):\n    raise ValueError('no')")
    run("Graph('g').node('one', one).edge('START', 'one').run({})")

    for verb in ("continue", "state", "timeline", "resume"):
        assert run(f"%genxai {verb}").error == (
            "✕ Nothing has run in this notebook yet. Unfinished: r1 of g.\n%genxai resume r1"
        )


def test_an_unfinished_run_of_an_older_kernel_is_offered_by_resume(run, shell):
    """Without an id `resume` names the unfinished runs of the store instead of taking one up by itself."""
    run("from genxai_nb import Graph\ndef one(state):\n    raise ValueError('no')")
    run("Graph('g').node('one', one).edge('START', 'one').run({})")
    reply = run("%genxai resume")

    assert reply.error == ("✕ Nothing has run in this notebook yet. Unfinished: r1 of g.\n%genxai resume r1")
    assert "Run r1 does not go on here; its status is failed." in run("%genxai wait r1").error


def test_a_finished_run_of_the_store_gives_its_result_again(run, shell):
    """`resume` of a run that is done runs nothing and binds its result."""
    run(
        "from genxai_nb import Graph\nruns = []\ndef one(state):\n    runs.append(1)\n    return {'one': len(runs)}"
    )
    run("g = Graph('g').node('one', one).edge('START', 'one')")
    run("g.run({})")
    reply = run("%genxai resume r1")

    assert reply.status == "ok", reply.error
    assert shell.user_ns["result"].state == {"one": 1}
    assert shell.user_ns["runs"] == [1]


def test_a_question_can_be_resumed(run, shell):
    """A question whose model failed goes on with the mended agent's own run, and gives its answer."""
    run("from genxai_nb.providers.scripted import Scripted\nanswers = [ValueError('down')]")
    run("model = Scripted(lambda request: answers[-1]).model")
    run("%%genxai agent clerk\nmodel: $model")
    failed = run("%genxai ask clerk Hello")
    run("answers.append('Good day.')")
    resumed = run("%genxai resume")

    run("from genxai_nb import Agent\nanswers.append(ValueError('down again'))")
    elsewhere = run("clerk.ask('Once more')")
    run("answers.append('As I said.')")
    run("%genxai resume r2 --as second")

    assert failed.status == elsewhere.status == "error"
    assert resumed.text == "Good day."
    assert shell.user_ns["second"].text == "As I said."
    assert shell.user_ns["result"].text == "Good day."
