"""Held calls and people by line verbs: look, edit, answer, skip, make fail; questions answered once."""

from __future__ import annotations

import pytest

from genxai_nb.errors import NodeFailed, RunError

CALLS = """
async def work(state, context):
    value = await context.tool("double", n=state["n"])
    reply = await context.model("Say hello to Ada", model=fake.model)
    return {"value": value, "said": reply.message.text}
def double(n: int) -> int:
    "Double a number."
    return n * 2
from genxai_nb.providers.scripted import Scripted
fake = Scripted(lambda request: "You said: " + request.messages[-1].text)
"""
ASKING = '%%genxai graph ask\nnode ok = human "Publish?": choices [yes, no]\nSTART -> ok -> END'


@pytest.fixture
def held(run, person):
    """A run that stands before a tool call of its node."""
    run(CALLS)
    run("%%genxai graph g\nSTART -> work")
    run("%%genxai debug g\nn: 4")
    run("%genxai step")
    return run


def test_step_stands_before_a_call_and_shows_it_in_words(held):
    """Held shows it whole; the next step stands before the model's call."""
    listed = held("%genxai held")
    model = held("%genxai step")

    assert listed.text == "1. tool double(n=4) of work, visit 1\n   n = 4"
    assert model.text.splitlines()[0] == "‖ g stands at a call of work, visit 1, after step 0"
    assert "  held     1. model " in model.text
    assert '"Say hello to Ada"' in model.text
    assert "   user: Say hello to Ada" in held("%genxai held").text


def test_edited_arguments_and_prompts_are_what_is_sent(held, shell):
    """A tool's as key=value or JSON, a model's as text to the end of the line."""
    shown = held("%genxai call --edit n=5")
    held('%genxai call 1 --edit {"n": 21}')
    held("%genxai step")
    held("%genxai call --edit Say: 'good day' to --all")
    held("%genxai continue")

    assert "tool double(n=5)" in shown.text
    assert shell.user_ns["result"].state["value"] == 42
    assert shell.user_ns["result"].state["said"] == "You said: Say: 'good day' to --all"


def test_calls_are_answered_by_hand_skipped_or_made_to_fail(held, shell):
    """What was answered by hand is what the body gets; what fails is what it sees."""
    moved = held("%genxai call --answer 7")
    held("%genxai call --answer Good day")
    held("%genxai continue")
    assert "held     1. model " in moved.text  # the body has gone on to its next call
    assert shell.user_ns["result"].state == {"n": 4, "value": 7, "said": "Good day"}

    held("%%genxai debug g\nn: 5")
    held("%genxai step")
    held("%genxai call --skip")
    held("%genxai call --raise The line is dead")
    failed = held("%genxai continue")
    assert type(failed.content["error"]) is NodeFailed
    assert "The line is dead" in failed.error


def test_a_call_that_is_not_held_and_a_missing_decision_are_refused(held):
    """With what there is to choose."""
    none = held("%genxai call 3 --skip")
    undecided = held("%genxai call 1")
    both = held("%genxai call --skip --answer 3")

    assert none.error.splitlines()[0] == "✕ No call 3 is held."
    assert "Held: 1 to 1." in none.error
    assert "Give one of --edit, --answer, --skip, --raise." in undecided.error
    assert "2 decisions are given" in both.error


def test_a_question_is_typed_below_its_prompt_while_the_cell_waits(run, person, shell):
    """An answer that is none of the choices is asked for again."""
    run(ASKING)
    person("maybe", "yes")
    reply = run("%%genxai run ask\n")

    assert reply.status == "ok"
    assert shell.user_ns["result"].state["ok"] == "yes"
    assert reply.streams.count("◇ ok: Publish? (yes, no)") == 2
    assert "Choices: yes, no." in reply.text


def test_a_question_of_a_detached_run_is_answered_once_by_a_line(run, person, shell):
    """Answer shows what is asked, takes one answer, and refuses another."""
    run(ASKING)
    run("%%genxai run ask --detach\n")
    run(
        "import time\nlatest = get_ipython()\nfrom genxai_nb.notebook.extension import session_of\n"
        "while not session_of().latest.run.questions:\n    time.sleep(0.01)"
    )
    asked = run("%genxai answer")
    wrong = run("%genxai answer perhaps")
    given = run("%genxai answer ok no")
    run("%genxai wait")
    again = run("%genxai answer ok yes")

    assert asked.text == "◇ ok: Publish? (yes, no)"
    assert "none of its choices" in wrong.error
    assert given.text.startswith("✓ Answered: no.")
    assert shell.user_ns["result"].state["ok"] == "no"
    assert type(again.content["error"]) is RunError


