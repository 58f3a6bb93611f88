"""Each exception of the SDKs as an error of ours."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import anthropic
import httpx2
import msgspec
import openai
import pytest

from genxai_nb.errors import (
    Authentication,
    BadResponse,
    ConnectionLost,
    ContextTooLong,
    GenXAIError,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
)
from genxai_nb.providers.refusals import Complaint, Server, complaint_of, mapped, refused_setting, unforeseen

SERVERS = {
    openai: Server("openai", "https://api.openai.com/v1", "OPENAI_API_KEY", None),
    anthropic: Server("anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY", None),
}
REQUEST = httpx2.Request("POST", "https://api.example.com/v1/answers")
EXPECTED: dict[ModuleType, dict[type[GenXAIError], str]] = {
    openai: {
        Authentication: "AuthenticationError OAuthError PermissionDeniedError",
        BadResponse: """
            APIResponseValidationError ContentFilterFinishReasonError InvalidWebhookSignatureError
            LengthFinishReasonError OpenAIError SubjectTokenProviderError WebSocketConnectionClosedError
            WebSocketQueueFullError""",
        ConnectionLost: "APIConnectionError APIError ConflictError InternalServerError",
        ProviderError: "APIStatusError BadRequestError NotFoundError UnprocessableEntityError",
        RateLimited: "RateLimitError",
        TimedOut: "APITimeoutError",
    },
    anthropic: {
        Authentication: "AuthenticationError PermissionDeniedError SandboxEgressRestrictedError",
        BadResponse: """
            APIResponseValidationError AnthropicError CredentialsError IdentityTokenFileError RetryableError
            WorkloadIdentityError""",
        ConnectionLost: """
            APIConnectionError APIError APIWebhookValidationError CMEKContextUnavailableError
            CMEKKeyUnreachableError ConflictError DeadlineExceededError GatewayTimeoutError
            HTTPNotImplementedError InternalServerError OverloadedError RequestTimeoutError
            ServiceUnavailableError""",
        ContextTooLong: "ContentTooLargeError RequestBodyTooLargeAfterDecodingError RequestTooLargeError",
        ProviderError: """
            APIStatusError BadRequestError CMEKKeyDisabledError CMEKKeyNetworkBlockedError
            ClaudeCodeKeyCreatorNotMemberError ClaudeCodeVersionTooOldError ClientClosedRequestError
            ContractSpendLimitReachedError EnforcedSpendLimitReachedError
            LinkedOrganizationBillingUnavailableError LinkedOrganizationSpendLimitReachedError NotFoundError
            OrganizationOnHoldError OrganizationTypeNotSupportedError ParentOrganizationRequiredError
            PaymentRequiredError PreconditionFailedError RequestBodyEncodingInvalidError
            RequestBodyEncodingUnsupportedError RequestHeaderFieldsTooLargeError UnprocessableEntityError
            WorkspaceHumanReviewDisabledError""",
        RateLimited: "RampLimitExceededError RateLimitError",
        TimedOut: "APITimeoutError",
    },
}
CODES = {  # which of several errors of one status it is
    "ContractSpendLimitReachedError": "contract_spend_limit_reached",
    "EnforcedSpendLimitReachedError": "enforced_spend_limit_reached",
}
PUBLIC = [
    (sdk, name)
    for sdk in EXPECTED
    for name in sorted(dir(sdk))
    if not name.startswith("_")
    and isinstance(kind := getattr(sdk, name), type)
    and issubclass(kind, Exception)
]


def made(sdk: ModuleType, name: str) -> Exception:
    """An exception of that class, as the SDK would make it."""
    kind: Any = getattr(sdk, name)
    if issubclass(kind, sdk.APIStatusError):
        known = getattr(kind, "status_code", None)
        status = {"APIStatusError": 418, "InternalServerError": 500}.get(name) or known
        response = httpx2.Response(status, request=REQUEST)
        error = {"message": "No.", "details": {"error_code": CODES.get(name)}}
        more = {} if name == "OAuthError" else {"message": "No."}
        return kind(**more, response=response, body={"error": error} if sdk is anthropic else error)
    if name == "APIResponseValidationError":
        return kind(httpx2.Response(200, request=REQUEST), None)
    if issubclass(kind, sdk.APIConnectionError):
        return kind(request=REQUEST)
    if issubclass(kind, sdk.APIError):
        return kind("No.", REQUEST, body=None)
    return kind("No.") if name == "WorkloadIdentityError" else kind.__new__(kind)


@pytest.mark.parametrize(("sdk", "name"), PUBLIC, ids=[f"{sdk.__name__}-{name}" for sdk, name in PUBLIC])
def test_every_exception_of_the_sdk_has_its_error(sdk: ModuleType, name: str):
    """No exception of an SDK reaches a run; a class that a new version brings has to be placed here."""
    (expected,) = [ours for ours, theirs in EXPECTED[sdk].items() if name in theirs.split()]
    assert type(mapped(made(sdk, name), sdk, SERVERS[sdk], "m")) is expected


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"code": "context_length_exceeded"}, ContextTooLong),
        ({"message": "prompt is too long: 9000 tokens > 8192 maximum"}, ContextTooLong),
        (
            {"message": "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000"},
            ContextTooLong,
        ),
        ({"message": "the request exceeds the available context size"}, ContextTooLong),
        ({"code": "content_filter"}, Refused),
        ({"message": "Invalid 'tools[0].function.name': string too long."}, ProviderError),
        ({"message": "Something else is wrong", "code": 400}, ProviderError),
    ],
)
def test_refusals_with_one_status_are_told_apart(body: dict[str, Any], error: type):
    """What 400 means is in its code, or in the words of servers that give none."""
    response = httpx2.Response(400, request=REQUEST)
    exc = openai.BadRequestError(body.get("message", "No."), response=response, body=body)
    assert type(mapped(exc, openai, SERVERS[openai], "gpt-5")) is error


@pytest.mark.parametrize(
    ("exc", "error"),
    [
        (json.JSONDecodeError("Expecting value", "{", 1), ConnectionLost),
        (msgspec.DecodeError("Input data was truncated"), ConnectionLost),
        (httpx2.RemoteProtocolError("peer closed connection"), ConnectionLost),
        (httpx2.ReadTimeout("slow"), TimedOut),
        (TypeError("unexpected keyword"), BadResponse),
    ],
)
def test_what_an_sdk_lets_through_is_mapped_too(exc: Exception, error: type):
    """Errors of the transport, of JSON and of anything else become ours."""
    assert type(mapped(exc, openai, SERVERS[openai], "gpt-5")) is error
    assert type(unforeseen(exc, "gpt-5")) is error


def test_both_forms_of_an_error_are_read():
    """OpenAI's SDK gives the error itself, Anthropic's what is around it, and a server may give neither."""
    response = httpx2.Response(400, request=REQUEST, headers={"retry-after": "3"})
    flat = {"message": "No.", "code": "odd", "param": "x"}
    nested = {"type": "error", "error": {"type": "odd", "message": "No.", "details": None}}
    ours = complaint_of(openai.BadRequestError("Said.", response=response, body=flat))
    assert (ours.words, ours.code, ours.status, ours.param) == ("No.", "odd", 400, "x")
    theirs = complaint_of(anthropic.BadRequestError("Said.", response=response, body=nested))
    assert (theirs.words, theirs.code, theirs.status, theirs.param) == ("No.", "odd", 400, "")
    assert theirs.headers["Retry-After"] == "3"
    bare = complaint_of(openai.BadRequestError("Said.", response=response, body="<html>"))
    assert (bare.words, bare.code) == ("Said.", "")


@pytest.mark.parametrize(
    ("body", "words", "code"),
    [
        (b'{"error": {"message": "No.", "code": "odd"}}', "No.", "odd"),
        (b'{"message": "No.", "code": "odd"}', "No.", "odd"),
        (b'{"error": "No."}', "No.", ""),
        (b'["No."]', "['No.']", ""),
        (b"<html>\xff", "<html>\N{REPLACEMENT CHARACTER}", ""),
        (b"", "", ""),
    ],
)
def test_body_in_place_of_an_answer_is_read(body: bytes, words: str, code: str):
    """An error within an object, the error itself, and what is no JSON, as a gateway may send it."""
    found = Complaint.in_body(body, 502, {"retry-after": "3"})
    assert found == Complaint(words, code, 502, headers={"retry-after": "3"})


def test_address_of_another_package_is_told_without_a_variable():
    """Which variable leads to it is known of our own vendors only."""
    server = Server("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", None)
    found = str(unforeseen(httpx2.ConnectError("refused"), "groq:llama", server))
    assert found.startswith("https://api.groq.com/openai/v1 cannot be reached for model 'groq:llama'.")
    assert found.endswith("Look at the network and HTTPS_PROXY.")


@pytest.mark.parametrize(
    ("words", "sent", "setting"),
    [
        ("temperature is not supported", {"temperature": 1}, "temperature"),
        ("temperature is not supported", {}, None),
        (
            "tools.0.input_schema: JSON schema is invalid",
            {"output_config": {"format": {"type": "json_schema"}}},
            None,
        ),
        ("Schema is too complex", {"output_config": {"format": {"type": "json_schema"}}}, "output_config"),
        (
            "output_config.format.schema: no",
            {"output_config": {"format": {"type": "json_schema"}}},
            "output_config",
        ),
        ("the compiled grammar is too large", {"output_config": {"format": {}}}, "output_config"),
        ("no json_schema here", {"response_format": {"type": "json_schema"}}, "json_schema"),
        ("no json_object here", {"text": {"format": {"type": "json_object"}}}, "text"),
        (
            "tool_choice forces tool use, which is not supported with thinking",
            {"tool_choice": {}},
            "tool_choice",
        ),
    ],
)
def test_setting_that_a_server_refuses_is_named(words: str, sent: dict[str, Any], setting: str | None):
    """Only what was sent can be left out, and only if the server's words are about it."""
    assert refused_setting(Complaint(words, status=400), sent) == setting
    assert refused_setting(Complaint(words, status=500), sent) is None
