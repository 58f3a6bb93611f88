"""What Cohere's models refuse and what goes wrong with them, over a socket."""

from __future__ import annotations

from typing import Any

import cohere
import httpx
import pytest
from cohere.core.api_error import ApiError
from cohere.core.parse_error import ParsingError
from cohere_events import MODEL, cohere_events, text
from model_server import Refusal

from genxai_nb.errors import (
    Authentication,
    BadResponse,
    ConnectionLost,
    ContextTooLong,
    ProviderError,
    RateLimited,
    TimedOut,
)
from genxai_nb.providers.cohere import Cohere
from genxai_nb.providers.refusals import Server
from genxai_nb.providers.registry import find_provider

COMMAND = Cohere(MODEL)
HI = cohere_events(text("Moss grows in shade."))
SERVER = Server("cohere", "https://api.cohere.com", "CO_API_KEY", None)


def refusal(status: int, message: str, **headers: str) -> Refusal:
    """An error as the vendor gives it."""
    return Refusal(status, {"id": "e1", "message": message}, headers)


@pytest.mark.parametrize(
    ("status", "message", "error", "said"),
    [
        (400, "No.", ProviderError, "refused the request with status 400: No."),
        (400, "too many tokens: size limit exceeded by 10 tokens.", ContextTooLong, "longer than model"),
        (401, "invalid api token", Authentication, "The key in CO_API_KEY was refused"),
        (402, "Please add a payment method.", ProviderError, "no money left"),
        (403, "No.", Authentication, f"may not use model 'cohere:{MODEL}'"),
        (404, "model not found", ProviderError, f"There is no model 'cohere:{MODEL}'"),
        (422, "No.", ProviderError, "refused the request with status 422: No."),
        (429, "You are using a Trial key.", RateLimited, "takes no more requests now"),
        (498, "invalid token", Authentication, "The key in CO_API_KEY was refused"),
        (499, "request cancelled", ConnectionLost, "failed with status 408"),
        (500, "No.", ConnectionLost, "failed with status 500"),
        (503, "No.", ConnectionLost, "failed with status 503"),
        (504, "No.", ConnectionLost, "failed with status 504"),
    ],
)
async def test_each_kind_of_error_is_one_of_ours(
    server, ask, status: int, message: str, error: type, said: str
):
    """What the vendor answers in place of a stream tells the caller what to do, after one request."""
    server.answers = [refusal(status, message)]
    with pytest.raises(error, match=said):
        await ask(COMMAND)
    assert len(server.requests) == 1


async def test_list_of_models_is_asked_for_once(server):
    """The SDK would ask a busy server again; only our chain does that."""
    server.answers = [refusal(503, "No.")] * 3
    with pytest.raises(ConnectionLost):
        await COMMAND.offers()
    assert len(server.requests) == 1


@pytest.mark.parametrize("reason", ["ERROR", "TIMEOUT"])
async def test_answer_that_failed_is_an_error_that_may_be_asked_again(server, ask, reason: str):
    """An error at the end of a stream is never taken for an answer, however much has come."""
    server.answers = [cohere_events(text("It"), stop=reason, error="internal: worker lost")]
    with pytest.raises(ConnectionLost, match="failed amid its answer: internal: worker lost") as caught:
        await ask(COMMAND)
    assert caught.value.retryable


async def test_wait_that_the_vendor_asks_for_is_told(server, ask):
    """A busy server says when to come back."""
    server.answers = [refusal(429, "Slow down.", **{"Retry-After": "2.5"})]
    with pytest.raises(RateLimited) as caught:
        await ask(COMMAND)
    assert caught.value.retry_after == 2.5


@pytest.mark.parametrize(
    ("words", "more", "gone"),
    [
        ("temperature is not supported for this model", {"temperature": 0.5}, "temperature"),
        (
            "response_format is not supported with this model",
            {"output": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            "response_format",
        ),
    ],
)
async def test_setting_that_is_refused_is_left_out_with_one_warning(
    server, ask, caplog, words: str, more: dict[str, Any], gone: str
):
    """What the vendor takes no part in is left out from then on, and that is told once."""
    server.answers = [refusal(400, words), HI, HI]
    for _ in range(2):
        await ask(Cohere("command-odd"), **more)
    assert [gone in request for request in server.requests] == [True, False, False]
    assert [record.getMessage() for record in caplog.records] == [
        f"Model 'cohere:m' takes no {gone}; it is asked without."
    ]


EXPECTED = {
    "BadRequestError": ProviderError,
    "ClientClosedRequestError": ConnectionLost,
    "ForbiddenError": Authentication,
    "GatewayTimeoutError": ConnectionLost,
    "InternalServerError": ConnectionLost,
    "InvalidTokenError": Authentication,
    "NotFoundError": ProviderError,
    "NotImplementedError": ConnectionLost,
    "ServiceUnavailableError": ConnectionLost,
    "TooManyRequestsError": RateLimited,
    "UnauthorizedError": Authentication,
    "UnprocessableEntityError": ProviderError,
}
PUBLIC = sorted(
    name
    for name in dir(cohere)
    if isinstance(kind := getattr(cohere, name), type) and issubclass(kind, Exception)
)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_exception_of_the_sdk_has_its_error(name: str):
    """No exception of the SDK reaches a run; a class that a new version brings has to be placed here."""
    exc = getattr(cohere, name)(body={"message": "No."})
    assert type(COMMAND.mapped(exc, cohere, SERVER)) is EXPECTED[name]


@pytest.mark.parametrize(
    ("exc", "error", "said"),
    [
        (ApiError(status_code=418, body="<html>"), ProviderError, "status 418: <html>"),
        (ParsingError(cause=ValueError("no")), BadResponse, "not as the protocol has it: ParsingError"),
        (httpx.ConnectError("refused"), ConnectionLost, "cannot be reached for model"),
        (httpx.ReadError("reset"), ConnectionLost, "was lost before its answer had ended"),
        (httpx.ReadTimeout("slow"), TimedOut, "gave no answer in time"),
    ],
)
def test_what_the_sdk_lets_through_is_mapped_too(exc: Exception, error: type, said: str):
    """Errors of the transport and answers of another form become ours."""
    found = COMMAND.mapped(exc, cohere, SERVER)
    assert type(found) is error
    assert said in str(found)


async def test_address_that_does_not_answer_is_told(ask, monkeypatch):
    """A server that is not there is named, with the variable that leads to it."""
    monkeypatch.setenv("CO_API_KEY", "k")
    monkeypatch.setenv("CO_API_URL", "http://127.0.0.1:1")
    with pytest.raises(ConnectionLost, match="http://127.0.0.1:1 cannot be reached.*CO_API_URL"):
        await ask(COMMAND)


async def test_key_is_nowhere_but_in_the_header(server, ask, caplog):
    """No repr, no error, no log and no reply shows the key."""
    key = "sk-canary-0123456789abcdef"
    caplog.set_level("DEBUG")
    server.answers = [refusal(400, f"What is {key}?"), refusal(401, f"Wrong: {key[:8]}***"), HI]
    provider = find_provider(f"cohere:{MODEL}")
    with pytest.raises(ProviderError) as refused:
        await ask(provider)
    with pytest.raises(Authentication) as unknown:
        await ask(provider)
    *_, reply = await ask(provider)
    assert server.headers[-1]["authorization"] == f"Bearer {key}"
    shown = [provider, provider.server, refused.value, unknown.value, reply]
    assert not [item for item in shown if key in f"{item!r}{item!s}"]
    assert key[:8] not in f"{unknown.value}{unknown.value.__cause__}"
    assert key not in caplog.text
