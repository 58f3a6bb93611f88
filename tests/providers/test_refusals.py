"""Each exception of the SDK as an error of ours."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import openai
import pytest

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
from genxai_nb.providers.refusals import Server, mapped

SERVER = Server("openai", "https://api.openai.com/v1", "OPENAI_API_KEY", None)
REQUEST = httpx2.Request("POST", "https://api.openai.com/v1/chat/completions")
EXPECTED = {
    "APIConnectionError": ConnectionLost,
    "APIError": ConnectionLost,
    "APIResponseValidationError": BadResponse,
    "APIStatusError": ProviderError,
    "APITimeoutError": TimedOut,
    "AuthenticationError": Authentication,
    "BadRequestError": ProviderError,
    "ConflictError": ConnectionLost,
    "ContentFilterFinishReasonError": BadResponse,
    "InternalServerError": ConnectionLost,
    "InvalidWebhookSignatureError": BadResponse,
    "LengthFinishReasonError": BadResponse,
    "NotFoundError": ProviderError,
    "OAuthError": Authentication,
    "OpenAIError": BadResponse,
    "PermissionDeniedError": Authentication,
    "RateLimitError": RateLimited,
    "UnprocessableEntityError": ProviderError,
    "WebSocketConnectionClosedError": BadResponse,
    "WebSocketQueueFullError": BadResponse,
}
PUBLIC = sorted(
    name
    for name in openai.__all__
    if isinstance(getattr(openai, name), type) and issubclass(getattr(openai, name), Exception)
)


def made(name: str) -> Exception:
    """An exception of that class, as the SDK would make it."""
    kind: Any = getattr(openai, name)
    if issubclass(kind, openai.APIStatusError):
        status = {"APIStatusError": 418, "InternalServerError": 500}.get(name) or kind.status_code
        response = httpx2.Response(status, request=REQUEST)
        more = {} if name == "OAuthError" else {"message": "No."}
        return kind(**more, response=response, body=None)
    if name == "APIResponseValidationError":
        return kind(httpx2.Response(200, request=REQUEST), None)
    if issubclass(kind, openai.APIConnectionError):
        return kind(request=REQUEST)
    if kind is openai.APIError:
        return kind("No.", REQUEST, body=None)
    return kind.__new__(kind)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_exception_of_the_sdk_has_its_error(name: str):
    """No exception of the SDK reaches a run; a class that a new version brings has to be placed here."""
    error = mapped(made(name), openai, SERVER, "gpt-5")
    assert type(error) is EXPECTED[name]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"code": "context_length_exceeded"}, ContextTooLong),
        ({"message": "prompt is too long: 9000 tokens > 8192 maximum"}, ContextTooLong),
        ({"message": "the request exceeds the available context size"}, ContextTooLong),
        ({"code": "content_filter"}, Refused),
        ({"message": "Invalid 'tools[0].function.name': string too long."}, ProviderError),
        ({"message": "Something else is wrong"}, ProviderError),
    ],
)
def test_refusals_with_one_status_are_told_apart(body: dict[str, str], error: type):
    """What 400 means is in its code, or in the words of servers that give none."""
    response = httpx2.Response(400, request=REQUEST)
    exc = openai.BadRequestError(body.get("message", "No."), response=response, body=body)
    assert type(mapped(exc, openai, SERVER, "gpt-5")) is error


@pytest.mark.parametrize(
    ("exc", "error"),
    [
        (json.JSONDecodeError("Expecting value", "{", 1), ConnectionLost),
        (httpx2.RemoteProtocolError("peer closed connection"), ConnectionLost),
        (TypeError("unexpected keyword"), BadResponse),
        (RateLimited("Ours."), RateLimited),
    ],
)
def test_what_the_sdk_lets_through_is_mapped_too(exc: Exception, error: type):
    """Errors of the transport, of JSON and of anything else become ours; ours stay as they are."""
    assert type(mapped(exc, openai, SERVER, "gpt-5")) is error
