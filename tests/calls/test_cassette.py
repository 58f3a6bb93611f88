"""Cassettes: what models answered is recorded in a file, and later runs are answered from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chat_chunks import DONE, call_chunk, chunk, usage_chunk
from model_server import ModelServer, Refusal, serving

from genxai_nb import Agent, Graph, Run
from genxai_nb.calls.cassette import Cassette
from genxai_nb.errors import GenXAIError, InputError, NodeFailed, OverBudget, RunError
from genxai_nb.journal.events import CallFinished, Streamed
from genxai_nb.journal.events import NodeFailed as Failed
from genxai_nb.messages import TextDelta, ToolCall
from genxai_nb.providers.scripted import Scripted

KEY = "sk-canary-0123456789abcdef0123456789"
MODEL = "openai:gpt-4o-mini"
FILE = "tape.jsonl"


@pytest.fixture
def server(monkeypatch):
    """A server in OpenAI's place."""
    with serving() as made:
        monkeypatch.setenv("OPENAI_BASE_URL", made.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield made


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def summing(role: str = "Clerk", **more) -> Graph:
    """A graph of an agent with a tool."""
    graph = Graph("sum")
    clerk = Agent("clerk", model=MODEL, role=role, tools=[add], task="Add {{a}} and {{b}}.", **more)
    return graph.node("clerk", clerk).parse("START -> clerk -> END")


def recorded(server: ModelServer, **options) -> Graph:
    """A graph whose two calls are on the cassette."""
    server.answers = [
        [call_chunk(0, "add", '{"a": 2, "b": 3}', "c1"), chunk("tool_calls"), usage_chunk(50, 10), DONE],
        [chunk(content="It "), chunk(content="is 5."), chunk("stop"), usage_chunk(70, 5), DONE],
    ]
    graph = summing()
    assert (
        graph.run({"a": 2, "b": 3}, store=":memory:", cassette=FILE, **options).state["clerk"] == "It is 5."
    )
    return graph


def test_second_run_is_answered_without_a_key_and_without_a_server(server: ModelServer, monkeypatch):
    """State, usage and pieces of the stream are there, nothing is sent, and it costs nothing."""
    graph = recorded(server)
    sent = len(server.requests)
    monkeypatch.delenv("OPENAI_API_KEY")
    run = graph.start({"a": 2, "b": 3}, store="runs.db", cassette=FILE, budget=0.0000001)
    said: list[str] = []
    run.subscribe(
        lambda e: (
            said.append(e.delta.text) if isinstance(e, Streamed) and isinstance(e.delta, TextDelta) else None
        )
    )
    result = run.resume()
    assert (result.state["clerk"], said) == ("It is 5.", ["It is 5."])
    assert (result.usage.input, result.usage.output, result.cost) == (120, 15, 0.0)
    assert len(server.requests) == sent == 2


@pytest.mark.parametrize(
    ("graph", "given", "changed"),
    [
        (summing("Accountant"), {"a": 2, "b": 3}, ["- system: Role: Clerk", "+ system: Role: Accountant"]),
        (summing(), {"a": 2, "b": 4}, ["- user: Add 2 and 3.", "+ user: Add 2 and 4."]),
        (summing(temperature=0.3), {"a": 2, "b": 3}, ["+ temperature: 0.3"]),
        (summing(max_tokens=7), {"a": 2, "b": 3}, ["+ max_tokens: 7"]),
    ],
)
def test_miss_shows_the_lines_that_changed(server: ModelServer, graph, given, changed):
    """Another prompt, input or setting ends the run with what differs, and asks no model."""
    recorded(server)
    run = graph.start(given, store=":memory:", cassette=FILE)
    with pytest.raises(RunError) as caught:
        run.resume()
    said = str(caught.value)
    assert f"Cassette '{FILE}' does not hold what node 'clerk' asks model '{MODEL}'." in said
    lines = [line.strip() for line in said.splitlines()]
    assert [line for line in lines if line[:1] in "-+"] == changed
    assert f"delete '{Path(FILE).absolute()}' to record it anew" in said
    assert len(server.requests) == 2
    assert not any(isinstance(event, Failed) for event in run.events())


def test_other_model_and_other_tools_are_other_calls(server: ModelServer):
    """The key covers them."""
    recorded(server)
    with pytest.raises(RunError, match=r"\+ model: openai:gpt-5"):
        summing().run({"a": 2, "b": 3}, model="openai:gpt-5", store=":memory:", cassette=FILE)

    def add(a: int, b: int, c: int = 0) -> int:
        """Add numbers."""
        return a + b + c

    graph = summing()
    graph.bind("clerk", Agent("clerk", model=MODEL, role="Clerk", tools=[add], task="Add {{a}} and {{b}}."))
    with pytest.raises(RunError, match=r"\+ tool add: "):
        graph.run({"a": 2, "b": 3}, store=":memory:", cassette=FILE)


def test_equal_requests_get_their_answers_in_order_and_no_more():
    """The nth time that a run asks the same, it gets the nth answer; one more is a miss."""
    script = Scripted(["one", "two", "three"])

    async def ask(state, context):
        return {
            "said": [
                (await context.model("?", model=script.model)).message.text for _ in range(state["times"])
            ]
        }

    graph = Graph("asking").node("ask", ask).edge("START", "ask")
    graph.run({"times": 2}, store=":memory:", cassette=FILE)
    for _ in range(2):
        assert graph.run({"times": 2}, store=":memory:", cassette=FILE).state["said"] == ["one", "two"]
    with pytest.raises(RunError, match="was recorded 2 times, and all are played"):
        graph.run({"times": 3}, store=":memory:", cassette=FILE)
    assert len(script.requests) == 2


def test_run_that_is_resumed_goes_on_with_its_cassette():
    """Also in another process it records on, or takes the next answer; what its journal holds is not taken again."""
    failing = [True]
    script = Scripted(["one", "two"])

    async def ask(_state, context):
        first = await context.model("?", model=script.model)
        if failing:
            raise SystemExit("now")
        second = await context.model("?", model=script.model)
        return {"said": [first.message.text, second.message.text]}

    graph = Graph("asking").node("ask", ask, retry=0).edge("START", "ask")

    def interrupted() -> Run:
        failing.append(True)
        run = graph.start({}, store="runs.db", cassette=FILE, budget="calls=1")
        failing.clear()
        try:
            run.resume()
        except RunError:
            return Run.load(run.run_id, graph, "runs.db")
        return run

    run = interrupted()
    assert run.options.cassette.recording
    run.set_budget("calls=2")
    assert run.resume().state["said"] == ["one", "two"]
    assert interrupted().result().state["said"] == ["one", "two"]
    assert len(script.requests) == 2


def test_played_run_that_is_resumed_takes_the_next_answer():
    """What its journal holds of equal requests counts as played."""
    script = Scripted(["one", "two"])

    async def ask(_state, context):
        return {"said": [(await context.model("?", model=script.model)).message.text for _ in range(2)]}

    graph = Graph("asking").node("ask", ask).edge("START", "ask")
    graph.run({}, store="runs.db", cassette=FILE)
    run = graph.start({}, store="runs.db", cassette=FILE)
    while not any(isinstance(event, CallFinished) for event in run.events()):
        run.step()
    run.cancel()
    assert Run.load(run.run_id, graph, "runs.db").resume().state["said"] == ["one", "two"]


def test_failure_is_not_recorded(server: ModelServer):
    """A wrong key is mended and the run recorded; the cassette does not exist before something was answered."""
    server.answers = [Refusal(401, {"error": {"message": "No."}})]
    with pytest.raises(NodeFailed):
        summing().run({"a": 2, "b": 3}, store=":memory:", cassette=FILE)
    assert not Path(FILE).exists()
    recorded(server)
    assert len(Path(FILE).read_text("utf-8").splitlines()) == 3


def test_cassette_is_readable_and_holds_no_secret(server: ModelServer):
    """One line of JSON a call; keys in prompts, arguments and answers are masked, and are still found again."""
    other = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
    script = Scripted(
        [
            ToolCall("c1", "echo", {"api_key": "abcdefgh12345678", "text": KEY}),
            f"Do not tell {KEY}, ä or {other}.",
        ]
    )

    def echo(text: str, api_key: str) -> str:
        """Echo."""
        return text

    graph = Graph("telling").node(
        "teller", Agent("teller", model=script.model, tools=[echo], task=f"Keep {KEY}.", memory="none")
    )
    graph.parse("START -> teller -> END")
    graph.run({}, store=":memory:", cassette=FILE)
    text = Path(FILE).read_text("utf-8")
    assert KEY not in text
    assert other not in text
    assert "abcdefgh12345678" not in text
    assert "Keep [an OpenAI key]." in text
    assert "ä or [a GitHub token]" in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[0] == {"cassette": 1}
    assert list(lines[1]) == ["key", "kind", "name", "request", "reply"]
    assert (
        graph.run({}, store=":memory:", cassette=FILE)
        .state["teller"]
        .startswith("Do not tell [an OpenAI key], ä")
    )
    assert len(script.requests) == 2


def test_agent_that_is_asked_by_itself_is_recorded_played_and_held_to_a_budget():
    """`ask` and `stream` take a cassette and a budget as a run does."""
    script = Scripted(["Moss grows.", "never"])
    clerk = Agent("clerk", model=script.model, memory="none")
    first = clerk.ask("What grows?", store=":memory:", cassette=FILE, budget="calls=1")
    stream = clerk.stream("What grows?", store=":memory:", cassette=FILE)
    assert list(stream) == [first.text] == ["Moss grows."]
    assert (stream.answer.cost, len(script.requests)) == (0.0, 1)
    with pytest.raises(OverBudget, match="needs about .* tokens, and 1 of 1 are left"):
        clerk.ask("What else?", store=":memory:", budget="tokens=1")


def test_rows_of_a_frame_share_a_cassette():
    """All rows record on one file, and all are answered from it."""
    import pandas as pd

    script = Scripted(lambda request: f"About {request.messages[-1].text}")
    graph = Graph("rows").node("one", Agent("one", model=script.model, task="{{topic}}", writes="said"))
    graph.parse("START -> one -> END")
    frame = pd.DataFrame({"topic": ["a", "b", "c", "d"]})
    first = graph.map(frame, "topic", take="said", store="one.db", cassette=FILE)
    again = graph.map(frame, "topic", take="said", store="two.db", cassette=FILE)
    assert list(first["result"]) == list(again["result"]) == ["About a", "About b", "About c", "About d"]
    assert len(script.requests) == 4


def test_table_has_a_row_for_each_call(server: ModelServer):
    """What was asked last, what came back and its tokens, in the order of the file."""
    recorded(server)
    table = Cassette(FILE).table()
    assert list(table["name"]) == [MODEL, MODEL]
    assert list(table["answer"]) == ["add(a=2, b=3)", "It is 5."]
    assert table["asked"][0] == "user: Add 2 and 3."
    assert list(table["input"]) == [50, 70]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no cassette"),
        ("hello", "Line 1 of cassette .* cannot be read"),
        ('{"cassette": 2}', "is no cassette of this version"),
        ('{"cassette": 1}\n{"key": "x"}', "Line 2 of cassette .* cannot be read"),
        ('{"cassette": 1}\n[1', "Line 2 of cassette .* Delete it to record it anew"),
    ],
)
def test_file_that_is_no_cassette_is_told_before_the_run(text, said):
    """The line is named and no run begins."""
    Path(FILE).write_text(text, "utf-8")
    with pytest.raises(InputError, match=said):
        summing().start({"a": 2, "b": 3}, store=":memory:", cassette=FILE)
    with pytest.raises(GenXAIError, match="cassette is 3, which is no file"):
        summing().start({"a": 2, "b": 3}, store=":memory:", cassette=3)


