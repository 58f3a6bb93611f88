"""What Anthropic's API refuses, what is asked of it on demand, and where its key is."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys

import pytest
from claude_events import MODEL, claude_events, text
from model_server import Plain, Refusal

from genxai_nb.errors import (
    Authentication,
    ConnectionLost,
    ContextTooLong,
    ProviderError,
    RateLimited,
)
from genxai_nb.messages import ModelRequest, ToolSpec, system, user
from genxai_nb.providers.anthropic import Anthropic
from genxai_nb.providers.registry import find_provider, models_of
from genxai_nb.providers.remote import Offer

SPEC = ToolSpec("look", "Look.", {"type": "object", "properties": {}})
CLAUDE = Anthropic(MODEL)
HI = claude_events(text("Moss grows in shade."))


async def test_temperature_is_left_out_with_one_warning(server, ask, caplog):
    """The vendor takes none, so none is sent, and that is told once."""
    server.answers = [HI, HI]
    provider = Anthropic("claude-cool")
    for _ in range(2):
        await ask(provider, temperature=0.5)
    assert not any("temperature" in request for request in server.requests)
    assert [record.getMessage() for record in caplog.records] == [
        "Model 'anthropic:m' takes no temperature; it is asked without."
    ]


async def test_limit_that_nobody_asked_for_gives_way(server, ask, caplog):
    """The API wants a limit; where ours is too high for an old model, a lower one is sent, and nobody warned."""
    said = "max_tokens: 16384 > 4096, which is the maximum allowed number of output tokens for claude-old"
    refusal = Refusal(400, {"type": "error", "error": {"type": "invalid_request_error", "message": said}})
    server.answers = [refusal, HI, refusal]
    provider = Anthropic("claude-old")
    await ask(provider)
    assert [request["max_tokens"] for request in server.requests] == [16_384, 4096]
    assert not caplog.records
    with pytest.raises(ProviderError, match="maximum allowed number"):
        await ask(provider, max_tokens=9000)


@pytest.mark.parametrize(
    ("status", "kind", "error", "said"),
    [
        (400, "invalid_request_error", ProviderError, "refused the request with status 400: No."),
        (401, "authentication_error", Authentication, "The key in ANTHROPIC_API_KEY was refused"),
        (402, "billing_error", ProviderError, "The account of ANTHROPIC_API_KEY has no money left"),
        (403, "permission_error", Authentication, f"may not use model 'anthropic:{MODEL}'"),
        (404, "not_found_error", ProviderError, f"There is no model 'anthropic:{MODEL}'"),
        (413, "request_too_large", ContextTooLong, "longer than model"),
        (429, "rate_limit_error", RateLimited, "takes no more requests now"),
        (500, "api_error", ConnectionLost, "failed with status 500"),
        (504, "timeout_error", ConnectionLost, "failed with status 504"),
        (529, "overloaded_error", RateLimited, "takes no more requests now"),
    ],
)
async def test_each_kind_of_error_is_one_of_ours(server, ask, status: int, kind: str, error: type, said: str):
    """What the vendor answers in place of a stream, and amid one, tells the caller what to do."""
    body = {"type": "error", "error": {"type": kind, "message": "No."}}
    server.answers = [Refusal(status, body), [*HI[:4], body]]
    with pytest.raises(error, match=said):
        await ask(CLAUDE)
    amid = ConnectionLost if error is ProviderError and status != 402 else error
    with pytest.raises(amid):
        await ask(CLAUDE)
    assert len(server.requests) == 2


async def test_spending_limit_is_not_waited_for(server, ask):
    """A limit of money comes with the status of too many requests, but waiting does not mend it."""
    details = {"error_code": "enforced_spend_limit_reached"}
    error = {"type": "rate_limit_error", "message": "Spent.", "details": details}
    server.answers = [Refusal(429, {"type": "error", "error": error})]
    with pytest.raises(ProviderError, match="no money left") as caught:
        await ask(CLAUDE)
    assert not caught.value.retryable


async def test_models_and_tokens_are_asked_for_on_demand(server):
    """The vendor lists its models with their windows, and counts the tokens of a request."""
    listed = {
        "id": MODEL,
        "type": "model",
        "display_name": "Sonnet",
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": 1_000_000,
        "max_tokens": 64_000,
    }
    server.answers = [Plain({"data": [listed], "has_more": False}), Plain({"input_tokens": 42})]
    assert await CLAUDE.offers() == [Offer(MODEL, 1_000_000, 64_000)]
    request = ModelRequest(model="m", messages=(system("Be brief."), user("Hi")), tools=(SPEC,), max_tokens=9)
    assert await CLAUDE.count(request) == 42
    assert server.paths[1] == "/v1/messages/count_tokens"
    assert server.requests[1].keys() == {"model", "messages", "system", "tools"}
    server.answers = [
        Refusal(401, {"type": "error", "error": {"type": "authentication_error", "message": "No."}})
    ]
    with pytest.raises(Authentication, match="ANTHROPIC_API_KEY was refused"):
        await CLAUDE.offers()


def test_models_and_windows_are_known_without_the_vendor():
    """The price list names the models that talk, and how much each takes."""
    assert MODEL in models_of("anthropic")
    assert (CLAUDE.window, Anthropic("claude-nobody-knows").window) == (1_000_000, None)


async def test_key_is_nowhere_but_in_the_header(server, ask, caplog):
    """No repr, no error, no log and no reply shows the key."""
    key = "sk-canary-0123456789abcdef"
    caplog.set_level("DEBUG")

    def refusal(status: int, said: str) -> Refusal:
        return Refusal(status, {"type": "error", "error": {"type": "odd", "message": said}})

    server.answers = [refusal(400, f"What is {key}?"), refusal(401, f"Wrong: {key[:8]}***"), HI]
    provider = find_provider(f"anthropic:{MODEL}")
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


def test_each_loop_has_a_client_of_its_own_and_closes_it(server):
    """A program may ask from one short-lived loop after another; no connection is left open."""
    server.answers = [HI] * 3

    async def once() -> str:
        request = ModelRequest(model="m", messages=(user("Hello"),))
        return [item async for item in CLAUDE.stream(request)][-1].message.text

    assert {asyncio.run(once()) for _ in range(3)} == {"Moss grows in shade."}
    gc.collect()  # an open socket would warn here, and a warning is an error


def test_sdk_loads_at_the_first_request_only(server):
    """Finding the provider imports nothing of the SDK, so that defining an agent stays quick."""
    code = (
        "import sys; from genxai_nb.providers.registry import model_call; model_call('anthropic:claude-x');"
        "print('anthropic' in sys.modules, 'httpx2' in sys.modules, 'genai_prices' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False"]
