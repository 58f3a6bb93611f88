"""How much a model is to think: what each vendor is told of it, and what follows where it takes none."""

from __future__ import annotations

import pytest
from chat_chunks import DONE, chunk
from claude_events import claude_events
from claude_events import text as claude_text
from cohere.types import Thinking
from cohere_events import cohere_events
from cohere_events import text as cohere_text
from gemini_events import gemini_events
from gemini_events import refusal as gemini_refusal
from gemini_events import text as gemini_text
from google.genai.types import ThinkingConfig
from model_server import Refusal
from openai.types.shared import ReasoningEffort
from pydantic import BaseModel, TypeAdapter
from response_events import message, response_events

from genxai_nb import Agent, Graph
from genxai_nb.errors import BadResponse, DefinitionError, ProviderError
from genxai_nb.providers.anthropic import Anthropic
from genxai_nb.providers.cohere import Cohere
from genxai_nb.providers.google import Google
from genxai_nb.providers.local import Local
from genxai_nb.providers.openai import OpenAI

CHAT = [chunk(role="assistant", content="Hi."), chunk("stop"), DONE]
CLAUDE = claude_events(claude_text("Hi."))
GEMINI = gemini_events(gemini_text("Hi."))
COMMAND = cohere_events(cohere_text("Hi."))
GPT = response_events(message("Hi."))


class Verdict(BaseModel):
    """A verdict."""

    score: int


@pytest.mark.parametrize("effort", ["none", "minimal", "low", "medium", "high", "xhigh", "max"])
async def test_openai_is_told_an_effort(server, ask, monkeypatch, effort):
    """By both APIs, in words that the SDK knows; without the setting nothing is said."""
    TypeAdapter(ReasoningEffort).validate_python(effort)
    server.answers = [GPT, GPT, CHAT]
    monkeypatch.setenv("GENXAI_OPENAI_API", "responses")
    await ask(OpenAI("gpt-5"), reasoning=effort)
    await ask(OpenAI("gpt-5"))
    monkeypatch.setenv("GENXAI_OPENAI_API", "chat")
    await ask(OpenAI("gpt-5"), reasoning=effort)
    said = [{name: value for name, value in sent.items() if "reason" in name} for sent in server.requests]
    assert said == [{"reasoning": {"effort": effort}}, {}, {"reasoning_effort": effort}]


async def test_local_server_is_told_an_effort(server, ask):
    """As any server that speaks Chat Completions."""
    server.answers = [CHAT]
    await ask(Local(f"{server.url}#m"), reasoning="low")
    assert server.requests[0]["reasoning_effort"] == "low"


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("low", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}),
        ("max", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}),
        ("none", {"thinking": {"type": "disabled"}}),
        ("between_tools", {"thinking": {"type": "between_tools"}}),
        (2000, {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        (None, {}),
    ],
)
async def test_anthropic_is_told_an_effort_or_tokens(server, ask, wanted, told):
    """An effort goes with thinking as the model sees fit, beside a schema too; a number is a budget of thoughts."""
    server.answers = [CLAUDE, claude_events(claude_text('{"score": 7}'))]
    await ask(Anthropic("claude-opus-5"), reasoning=wanted, max_tokens=1500)
    await ask(Anthropic("claude-opus-5"), reasoning=wanted, output=Verdict.model_json_schema())
    plain, formed = server.requests
    assert {name: plain[name] for name in ("thinking", "output_config") if name in plain} == told
    assert formed.get("thinking") == told.get("thinking")
    config = formed["output_config"]
    assert config.pop("format")["type"] == "json_schema"
    assert config == told.get("output_config", {})
    assert plain["max_tokens"] == (3500 if wanted == 2000 else 1500)


@pytest.mark.parametrize(
    ("model", "wanted", "told"),
    [
        ("gemini-3-pro", "high", {"include_thoughts": True, "thinking_level": "HIGH"}),
        ("gemini-3-pro", 512, {"include_thoughts": True, "thinking_budget": 512}),
        ("gemini-2.5-flash", "low", {"include_thoughts": True, "thinking_budget": 1024}),
        ("gemini-2.5-flash", "none", {"include_thoughts": True, "thinking_budget": 0}),
        ("gemini-2.0-flash", "high", {"thinking_budget": 24_576}),
        ("gemini-2.5-flash", None, {"include_thoughts": True}),
    ],
)
async def test_google_is_told_a_level_or_tokens(server, ask, model, wanted, told):
    """Models before Gemini 3 know no levels, so that words are said to them as tokens."""
    server.answers = [GEMINI]
    await ask(Google(model), reasoning=wanted)
    sent = server.requests[0]["generationConfig"]["thinkingConfig"]
    assert ThinkingConfig.model_validate(sent) == ThinkingConfig.model_validate(told)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("medium", {"type": "enabled", "token_budget": 8192}),
        (700, {"type": "enabled", "token_budget": 700}),
        ("enabled", {"type": "enabled"}),
        ("none", {"type": "disabled"}),
        (None, None),
    ],
)
async def test_cohere_is_told_tokens_or_a_type(server, ask, wanted, told):
    """Words are said as tokens; those of the vendor go as they are."""
    server.answers = [COMMAND]
    await ask(Cohere("command-a-reasoning-08-2025"), reasoning=wanted)
    assert server.requests[0].get("thinking") == told
    assert told is None or Thinking(**told).dict(exclude_none=True) == told