def test_journal_tells_that_answers_came_from_a_cassette(server: ModelServer):
    """The file is in the run's first fact, and the calls in it are free."""
    graph = recorded(server)
    run = graph.start({"a": 2, "b": 3}, store=":memory:", cassette=FILE)
    run.resume()
    started = run.events()[0]
    assert (started.cassette, started.recording) == (str(Path(FILE).absolute()), False)
    assert [event.cost for event in run.events() if isinstance(event, CallFinished)].count(0.0) == 2


def test_every_text_is_played_as_it_was_recorded():
    """Also one with ends of lines that are none in JSON."""
    text = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\r\nh"
    script = Scripted([text], name="odd lines")

    async def ask(state, context):
        return {"said": (await context.model("Say it.", model=script.model)).message.text}

    graph = Graph("odd").node("ask", ask).parse("START -> ask")
    for _ in range(2):
        assert graph.run({}, store=":memory:", cassette=FILE).state["said"] == text


def test_cassette_that_cannot_be_written_is_told_before_a_model_is_asked():
    """What a model answered would be paid for and lost."""
    Path("taken").write_text("", "utf-8")
    script = Scripted(["Hello."], name="unheard")

    async def ask(state, context):
        return {"said": (await context.model("Say it.", model=script.model)).message.text}

    graph = Graph("g").node("ask", ask).parse("START -> ask")
    with pytest.raises(InputError, match=r"Cassette '.*/taken/tape.jsonl' cannot be written"):
        graph.run({}, store=":memory:", cassette=f"taken/{FILE}")
    assert script.left == 1
