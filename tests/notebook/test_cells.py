"""Cells that define and run, in a shell of this process: what they bind, say and refuse."""

from __future__ import annotations

import pytest

from genxai_nb.errors import DefinitionError, LineInvalid, NodeFailed, UnknownName

WRITER = """%%genxai agent writer
model: offline
role: Technical writer: of papers
task: Cats eat fish. Dogs bark. What do {{topic}} eat?
writes: draft
"""
SCHEMA = """%%genxai schema Draft
topic: str
draft: str = ""
score: float = 0  # quality from 0 to 1
notes: list[str] = [] | append
"""
ECHO = """
from genxai_nb.providers.scripted import Scripted
echo = Scripted(lambda request: "You said: " + request.messages[-1].text).model
"""
CLERK = "%%genxai agent clerk\nmodel: $echo"
GRADE = "def grade(state):\n    return {'score': state.score + 0.5}"
GRAPH = """%%genxai graph review --state Draft
START -> writer -> grade
grade -> writer if score < 0.8 max 3
grade -> END else
"""


@pytest.fixture
def review(run):
    """The schema, the agent, a function and the graph, defined by cells."""
    for code in (SCHEMA, WRITER, GRADE, GRAPH):
        reply = run(code)
        assert reply.status == "ok", reply.text
    return run


def test_definitions_answer_with_one_line_and_bind_their_names(run, shell):
    """Each definition says in a line what it is and is bound to its name."""
    said = [run(code).shown[0]["text/plain"] for code in (SCHEMA, WRITER)]
    run(GRADE)
    graph = run(GRAPH)

    assert said == ["schema Draft: topic, draft, score, notes", "agent writer: offline · writes draft"]
    assert graph.shown[0]["text/plain"] == "graph review: 2 nodes, 4 edges, state Draft"
    assert "<img" in graph.shown[1]["text/html"]
    assert shell.user_ns["writer"].role == "Technical writer: of papers"
    assert shell.user_ns["review"].run({"topic": "cats"}).state.score == 1.0


def test_a_run_cell_shows_its_record_and_binds_its_result(review, shell):
    """A run shows its record with a display id and binds result, or the name after --as."""
    reply = review("%%genxai run review\ntopic: cats")
    other = review("%%genxai run review --as second\ntopic: dogs")

    record = reply.shown[0]
    assert record["text/plain"].startswith("review: ✓ Done · 4 steps")
    assert "<img" in record["text/html"]
    assert shell.user_ns["result"].state.topic == "cats"
    assert shell.user_ns["second"].state.topic == "dogs"
    assert other.content["result"] is None


def test_running_again_gives_the_same_text(review):
    """The text of a record has no run id and no time, so that a re-run is no difference in the file."""
    first, second = (review("%%genxai run review\ntopic: cats").shown[0]["text/plain"] for _ in range(2))

    assert first == second


def test_the_value_of_a_run_can_be_taken(review, shell):
    """`x = %genxai run` takes the result; the input comes from --input."""
    review("taken = %genxai run review --input topic='small cats'")

    assert shell.user_ns["taken"].state.topic == "small cats"


def test_an_agent_is_asked_in_a_cell_and_in_a_line(run, shell):
    """`ask` shows the answer's text and binds the answer; a question mark at the end belongs to it."""
    run(ECHO)
    run(CLERK)
    cell = run("%%genxai ask clerk\nWhat do cats eat?\nAnd dogs?")
    first = shell.user_ns["result"]
    run("%genxai ask clerk --as again it's 5 o'clock, why?")

    assert first.text == cell.shown[0]["text/plain"] == "You said: What do cats eat?\nAnd dogs?"
    assert shell.user_ns["again"].text == "You said: it's 5 o'clock, why?"


def test_what_a_model_says_is_shown_escaped(run):
    """Markup and terminal codes in an answer reach the page as text."""
    run(
        "from genxai_nb.providers.scripted import Scripted\nmodel = Scripted(['<b onclick=x>hi</b>\\x1b[31m']).model"
    )
    run("%%genxai agent clerk\nmodel: $model")
    shown = run("%genxai ask clerk Hello").shown[0]

    assert "&lt;b onclick=x&gt;hi&lt;/b&gt;" in shown["text/html"]
    assert "<b" not in shown["text/html"]
    assert shown["text/plain"] == "<b onclick=x>hi</b>"