def refused(words: str, param: str | None = None) -> Refusal:
    return Refusal(400, {"error": {"type": "invalid_request_error", "message": words, "param": param}})


def claude_refused(words: str) -> Refusal:
    return Refusal(400, {"type": "error", "error": {"type": "invalid_request_error", "message": words}})


REFUSALS = {
    "responses": (
        lambda: OpenAI("gpt-plain-1"),
        refused(
            "Unsupported parameter: 'reasoning.effort' is not supported with this model.", "reasoning.effort"
        ),
        GPT,
    ),
    "chat": (
        lambda: OpenAI("gpt-plain-2"),
        refused("Unrecognized request argument supplied: reasoning_effort"),
        CHAT,
    ),
    "anthropic": (
        lambda: Anthropic("claude-plain-1"),
        claude_refused("This model does not support the effort parameter."),
        CLAUDE,
    ),
    "google": (
        lambda: Google("gemini-2.0-plain"),
        gemini_refusal(400, "Unable to submit request because thinking is not supported by this model."),
        GEMINI,
    ),
    "cohere": (
        lambda: Cohere("command-plain"),
        Refusal(400, {"message": "thinking is not supported by the provided model"}),
        COMMAND,
    ),
}


@pytest.mark.parametrize("api", REFUSALS)
async def test_reasoning_that_is_refused_is_left_out_with_one_warning(server, ask, caplog, monkeypatch, api):
    """The answer comes all the same, from then on without asking; another word is tried anew."""
    made, refusal, hi = REFUSALS[api]
    if api in ("responses", "chat"):
        monkeypatch.setenv("GENXAI_OPENAI_API", api)
    server.answers = [refusal, hi, hi, hi]
    provider = made()
    for wanted in ("high", "high", "low"):
        *_, reply = await ask(provider, reasoning=wanted)
        assert reply.message.text == "Hi."
    asked = [
        "effort" in str(sent) or "thinking_" in str(sent) or "thinking'" in str(sent)
        for sent in server.requests
    ]
    assert asked == [True, False, False, True]
    assert [record.getMessage() for record in caplog.records] == [
        f"Model '{provider.name}:m' takes no reasoning high; it is asked without."
    ]


async def test_model_that_thinks_not_as_it_sees_fit_is_told_the_effort_alone(server, ask, caplog):
    """Nobody asked for adaptive thinking in so many words, so that nobody is told that it was left out."""
    server.answers = [claude_refused("adaptive thinking is not supported on this model"), CLAUDE]
    await ask(Anthropic("claude-effortful"), reasoning="high")
    assert "thinking" not in server.requests[1]
    assert server.requests[1]["output_config"] == {"effort": "high"}
    assert caplog.records == []


async def test_model_that_thinks_is_not_forced_to_call_a_tool(server, ask):
    """Where both do not go together, the tool of the answer stays and the choice is the model's."""
    words = "Thinking may not be enabled when tool_choice forces tool use."
    server.answers = [claude_refused("output_config.format: not supported"), claude_refused(words), CLAUDE]
    await ask(Anthropic("claude-old"), reasoning=2000, output=Verdict.model_json_schema())
    last = server.requests[-1]
    assert ("tool_choice" in last, [tool["name"] for tool in last["tools"]]) == (False, ["answer"])
    assert last["thinking"] == {"type": "enabled", "budget_tokens": 2000}


async def test_other_refusals_that_speak_of_reasoning_are_errors(server, ask, monkeypatch):
    """An item of thoughts that the server misses is no setting that could be left out."""
    monkeypatch.setenv("GENXAI_OPENAI_API", "responses")
    server.answers = [refused("Item 'rs_1' of type 'reasoning' was provided without its item.", "input")]
    with pytest.raises((ProviderError, BadResponse)):
        await ask(OpenAI("gpt-6"), reasoning="high")
    assert len(server.requests) == 1


def test_agent_hands_its_reasoning_to_its_model(server, monkeypatch):
    """In a graph too, where the request that is recorded tells it."""
    monkeypatch.setenv("GENXAI_OPENAI_API", "responses")
    server.answers = [GPT]
    agent = Agent("clerk", model="openai:gpt-5", reasoning="low", task="Answer.")
    assert "reasoning: low" in agent.spec_text.splitlines()
    graph = Graph("g").node("clerk", agent).edge("START", "clerk")
    run = graph.start({}, store=":memory:")
    run.resume()
    assert server.requests[0]["reasoning"] == {"effort": "low"}
    assert [event.request.reasoning for event in run.events() if hasattr(event, "request")] == ["low"]


@pytest.mark.parametrize("wrong", ["", "very much", 0, 1.5, True, ["low"]])
def test_reasoning_that_is_no_word_and_no_number_makes_no_agent(wrong):
    """The error says what it may be."""
    with pytest.raises(DefinitionError, match=r"Agent 'clerk': reasoning is .*low, medium, high"):
        Agent("clerk", reasoning=wrong)
