"""A chat's desk: what is said becomes runs, what comes back is shown as it comes, what was pressed is done."""

from __future__ import annotations

import pytest
from chats import Halting, Talking

from genxai_nb import Agent, tool
from genxai_nb.errors import BadResponse
from genxai_nb.graph.run import Run
from genxai_nb.messages import ModelReply, ToolCall, Usage, assistant
from genxai_nb.notebook.chats.record import chat_record
from genxai_nb.providers.scripted import Scripted
from genxai_nb.secrets import learn_environment


@pytest.fixture
def talk():
    """Open chats that end with the test."""
    opened = []

    def open_one(agent, **options):
        opened.append(Talking(agent, **options))
        return opened[-1]

    yield open_one
    for one in opened:
        one.desk.close()


def texts(turn):
    """What the agent said in a turn."""
    return [part["text"] for part in turn["parts"] if part["kind"] == "text"]


def test_each_message_is_a_run_that_knows_what_was_said_before(talk):
    """Two messages are two runs; the model is given the first with its answer before the second; memory holds both."""
    model = Scripted(["Ada.", "You are Ada."])
    agent = Agent("clerk", model=model.model)
    chat = talk(agent)
    assert texts(chat.say("I am Ada.")) == ["Ada."]
    assert texts(chat.say("Who am I?")) == ["You are Ada."]

    said = [message.text for message in model.requests[1].messages if message.role != "system"]
    assert said == ["I am Ada.", "Ada.", "Who am I?"]
    assert [turn["run"] for turn in [*chat.shown["turns"], chat.shown["last"]]] == ["r1", "r2"]
    assert Run.load("r2").events()[0].input["@chat"] == ["r1"]
    assert len(agent.memory.table("short_term")) == 2
    assert chat.shown["run"]["sums"][0] == ["2", "turns"]


def test_an_answer_is_shown_as_it_comes_and_nothing_else_is_sent_meanwhile(talk):
    """The first half is there before the second; a message in between is refused in words to the view that sent it."""
    model = Halting("Half, ", "and half.")
    chat = talk(Agent("clerk", model=model.model))
    chat.press("say", text="Tell me.")
    chat.wait(lambda shown: texts(shown["last"] or {"parts": []}) == ["Half, "])
    assert chat.shown["run"]["words"] == "Answering"
    assert chat.shown["run"]["can"] == {"say": False, "stop": True}
    chat.press("say", text="And?")
    told = chat.wait(lambda shown: shown["told"])
    assert (told["view"], told["text"]) == ("v", "clerk has not answered yet.")
    model.go_on()

    assert texts(chat.end()) == ["Half, and half."]
    assert chat.shown["run"]["words"] == "Ready"
    assert len(chat.chat.turns) == 1


def test_stop_ends_an_answer_with_what_has_come_and_the_chat_goes_on(talk):
    """What was said before Stop stays, also for the agent; the next message is answered."""
    model = Halting("Half, ", "and half.")
    agent = Agent("clerk", model=model.model)
    chat = talk(agent)
    chat.press("say", text="Tell me.")
    chat.wait(lambda shown: texts(shown["last"] or {"parts": []}) == ["Half, "])
    chat.press("stop")
    stopped = chat.end()
    assert (texts(stopped), stopped["words"]) == (["Half, "], "Stopped")
    assert [message.text for message in agent.conversation] == ["Tell me.", "Half, "]
    model.go_on()

    assert texts(chat.say("Again.")) == ["Half, and half."]


def test_stop_before_anything_was_said_cancels_the_turn_and_says_how_to_go_on(talk):
    """The message stays in view, the agent does not know of it, and the words name the run."""
    model = Halting("", "never")
    agent = Agent("clerk", model=model.model)
    chat = talk(agent)
    chat.press("say", text="Tell me.")
    assert model.began.wait(10)
    chat.press("stop")
    stopped = chat.end()

    assert (stopped["prompt"], stopped["words"], texts(stopped)) == ("Tell me.", "Stopped", [])
    assert "%genxai resume r1" in stopped["hint"]
    assert agent.conversation == []
    assert "%genxai resume r1" in chat_record(chat.chat, "")["text/html"]


@tool(permissions=["send"])
def ring(bell: str) -> str:
    """Ring a bell."""
    return f"the {bell} rang"


def test_the_head_sums_up_what_the_chat_took(talk):
    """Tokens and cost of all turns stand in the head and in the record, those of a turn below it."""
    replies = [ModelReply(message=assistant("Hi."), usage=Usage(100, 20))] * 2
    chat = talk(Agent("clerk", model=Scripted(replies).model))
    turn = chat.say("Hello.")
    chat.say("And?")

    assert turn["sums"].startswith("120 tokens")
    assert chat.shown["run"]["sums"][:2] == [["2", "turns"], ["240", "tokens"]]
    assert "2 turns · 240 tokens" in chat_record(chat.chat, "")["text/html"]


