"""What Google's models refuse and what goes wrong with them, over a socket."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from gemini_events import MODEL, gemini_events, refusal, text
from google.genai import errors as sdk_errors
from model_server import Refusal
from pydantic import BaseModel, Field

from genxai_nb.errors import (
    Authentication,
    BadResponse,
    ConnectionLost,
    ContextTooLong,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
)
from genxai_nb.messages import (
    ToolSpec,
    system,
    user,
)
from genxai_nb.providers.google import Google
from genxai_nb.providers.refusals import Server
from genxai_nb.providers.registry import find_provider

SPEC = ToolSpec(
    "look",
    "Look something up.",
    {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
)
GEMINI = Google(MODEL)
HI = gemini_events(text("Moss "), text("grows "), text("in shade."))


class Verdict(BaseModel):
    score: int = Field(ge=0, le=10)
    advice: str = ""


async def test_call_without_a_name_is_refused(server, ask):
    """A tool call that never says which tool is no tool call."""
    server.answers = [gemini_events({"functionCall": {"args": {}}})]
    with pytest.raises(BadResponse, match="without the tool's name"):
        await ask(GEMINI, tools=(SPEC,))


async def test_schema_beside_tools_is_said_in_words_where_a_model_takes_only_one(server, ask, caplog):
    """Models before Gemini 3 refuse both together; without tools they still get the schema."""
    said = "Function calling with a response mime type: 'application/json' is unsupported"
    server.answers = [refusal(400, said), HI, HI, HI]
    schema = Verdict.model_json_schema()
    provider = Google("gemini-2.5-pro")
    for tools in ((SPEC,), (SPEC,), ()):
        await ask(provider, system("Be brief."), user("Hi"), tools=tools, output=schema)
    assert ["responseJsonSchema" in request["generationConfig"] for request in server.requests] == [
        True,
        False,
        False,
        True,
    ]
    (told,) = server.requests[1]["systemInstruction"]["parts"]
    assert told["text"].startswith("Be brief.\n\nAnswer with one JSON object")
    assert [record.getMessage() for record in caplog.records] == [
        "Model 'google:m' takes no schema beside tools; it is asked without."
    ]


@pytest.mark.parametrize(
    ("words", "more", "gone"),
    [
        ("Temperature is not supported by this model.", {"temperature": 0.5}, "temperature"),
        ("JSON mode is not enabled for models/x", {"output": {"type": "object"}}, "responseJsonSchema"),
        (
            "Unknown name 'responseJsonSchema': no field.",
            {"output": {"type": "object"}},
            "responseJsonSchema",
        ),
        ("Thinking is not enabled for models/x", {}, "thinkingConfig"),
    ],
)
async def test_setting_that_is_refused_is_left_out_with_one_warning(
    server, ask, caplog, words: str, more: dict[str, Any], gone: str
):
    """What the vendor takes no part in is told once; what nobody asked for is not told at all."""
    server.answers = [refusal(400, words), HI, HI]
    for _ in range(2):
        await ask(Google("gemini-odd"), **more)
    assert [gone in request.get("generationConfig", {}) for request in server.requests] == [
        True,
        False,
        False,
    ]
    assert len(caplog.records) == (gone != "thinkingConfig")


async def test_model_without_a_place_for_instructions_is_told_in_the_first_turn(server, ask, caplog):
    """Gemma takes no system instruction, and has no thoughts to be asked for."""
    server.answers = [refusal(400, "Developer instruction is not enabled for models/gemma-3"), HI]
    await ask(Google("gemma-3-27b-it"), system("Be brief."), user("Hi"))
    sent = server.requests[1]
    assert [content["parts"][0]["text"] for content in sent["contents"]] == ["Be brief.", "Hi"]
    assert sent.keys() == {"contents", "generationConfig"}
    assert not sent["generationConfig"]
    assert not caplog.records


@pytest.mark.parametrize(
    ("more", "said"),
    [({}, "It was filtered: SAFETY."), ({"finishMessage": "This could do harm."}, "This could do harm.")],
)
async def test_answer_that_was_filtered_says_why(server, ask, more: dict[str, str], said: str):
    """Where nothing is left of an answer, the reason is its text."""
    server.answers = [gemini_events(stop="SAFETY", **more)]
    *_, reply = await ask(GEMINI)
    assert (reply.stop, reply.message.text) == ("refused", said)


async def test_request_that_was_filtered_is_refused(server, ask):
    """A prompt that the vendor blocks has no answer and no reason to stop; it is no broken stream."""
    told = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": MODEL}
    server.answers = [[told]]
    with pytest.raises(Refused, match="declined the request: PROHIBITED_CONTENT"):
        await ask(GEMINI)


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "OTHER"])
async def test_answer_that_failed_is_an_error_that_may_be_asked_again(server, ask, reason: str):
    """A call that the vendor cannot read, or no reason at all, is never taken for an answer."""
    server.answers = [gemini_events(text("It"), stop=reason, finishMessage="print(default_api.look(")]
    with pytest.raises(ConnectionLost, match=rf"failed amid its answer: {reason}: print") as caught:
        await ask(GEMINI, tools=(SPEC,))
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("status", "reason", "message", "error", "said"),
    [
        (400, "INVALID_ARGUMENT", "No.", ProviderError, "refused the request with status 400: No."),
        (400, "INVALID_ARGUMENT", "The input token count (9) exceeds the maximum number of tokens allowed (8).",
         ContextTooLong, "longer than model"),
        (401, "UNAUTHENTICATED", "No.", Authentication, "The key in GOOGLE_API_KEY was refused"),
        (403, "PERMISSION_DENIED", "No.", Authentication, f"may not use model 'google:{MODEL}'"),
        (404, "NOT_FOUND", "No.", ProviderError, f"There is no model 'google:{MODEL}'"),
        (429, "RESOURCE_EXHAUSTED", "No.", RateLimited, "takes no more requests now"),
        (500, "INTERNAL", "No.", ConnectionLost, "failed with status 500"),
        (503, "UNAVAILABLE", "The model is overloaded.", ConnectionLost, "failed with status 503"),
        (504, "DEADLINE_EXCEEDED", "No.", ConnectionLost, "failed with status 504"),
    ],
)  # fmt: skip
async def test_each_kind_of_error_is_one_of_ours(
    server, ask, status: int, reason: str, message: str, error: type, said: str
):
    """What the vendor answers in place of a stream, and amid one, tells the caller what to do."""
    answer = refusal(status, message, reason)
    server.answers = [answer, [*HI[:2], answer.body]]
    for _ in range(2):
        with pytest.raises(error, match=said.replace("(", r"\(")):
            await ask(GEMINI)
    assert len(server.requests) == 2


async def test_list_of_models_is_asked_for_once(server):
    """A busy server is asked again by our chain only."""
    server.answers = [refusal(503, "No.", "UNAVAILABLE")] * 3
    with pytest.raises(ConnectionLost):
        await GEMINI.offers()
    assert len(server.requests) == 1


async def test_wrong_key_is_told_from_a_wrong_request(server, ask):
    """The vendor says with status 400 that a key is not valid."""
    reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    server.answers = [refusal(400, "API key not valid.", "INVALID_ARGUMENT", reason)]
    with pytest.raises(Authentication, match="GOOGLE_API_KEY was refused"):
        await ask(GEMINI)


async def test_wait_that_the_vendor_asks_for_is_told(server, ask):
    """It stands in the body of the error, with its unit; a header goes before it."""
    wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37.5s"}
    answer = refusal(429, "Quota exceeded.", "RESOURCE_EXHAUSTED", wait)
    server.answers = [answer, Refusal(429, answer.body, {"Retry-After": "2"})]
    for seconds in (37.5, 2.0):
        with pytest.raises(RateLimited) as caught:
            await ask(GEMINI)
        assert caught.value.retry_after == seconds


EXPECTED = {
    "APIError": ConnectionLost,
    "ClientError": ProviderError,
    "ContinuationInterruptedError": BadResponse,
    "ExperimentalWarning": BadResponse,
    "FunctionInvocationError": BadResponse,
    "ServerError": ConnectionLost,
    "UnknownApiResponseError": BadResponse,
    "UnknownFunctionCallArgumentError": BadResponse,
    "UnsupportedFunctionError": BadResponse,
}
SERVER = Server("google", "https://generativelanguage.googleapis.com", "GOOGLE_API_KEY", None)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, kind in vars(sdk_errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ],
)
def test_every_exception_of_the_sdk_has_its_error(name: str):
    """No exception of the SDK reaches a run; a class that a new version brings has to be placed here."""
    from google import genai

    kind: Any = getattr(sdk_errors, name)
    statuses = {"APIError": 0, "ClientError": 400, "ServerError": 500}
    exc = kind(statuses[name], {"error": {"message": "No."}}) if name in statuses else kind("No.")
    assert type(GEMINI.mapped(exc, genai, SERVER)) is EXPECTED[name]


@pytest.mark.parametrize(
    ("exc", "error", "said"),
    [
        (httpx2.ConnectError("refused"), ConnectionLost, "cannot be reached for model"),
        (httpx2.ReadError("reset"), ConnectionLost, "was lost before its answer had ended"),
        (httpx2.ConnectTimeout("slow"), TimedOut, "gave no answer in time"),
    ],
)
def test_errors_of_the_transport_are_told(exc: Exception, error: type, said: str):
    """The SDK lets them through as they are."""
    from google import genai

    with pytest.raises(error, match=said):
        raise GEMINI.mapped(exc, genai, SERVER)


async def test_variables_of_the_sdk_do_not_lead_elsewhere(server, ask, monkeypatch):
    """The key goes to the address that is set, whatever else the SDK reads; the version of the API can be chosen."""
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "garden")
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "beta")
    monkeypatch.setenv("GEMINI_API_KEY", "another-key")
    server.answers = [HI]
    await ask(GEMINI)
    assert server.paths == [f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse"]
    assert server.headers[0]["x-goog-api-key"] == "sk-canary-0123456789abcdef"


async def test_mistake_in_a_tool_is_not_taken_for_one_in_the_schema_of_the_answer(server, ask):
    """What the vendor says of a tool's schema is told, and the answer's stays in the request."""
    said = "tools[0].function_declarations[0].parameters_json_schema: schema is too deep"
    server.answers = [refusal(400, said), HI]
    with pytest.raises(ProviderError, match="schema is too deep"):
        await ask(GEMINI, tools=(SPEC,), output=Verdict.model_json_schema())
    assert len(server.requests) == 1


async def test_key_is_nowhere_but_in_the_header(server, ask, caplog):
    """No repr, no error, no log and no reply shows the key."""
    key = "sk-canary-0123456789abcdef"
    caplog.set_level("DEBUG")
    server.answers = [
        refusal(400, f"What is {key}?"),
        refusal(401, f"Wrong: {key[:8]}***", "UNAUTHENTICATED"),
        HI,
    ]
    provider = find_provider(f"google:{MODEL}")
    with pytest.raises(ProviderError) as refused:
        await ask(provider)
    with pytest.raises(Authentication) as unknown:
        await ask(provider)
    *_, reply = await ask(provider)
    assert server.headers[-1]["x-goog-api-key"] == key
    shown = [provider, provider.server, refused.value, unknown.value, reply]
    assert not [item for item in shown if key in f"{item!r}{item!s}"]
    assert key[:8] not in f"{unknown.value}{unknown.value.__cause__}"
    assert key not in caplog.text