def test_objects_of_the_notebook_are_inserted(review, shell):
    """`$name` and `$name.attribute` insert objects in agent, run and ask bodies; other text stays as it is."""
    review(ECHO)
    review(CLERK)
    review("class Box: topic = {'deep': 'cats'}\nquestion = 'What is {1 + 1}?'")
    review("%%genxai run review --as ran\ntopic: $Box.topic.deep")
    review("%%genxai run review --as text\ntopic: costs $5, {box.topic}")
    review("%%genxai ask clerk --as asked\n$question")
    unknown = review("%%genxai run review\ntopic: $Bix.topic")

    assert shell.user_ns["ran"].state.topic == "cats"
    assert shell.user_ns["text"].state.topic == "costs $5, {box.topic}"
    assert shell.user_ns["asked"].text == "You said: What is {1 + 1}?"
    assert unknown.error == (
        "✕ Unknown variable 'Bix'.\n  cell line 2: topic: $Bix.topic\n"
        "                      ^\nDid you mean 'Box'?"
    )


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (
            "%%genxai agnt x\nrole: y",
            LineInvalid,
            "✕ Unknown cell kind 'agnt'.\n  cell line 1: %%genxai agnt x\n"
            "                        ^\nDid you mean 'agent'?",
        ),
        (
            "%genxai stat",
            UnknownName,
            "✕ Unknown verb 'stat'.\n  cell line 1: %genxai stat\n                       ^\nDid you mean 'state'?",
        ),
        (
            "x = 1\n\n%genxai state --rum r1",
            UnknownName,
            "✕ Unknown option '--rum'.\n  cell line 3: %genxai state --rum r1\n"
            "                             ^\nDid you mean '--run'?",
        ),
        (
            "\n%%genxai agent x\nrole: y\ngaol: z",
            LineInvalid,
            "✕ Unknown field 'gaol'.\n  cell line 4: gaol: z\n               ^\nDid you mean 'goal'?",
        ),
        (
            "%%genxai agent x\nrole: y\ntools: calculater",
            UnknownName,
            "✕ Unknown tool 'calculater'.\n  cell line 3: tools: calculater\n"
            "                      ^\nDid you mean 'calculator'?",
        ),
        (
            "%%genxai graph g\nSTART -> writr -> END",
            UnknownName,
            "✕ Unknown agent, tool or function 'writr'.\n  cell line 2: START -> writr -> END\n"
            "                        ^\nDid you mean 'writer'?",
        ),
        (
            "%%genxai graph g\n# a comment\nSTART => writer",
            LineInvalid,
            "✕ '=>' does not belong here.\n  cell line 3: START => writer\n"
            "                     ^\nWrite -> for an arrow.",
        ),
        (
            "%%genxai run reviw\ntopic: x",
            UnknownName,
            "✕ Unknown graph 'reviw'.\n  cell line 1: %%genxai run reviw\n"
            "                            ^\nDid you mean 'review'?",
        ),
        (
            "%%genxai run review\ntopc: x",
            LineInvalid,
            "✕ Unknown field 'topc'.\n  cell line 2: topc: x\n               ^\nDid you mean 'topic'?",
        ),
        (
            "%%genxai graph g --state Draught\nSTART -> writer",
            UnknownName,
            "✕ Unknown schema 'Draught'.\n  cell line 1: %%genxai graph g --state Draught\n"
            "                                        ^\nDid you mean 'Draft'?",
        ),
        (
            "%%genxai runs\nx",
            DefinitionError,
            "✕ runs has no body.\n  cell line 1: %%genxai runs\n                        ^\nWrite: %genxai runs",
        ),
        (
            "%genxai agent x",
            DefinitionError,
            "✕ agent needs a body.\n  cell line 1: %genxai agent x\n"
            "                       ^\nWrite a cell: %%genxai agent NAME",
        ),
        (
            "%genxai ask",
            DefinitionError,
            "✕ The AGENT is missing.\n  cell line 1: %genxai ask\n"
            "                          ^\nWrite: %%genxai ask AGENT [--as NAME] [--model MODEL] TEXT",
        ),
        (
            "%genxai show nothing",
            UnknownName,
            "✕ Unknown definition or run 'nothing'.\n  cell line 1: %genxai show nothing\n"
            "                            ^\nKnown: Draft, grade, review, writer.",
        ),
    ],
)
def test_mistakes_are_shown_with_caret_and_hint(review, code, kind, text):
    """A mistake is what happened, the line with a caret, and one hint; no traceback."""
    reply = review(code)

    assert type(reply.content["error"]) is kind
    assert reply.error == text


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("%%genxai agent grade\nrole: x", "The notebook has a 'grade' of its own already, of type function."),
        ("%%genxai agent print\nrole: x", "'print' would hide Python's own 'print'."),
        (
            "mine = 1\n%genxai run review --as mine --input topic=x",
            "The notebook has a 'mine' of its own already, of type int.",
        ),
    ],
)
def test_nothing_foreign_is_bound_over(review, shell, code, what):
    """A name that holds something of the person's own is refused before anything runs."""
    reply = review(code)

    assert what in reply.error
    assert "result" not in shell.user_ns