@pytest.fixture
def form(run):
    """A graph whose question is a form, because the state's schema has a model where its answer goes."""
    run("%%genxai schema Review\nscore: float\nnote: str = 'none'\nready: bool = False")
    run("%%genxai schema Draft\nreview: Review | None = None")
    run('%%genxai graph rate --state Draft\nnode ask = human "How good?": into review\nSTART -> ask')
    return run


def test_a_form_is_typed_field_by_field(form, person, shell):
    """Each field is asked for; one left empty has its default, and what does not fit is asked for again."""
    person("much", "", "", "0.5", "", "yes")
    reply = form("%%genxai run rate\n")

    assert reply.status == "ok"
    assert "◇ ask: How good?" in reply.text
    assert reply.streams.count("score number:") == 2
    assert "score: Input should be a valid number" in reply.text
    assert shell.user_ns["result"].state.review.model_dump() == {"score": 0.5, "note": "none", "ready": True}


@pytest.mark.parametrize("value", ['score=0.25 note="so so"', '{"score": 0.25, "note": "so so"}'])
@pytest.mark.parametrize("held", [True, False])
def test_a_form_is_answered_in_one_line(form, person, shell, value, held):
    """Its values are key=value or JSON, also while its call is held; wrong ones say what it takes."""
    form("%%genxai debug rate\n")
    if held:
        form("%genxai step")
    assert held == ("score number, note text or nothing" in form("%genxai answer").text)
    wrong = form("%genxai continue --answer score=much")
    form(f"%genxai continue --answer {value}")

    assert "score" in wrong.error
    assert shell.user_ns["result"].state.review.model_dump() == {
        "score": 0.25,
        "note": "so so",
        "ready": False,
    }


def test_without_a_person_a_form_takes_its_values_from_the_answers(form, shell):
    """They stand below the node's name in the body; ones that do not fit fail the run and name the field."""
    form("%%genxai run rate\nanswers:\n  ask: {score: 1}")
    given = shell.user_ns["result"].state.review
    wrong = form("%%genxai run rate\nanswers:\n  ask: {note: x}")

    assert (given.score, given.note) == (1.0, "none")
    assert "score: Field required" in wrong.error


def test_continue_answers_what_the_run_stands_before(run, person, shell):
    """Whether the question is held at its call, or has not been asked yet."""
    run(ASKING)
    run("%%genxai debug ask\n")
    wrong = run("%genxai continue --answer maybe")
    run("%genxai continue --answer yes")
    assert wrong.status == "error"
    assert shell.user_ns["result"].state["ok"] == "yes"

    run("%%genxai debug ask\n\n")
    stands = run("%genxai step")
    run("%genxai continue --answer no --node ok")
    assert "held     1. ◇ ok: Publish? (yes, no)" in stands.text
    assert shell.user_ns["result"].state["ok"] == "no"
    assert "Nobody is asked anything" in run("%genxai continue --answer yes").error


def test_without_a_person_a_human_node_needs_its_answer(run, monkeypatch, tmp_path):
    """It fails at once and names the node; GENXAI_ANSWERS gives the answer."""
    run(ASKING)
    failed = run("%%genxai run ask\n")
    early = run("%genxai answer no")
    later = run("%genxai continue --answer no")
    (tmp_path / "answers.yaml").write_text("ok: 'no'\n")
    monkeypatch.setenv("GENXAI_ANSWERS", str(tmp_path / "answers.yaml"))
    given = run("%%genxai run ask\n")

    assert "Node 'ok' asks 'Publish?', and nobody is there to answer." in failed.error
    assert "Answer it: %genxai continue --answer VALUE" in failed.shown[0]["text/plain"]
    assert early.error == "✕ No questions are open.\n%genxai continue --answer VALUE"
    assert later.status == "ok"
    assert given.status == "ok"


def test_without_a_person_debug_runs_through_and_lists_its_breakpoints(run, shell):
    """Breakpoints are off in a run cell, unless --breaks; debug tells which it passed."""
    run("def up(state):\n    return {'n': state['n'] + 1}")
    run("%%genxai graph loop\nSTART -> up\nup -> up if n < 3 max 9\nup -> END else")
    run("%genxai break up --when n == 2")
    through = run("%%genxai debug loop\nn: 0")
    ran = run("%%genxai run loop\nn: 0")
    stopped = run("%%genxai run loop --breaks\nn: 0")
    debugged = run("%%genxai debug loop --breaks\nn: 0")
    stands = run("%%genxai debug loop --interactive\nn: 0")

    assert through.shown[0]["text/plain"].startswith("loop: ✓ Done · 3 steps")
    assert "Nobody is there to step; passed" in through.text
    assert "step 2: breakpoint 1 before up, visit 3" in through.text
    assert ran.status == "ok"
    assert "breakpoint 1" in stopped.error
    assert "breakpoint 1" in debugged.error
    assert stands.text.startswith("‖ loop stands before up, visit 1, after step 0")
