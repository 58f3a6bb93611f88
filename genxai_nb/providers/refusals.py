"""What the SDK of OpenAI raises, as errors of ours: the one place where they are mapped."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

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
from genxai_nb.secrets import redact

if TYPE_CHECKING:
    from types import ModuleType

    from genxai_nb.secrets import Secret

_TOO_LONG = re.compile(
    r"context.{0,3}(length|window|size)|maximum.{0,20}tokens|too many tokens|exceeds? .{0,40}tokens"
    r"|(prompt|input|request|conversation|messages?) (is |are )?too long",
    re.IGNORECASE,
)
_FILTERED = frozenset(["content_filter", "content_policy_violation"])
_PAID_UP = frozenset(["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"])
_SETTINGS = ("temperature", "stream_options", "parallel_tool_calls", "max_completion_tokens")
_NOT_TAKEN = re.compile(
    r"unsupported|not support|unknown|unrecognized|unexpected|not permitted|not allowed|extra", re.I
)


class Server(NamedTuple):
    """Where a model is asked, and with what key; ``variable`` holds it. A ``local`` one a person has to start."""

    provider: str
    url: str
    variable: str
    key: Secret | None
    local: bool = False


def mapped(exc: Exception, sdk: ModuleType, server: Server, model: str) -> GenXAIError:
    """Say an error of the SDK as one of ours.

    Args:
        exc: What was raised.
        sdk: The SDK's module.
        server: Where the model was asked.
        model: The model as the server calls it.
    """
    if isinstance(exc, GenXAIError):
        return exc
    name = f"{server.provider}:{model}" if not server.local else model
    if isinstance(exc, sdk.APIStatusError):
        return _of_status(exc, server, name)
    if isinstance(exc, sdk.APITimeoutError):
        return TimedOut(f"Model {name!r} gave no answer in time.", hint="Raise the timeout.")
    if isinstance(exc, sdk.APIConnectionError):
        return _of_connection(exc, server, name)
    if isinstance(exc, sdk.APIError) and not isinstance(exc, sdk.APIResponseValidationError):
        return _of_body(exc, server, name) or ConnectionLost(
            f"Model {name!r} failed amid its answer: {_said(exc)}"
        )
    if isinstance(exc, json.JSONDecodeError):
        return ConnectionLost(f"A part of the answer of model {name!r} arrived corrupt.")
    if type(exc).__module__.startswith("httpx"):
        return ConnectionLost(f"The connection to model {name!r} was lost: {_said(exc)}")
    return BadResponse(
        f"The answer of model {name!r} is not as the protocol has it: {type(exc).__name__}: {_said(exc)}"
    )


def refused_setting(exc: Any, sent: Mapping[str, Any]) -> str | None:
    """Name what a server takes no part in, so that it can be left out, if that is why it refused.

    Args:
        exc: The SDK's error for a request that the server refused.
        sent: The request's parameters.
    """
    said = str(exc)
    if exc.code == "context_length_exceeded" or _TOO_LONG.search(said):
        return None
    if "response_format" in sent and (exc.param or "").startswith("response_format"):
        return _lesser_format(sent)
    if "response_format" in sent and re.search(r"response_format|json_schema|json_object", said):
        return _lesser_format(sent)
    for setting in _SETTINGS:
        if setting in sent and (exc.param == setting or (setting in said and _NOT_TAKEN.search(said))):
            return setting
    return None


def wait_asked(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait in ``Retry-After``, as a number or a date; None if it does not."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    asked = headers.get("retry-after")
    if asked is None or (seconds := _number(asked)) is not None:
        return None if asked is None else seconds
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time())
    except ValueError:
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _lesser_format(sent: Mapping[str, Any]) -> str:
    return "json_schema" if sent["response_format"]["type"] == "json_schema" else "response_format"


def _of_status(exc: Any, server: Server, name: str) -> GenXAIError:
    status: int = exc.status_code
    if status in (401, 403):
        return _of_key(status, server, name)
    if (known := _of_body(exc, server, name)) is not None:
        return known
    if status == 404:
        return _of_missing(exc, server, name)
    if status == 413 or (status in (400, 422) and _TOO_LONG.search(str(exc))):
        return _too_long(exc, name)
    wait = wait_asked(exc.response.headers)
    if status == 429 or (status >= 500 and wait is not None):
        return RateLimited(f"Model {name!r} takes no more requests now: {_said(exc)}", retry_after=wait)
    if status in (408, 409) or status >= 500:
        return ConnectionLost(f"The server of model {name!r} failed with status {status}: {_said(exc)}")
    return ProviderError(f"Model {name!r} refused the request with status {status}: {_said(exc)}")


def _of_key(status: int, server: Server, name: str) -> Authentication:
    if status == 403:
        return Authentication(
            f"The key in {server.variable} may not use model {name!r}.",
            hint="Choose another model, or a key of a project that may.",
        )
    if server.key is None:
        return Authentication(
            f"The server at {server.url} wants a key for model {name!r}.", hint=f"Set {server.variable}."
        )
    return Authentication(
        f"The key in {server.variable} was refused for model {name!r}.",
        hint=f"Set {server.variable} to a valid key.",
    )


def _of_body(exc: Any, server: Server, name: str) -> GenXAIError | None:
    """What the error's code tells, if it tells something."""
    code = exc.code or exc.type or ""
    if code == "context_length_exceeded":
        return _too_long(exc, name)
    if code in _FILTERED:
        return Refused(f"The filter before model {name!r} declined the request: {_said(exc)}")
    if code in _PAID_UP:
        return ProviderError(
            f"The account of {server.variable} has no money left for model {name!r}.",
            hint="Look at its billing page.",
        )
    if code in ("rate_limit_exceeded", "rate_limit_error") and not hasattr(exc, "status_code"):
        return RateLimited(f"Model {name!r} takes no more requests now: {_said(exc)}")
    return None


def _of_missing(exc: Any, server: Server, name: str) -> ProviderError:
    if server.local:
        return ProviderError(
            f"The server at {server.url} knows no model {name!r}, or is none for Chat Completions: {_said(exc)}",
            hint=f"Load the model there, or look at {server.url}/models for its name.",
        )
    return ProviderError(
        f"There is no model {name!r}, or the key in {server.variable} may not use it.",
        hint="Look at the vendor's list of models for its name.",
    )


def _of_connection(exc: Any, server: Server, name: str) -> ConnectionLost:
    cause = type(exc.__cause__).__name__
    if "Connect" not in cause:
        return ConnectionLost(f"The connection to model {name!r} was lost before its answer had ended.")
    if server.local:
        return ConnectionLost(
            f"Nothing answers at {server.url}.",
            hint="Start the server there, such as with: ollama serve, llama-server --jinja -m MODEL.gguf, "
            "vllm serve MODEL, or in LM Studio under Developer.",
        )
    return ConnectionLost(
        f"{server.url} cannot be reached for model {name!r}.",
        hint="Look at the network, HTTPS_PROXY and OPENAI_BASE_URL.",
    )


def _too_long(exc: Any, name: str) -> ContextTooLong:
    return ContextTooLong(
        f"The request is longer than model {name!r} takes: {_said(exc)}",
        hint="Show the agent less of the state (reads:), or set its context_window so that its history is cut.",
    )


def _said(exc: BaseException) -> str:
    """The server's own words, short and without keys."""
    body = getattr(exc, "body", None)
    said = body.get("message") if isinstance(body, dict) else None
    text = redact(" ".join(str(said or exc).split()))
    return text if len(text) <= 300 else f"{text[:297]}..."