def test_a_result_of_the_persons_own_is_not_overwritten(review, shell):
    """A variable called result is kept, and the error names --as by its hint to choose another name."""
    reply = review("result = [1]\n%genxai run review --input topic=x")

    assert shell.user_ns["result"] == [1]
    assert "of type list" in reply.error


def test_a_definition_may_be_run_again_and_says_what_follows(review):
    """Running a definition again replaces it; what changed and which result is stale is said in a line."""
    review("%%genxai run review\ntopic: cats")
    same = review(WRITER)
    changed = review(WRITER.replace("Dogs bark", "Dogs howl").replace("papers", "books"))
    around = review("%genxai")

    assert same.text == "agent writer: offline · writes draft"
    assert changed.text == "writer: 2 lines changed, the result of r1 is stale"
    assert "stale      writer in review" in around.text


def test_a_changed_definition_is_used_by_the_run_that_is_resumed(review, shell):
    """A failed run goes on with the mended definition, from the step it had reached."""
    review("def grade(state):\n    raise ValueError('no grade')")
    failed = review("%%genxai run review\ntopic: cats")
    mended = review(WRITER.replace("Dogs bark", "Dogs howl"))
    review(GRADE)
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

    assert reply.error == "✕ Run r2 of review has no result: it is failed.\n%genxai resume r2 goes on."
    assert repr(shell.user_ns["result"]) == "Run r2 of review has no result: it is failed."


def test_tools_of_the_notebook_are_used_by_agents(run, shell):
    """An agent's tool may be a function of the notebook, and a later definition of it counts."""
    run("def shout(text: str) -> str:\n    'Shout a text.'\n    return text.upper()")
    run(
        "from genxai_nb.providers.scripted import Scripted\nfrom genxai_nb.messages import ToolCall\n"
        "def reply(request):\n    part = request.messages[-1].parts[0]\n"
        "    return part.text if request.messages[-1].role == 'tool' else ToolCall('1', 'shout', {'text': 'a'})\n"
        "model = Scripted(reply).model"
    )
    run("%%genxai agent clerk\nmodel: $model\ntools: shout")
    run("def shout(text: str) -> str:\n    'Shout a text.'\n    return text.upper() + '!'")
    run("%genxai ask clerk Hello")

    assert shell.user_ns["result"].text == "A!"