def test_a_tool_asks_for_leave_and_is_shown_with_its_arguments_and_result(talk):
    """The question has the real arguments; once it is allowed the call is shown, and then the answer."""
    model = Scripted([ToolCall("c1", "ring", {"bell": "front\u202edoor"}), "It rang."])
    chat = talk(Agent("clerk", model=model.model, tools=[ring]))
    chat.press("say", text="Ring.")
    (asked,) = chat.wait(lambda shown: shown["questions"])
    assert "front\\u202edoor" in asked["prompt"]
    assert chat.shown["run"]["words"] == "Waits for you"
    chat.press("answer", slot=asked["slot"], value="perhaps")
    assert "perhaps" in chat.wait(lambda shown: shown["told"])["text"]
    chat.press("answer", slot=asked["slot"], value="allow")
    turn = chat.end()

    (call,) = [part for part in turn["parts"] if part["kind"] == "tool"]
    assert (call["name"], call["rows"], call["ended"]) == ("ring", [["bell", "front\\u202edoor"]], True)
    assert "rang" in call["reply"]
    assert texts(turn) == ["It rang."]
    assert chat.shown["questions"] == []


def test_stop_takes_a_question_back(talk):
    """While a tool waits for leave, Stop cancels the turn: nothing is asked any more, and the chat goes on."""
    model = Scripted([ToolCall("c1", "ring", {"bell": "door"}), "As you wish."])
    chat = talk(Agent("clerk", model=model.model, tools=[ring]))
    chat.press("say", text="Ring.")
    chat.wait(lambda shown: shown["questions"])
    chat.press("stop")
    stopped = chat.end()
    assert (stopped["words"], chat.shown["questions"]) == ("Stopped", [])

    assert texts(chat.say("Let it be.")) == ["As you wish."]


def test_a_failure_is_told_in_words_and_the_chat_goes_on(talk):
    """What went wrong and what to do stand at the turn; the next message is answered as if it had not been."""
    model = Scripted([BadResponse("The model spoke nonsense.", hint="Choose another."), "Fine."])
    agent = Agent("clerk", model=model.model)
    chat = talk(agent)
    failed = chat.say("Well?")
    assert failed["icon"] == "failed"
    assert "The model spoke nonsense." in failed["error"]
    assert f"{failed['error']} {failed['hint']}".count("Choose another.") == 1
    assert "%genxai resume r1 tries again." in failed["hint"]
    assert "✕ Failed" in chat_record(chat.chat, "")["text/plain"]

    assert texts(chat.say("And now?")) == ["Fine."]
    assert [message.text for message in agent.conversation] == ["And now?", "Fine."]


def test_a_known_secret_is_never_shown(talk, monkeypatch):
    """One that is written is refused by name; neither panel nor record holds what a model or a tool gives away."""
    secret = "sk-proj-0123456789abcdefghij"
    monkeypatch.setenv("SOME_API_KEY", secret)
    learn_environment()

    @tool
    def give_away() -> str:
        """Give the key away."""
        return f"It is {secret}"

    model = Scripted([ToolCall("c1", "give_away", {}), f"It is {secret}."])
    chat = talk(Agent("clerk", model=model.model, tools=[give_away]))
    chat.press("say", text=f"My key is {secret}.")
    assert "SOME_API_KEY" in chat.wait(lambda shown: shown["told"])["text"]
    chat.say("What is the key?")

    assert secret not in str(chat.shown)
    assert "SOME_API_KEY" in str(chat.shown["last"])
    assert secret not in str(chat_record(chat.chat, ""))

    halting = Halting(f"It is {secret}, ", "said I.")
    chat = talk(Agent("teller", model=halting.model))
    chat.press("say", text="What is the key?")
    chat.wait(lambda shown: texts(shown["last"] or {"parts": []}))
    assert secret not in str(chat.shown)
    halting.go_on()
    chat.end()


def test_an_agent_that_is_defined_anew_goes_on_with_the_conversation(talk):
    """Its cell was edited and run again: the next message goes to the new one, which knows what was said."""
    old, new = Scripted(["Hi."], name="old"), Scripted(["You said hello."], name="new")
    chat = talk(Agent("clerk", model=old.model))
    chat.say("Hello.")
    chat.agents.append(Agent("clerk", model=new.model))
    chat.say("What did I say?")

    assert [message.text for message in new.requests[0].messages][-3:] == ["Hello.", "Hi.", "What did I say?"]


def test_a_turn_that_is_resumed_elsewhere_is_shown(talk):
    """A failed turn is taken up again by another cell: its answer appears in the chat, and the agent knows it."""
    model = Scripted([BadResponse("Nonsense."), "Fine."])
    agent = Agent("clerk", model=model.model)
    chat = talk(agent)
    chat.say("Well?")
    chat.chat.last.started.run.resume()
    chat.wait(lambda shown: texts(shown["last"]) == ["Fine."])
    chat.wait(lambda _: agent.conversation)

    assert chat.shown["run"]["words"] == "Ready"


def test_an_answer_is_remembered_once_whoever_reads_it_first(talk):
    """A cell that waits for the turn and the panel both read its answer; the agent knows it once."""
    agent = Agent("clerk", model=Scripted(["Hi."]).model)
    chat = talk(agent)
    chat.say("Hello.")
    started = chat.chat.last.started
    started.read(started.run, started.run.result())

    assert [message.text for message in agent.conversation] == ["Hello.", "Hi."]
