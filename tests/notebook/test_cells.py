"""Cells that define and run, in a shell of this process: what they bind and show."""

from __future__ import annotations


def test_definitions_answer_with_one_line_and_bind_their_names(run, shell, cells):
    """Each definition says in a line what it is and is bound to its name."""
    said = [run(code).shown[0]["text/plain"] for code in (cells.schema, cells.writer)]
    run(cells.grade)
    graph = run(cells.graph)

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


def test_an_agent_is_asked_in_a_cell_and_in_a_line(run, shell, cells):
    """`ask` shows the answer's text and binds the answer; a question mark at the end belongs to it."""
    run(cells.echo)
    run(cells.clerk)
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


def test_objects_of_the_notebook_are_inserted(review, shell, cells):
    """`$name` and `$name.attribute` insert objects in agent, run and ask bodies; other text stays as it is."""
    review(cells.echo)
    review(cells.clerk)
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