def test_answers_of_people_come_from_the_body_or_a_file(run, shell, tmp_path):
    """A human node takes its answer from `answers:` or --answers; without one it fails and names both."""
    run(
        '%%genxai graph publish\nnode ok = human "Publish?": choices [yes, no], into verdict\nSTART -> ok -> END'
    )
    (tmp_path / "answers.yaml").write_text("ok: no\n")
    run("%%genxai run publish\nanswers:\n  ok: yes")
    body = shell.user_ns["result"].state
    run("%%genxai run publish --answers answers.yaml\n")
    file = shell.user_ns["result"].state
    missing = run("%%genxai run publish\n")

    assert (body["verdict"], file["verdict"]) == ("yes", "no")
    assert "'ok'" in missing.error
    assert "answers" in missing.error


def test_a_graph_shows_itself(review):
    """A graph as the value of a cell shows its picture, and its lines as text."""
    review("from IPython.display import display")
    shown = review("display(review)").shown[0]

    assert "<img" in shown["text/html"]
    assert "START -> writer -> grade" in shown["text/plain"]


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

    assert paused.error == "‖ Run r1 is paused after step 1.\n%genxai resume r1 goes on from there."
    assert paused.shown[0]["text/plain"].startswith("g: ‖ Paused")
    assert resumed.status == "ok"
    assert shell.user_ns["result"].state == {"one": 1, "two": 2}


def test_a_graph_with_other_edges_cannot_go_on_with_an_old_run(run):
    """Redefining a graph says that its stopped run cannot go on, and resume refuses it with the reason."""
    run("def one(state):\n    raise ValueError('no')\ndef two(state):\n    return {}")
    run("%%genxai graph g\nSTART -> one -> END")
    run("%%genxai run g\n")
    changed = run("%%genxai graph g\nSTART -> one -> two -> END")
    reply = run("%genxai resume")

    assert (
        changed.shown[0]["text/plain"]
        == "g: 1 line changed, run r1 began with other nodes or edges and cannot go on"
    )
    assert reply.error.startswith("✕ Graph 'g' has changed its nodes or edges since run 'r1' began.")


def test_a_name_of_another_kind_says_which_verb_takes_it(review):
    """Running an agent or asking a graph names the verb that does it."""
    assert "'writer' is of kind agent: %genxai ask writer" in review("%genxai run writer").error
    assert "'review' is of kind graph: %genxai run review" in review("%genxai ask review Hello").error
    assert "'grade'" in review("%genxai run grade").error


def test_the_first_of_a_kind_is_asked_for(run):
    """With no graph, agent or schema at all, the hint is the cell that defines one."""
    assert "This notebook defines no graph yet: %%genxai graph NAME" in run("%genxai run g").error
    assert "This notebook defines no agent yet: %%genxai agent NAME" in run("%genxai ask a Hello").error


def test_an_input_that_does_not_fit_is_pointed_at(review):
    """A value that the schema refuses has the caret under its key in the body; nothing runs."""
    reply = review("%%genxai run review\ntopic: x\nscore: high")

    assert reply.error.splitlines()[1:3] == ["  cell line 3: score: high", "               ^"]
    assert reply.shown == []


def test_a_reducer_that_is_not_known_is_pointed_at_in_the_head(run):
    """An unknown word in an option of the head has its caret there."""
    run("async def one(state):\n    return {}")
    reply = run("%%genxai graph g --reduce notes=apend\nSTART -> one")

    assert reply.error.splitlines()[1:] == [
        "  cell line 1: %%genxai graph g --reduce notes=apend",
        "                                               ^",
        "Did you mean 'append'?",
    ]


def test_an_unfinished_run_of_an_older_kernel_is_offered_by_resume(run, shell):
    """Without an id `resume` names the unfinished runs of the store instead of taking one up by itself."""
    run("from genxai_nb import Graph\ndef one(state):\n    raise ValueError('no')")
    run("Graph('g').node('one', one).edge('START', 'one').run({})")
    reply = run("%genxai resume")

    assert reply.error == ("✕ Nothing has run in this notebook yet. Unfinished: r1 of g.\n%genxai resume r1")
    assert "Run r1 does not go on here; it is failed." in run("%genxai wait r1").error


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

    assert failed.status == "error"
    assert resumed.text == "Good day."
    assert shell.user_ns["result"].text == "Good day."
