"""What servers and the vendors' SDKs say in place of an answer, as errors of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from json import JSONDecodeError
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import DecodeError, json

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

from .vendors import VENDORS

if TYPE_CHECKING:
    from types import ModuleType

    from genxai_nb.secrets import Secret

_TOO_LONG = re.compile(
    r"context.{0,3}(length|limit|size|window)|maximum.{0,20}tokens|too many tokens|exceeds? .{0,40}tokens"
    r"|(prompt|input|request|conversation|messages?) (is |are )?too long",
    re.IGNORECASE,
)
_CUT_SHORT = frozenset(["context_length_exceeded", "request_too_large"])
_FILTERED = frozenset(
    [
        "bio_policy",
        "content_filter",
        "content_policy_violation",
        "image_content_policy_violation",
        "misalignment_policy_violation",
    ]
)
_PAID_UP = frozenset(
    [
        "billing_error",
        "billing_hard_limit_reached",
        "billing_not_active",
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
        "insufficient_quota",
    ]
)
_BUSY = frozenset(["overloaded_error", "rate_limit_error", "rate_limit_exceeded"])
_KEYS = {"authentication_error": 401, "permission_error": 403}
_SETTINGS = (
    "temperature",
    "stream_options",
    "parallel_tool_calls",
    "max_completion_tokens",
    "include",
    "tool_choice",
)
_FORMATS = {
    "response_format": r"response_format|json_schema|json_object",
    "text": r"text\.format|json_schema|json_object",
    "output_config": r"(?is)\A(?!.*(tools\.|input_schema))"
    r".*(output_(config|format)|structured output|compiled grammar|schema)",
}
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

    def name(self, model: str) -> str:
        """What a model of this server is called in errors."""
        return model if self.local else f"{self.provider}:{model}"


class Complaint(NamedTuple):
    """What a server says in place of an answer, or amid one.

    Attributes:
        words: Its own words.
        code: Its word for the kind of error; empty if it gives none.
        status: The status of its response; 0 amid an answer.
        param: The parameter that it complains of; empty if it names none.
        headers: The headers of its response.
    """

    words: str
    code: str = ""
    status: int = 0
    param: str = ""
    headers: Mapping[str, str] = {}

    @classmethod
    def of(cls, error: Any, status: int = 0, headers: Mapping[str, str] | None = None) -> Complaint:
        """Read the object that a server gives as its error; both OpenAI's and Anthropic's forms are known."""
        told: Mapping[str, Any] = error if isinstance(error, dict) else {"message": str(error)}
        details = told.get("details")
        codes = (
            details.get("error_code") if isinstance(details, dict) else "",
            told.get("code"),
            told.get("type"),
        )
        code = next((code for code in codes if code and isinstance(code, str)), "")
        return cls(
            str(told.get("message") or error), code, status, str(told.get("param") or ""), headers or {}
        )

    @classmethod
    def in_body(cls, body: bytes, status: int, headers: Mapping[str, str]) -> Complaint:
        """Read the body of a response that is no answer: JSON with the error in it, or any other text."""
        try:
            told = json.decode(body)
        except DecodeError:
            told = body.decode(errors="replace")
        return cls.of(told.get("error", told) if isinstance(told, dict) else told, status, headers)


def complaint_of(exc: Any) -> Complaint:
    """What a server said, from an error of the SDK of OpenAI or Anthropic."""
    body = exc.body.get("error", exc.body) if isinstance(exc.body, dict) else None
    response = getattr(exc, "response", None)
    if response is None:
        return Complaint.of(body or exc)
    return Complaint.of(body or exc, response.status_code, response.headers)


def mapped(exc: Exception, sdk: ModuleType, server: Server, model: str) -> GenXAIError:
    """Say an error of the SDK of OpenAI or Anthropic, which have the same classes, as one of ours.

    Args:
        exc: What was raised.
        sdk: The SDK's module.
        server: Where the model was asked.
        model: The model as the server calls it.
    """
    name = server.name(model)
    if isinstance(exc, sdk.APIResponseValidationError):
        return _unlike(exc, name)
    if isinstance(exc, sdk.APITimeoutError):
        return _too_late(name)
    if isinstance(exc, sdk.APIConnectionError):
        return _of_connection(exc.__cause__, server, name)
    if isinstance(exc, sdk.APIError):
        return declined(complaint_of(exc), server, model)
    return unforeseen(exc, name, server)


def unforeseen(exc: Exception, name: str, server: Server | None = None) -> GenXAIError:
    """Say as one of ours what an SDK lets through: errors of its transport, of JSON, of anything else."""
    if isinstance(exc, GenXAIError):
        return exc
    if isinstance(exc, DecodeError | JSONDecodeError):
        return ConnectionLost(f"A part of the answer of model {name!r} arrived corrupt.")
    if type(exc).__module__.startswith(("httpx", "httpcore")):
        late = "Timeout" in type(exc).__name__
        return _too_late(name) if late else _of_connection(exc, server, name)
    return _unlike(exc, name)


def refused_setting(complaint: Complaint, sent: Mapping[str, Any]) -> str | None:
    """Name what a server takes no part in, so that it can be left out, if that is why it refused.

    Args:
        complaint: What it said to a request.
        sent: The request's parameters.
    """
    said, param = complaint.words, complaint.param
    if complaint.status not in (400, 422) or complaint.code in _CUT_SHORT or _TOO_LONG.search(said):
        return None
    for form, words in _FORMATS.items():
        if form in sent and (param.startswith(form) or re.search(words, said)):
            return _lesser_format(form, sent[form])
    for setting in _SETTINGS:
        if setting in sent and (param == setting or (setting in said and _NOT_TAKEN.search(said))):
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


def _lesser_format(form: str, sent: Any) -> str:
    """What to leave out first: the schema, where JSON without one may be taken; else the whole form."""
    kind = sent.get("format", sent).get("type")
    return "json_schema" if kind == "json_schema" and form != "output_config" else form


def declined(complaint: Complaint, server: Server, model: str) -> ProviderError:
    """Say what a server said as one of our errors.

    Args:
        complaint: What it said.
        server: Where the model was asked.
        model: The model as the server calls it.
    """
    name, status, code = server.name(model), complaint.status, complaint.code
    if status in (401, 403) or (not status and code in _KEYS):
        return _of_key(status or _KEYS[code], server, name)
    if code in _CUT_SHORT or status == 413 or (status in (0, 400, 422) and _TOO_LONG.search(complaint.words)):
        return _too_long(complaint, name)
    if code in _FILTERED:
        return Refused(f"The filter before model {name!r} declined the request: {_said(complaint)}")
    if code in _PAID_UP or status == 402:
        return ProviderError(
            f"The account of {server.variable} has no money left for model {name!r}.",
            hint="Look at its billing page.",
        )
    if status == 404:
        return _of_missing(complaint, server, name)
    wait = wait_asked(complaint.headers)
    if code in _BUSY or status == 429 or (status >= 500 and wait is not None):
        return RateLimited(f"Model {name!r} takes no more requests now: {_said(complaint)}", retry_after=wait)
    if status in (408, 409) or status >= 500:
        return ConnectionLost(f"The server of model {name!r} failed with status {status}: {_said(complaint)}")
    if not status:
        return ConnectionLost(f"Model {name!r} failed amid its answer: {_said(complaint)}")
    return ProviderError(f"Model {name!r} refused the request with status {status}: {_said(complaint)}")


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


def _of_missing(complaint: Complaint, server: Server, name: str) -> ProviderError:
    if server.local:
        return ProviderError(
            f"The server at {server.url} knows no model {name!r}, or is none for Chat Completions: {_said(complaint)}",
            hint=f"Load the model there, or look at {server.url}/models for its name.",
        )
    return ProviderError(
        f"There is no model {name!r}, or the key in {server.variable} may not use it.",
        hint="Look at the vendor's list of models for its name.",
    )


def _of_connection(cause: BaseException | None, server: Server | None, name: str) -> ConnectionLost:
    if server is None or "Connect" not in type(cause).__name__:
        return _hung_up(name)
    if server.local:
        return ConnectionLost(
            f"Nothing answers at {server.url}.",
            hint="Start the server there, such as with: ollama serve, llama-server --jinja -m MODEL.gguf, "
            "vllm serve MODEL, or in LM Studio under Developer.",
        )
    vendor = VENDORS.get(server.provider)
    looked = f"the network, HTTPS_PROXY and {vendor.address}" if vendor else "the network and HTTPS_PROXY"
    return ConnectionLost(f"{server.url} cannot be reached for model {name!r}.", hint=f"Look at {looked}.")


def _hung_up(name: str) -> ConnectionLost:
    return ConnectionLost(f"The connection to model {name!r} was lost before its answer had ended.")


def _too_late(name: str) -> TimedOut:
    return TimedOut(f"Model {name!r} gave no answer in time.", hint="Raise the timeout.")


def _unlike(exc: Exception, name: str) -> BadResponse:
    said = _said(Complaint(str(exc)))
    return BadResponse(
        f"The answer of model {name!r} is not as the protocol has it: {type(exc).__name__}: {said}"
    )


def _too_long(complaint: Complaint, name: str) -> ContextTooLong:
    return ContextTooLong(
        f"The request is longer than model {name!r} takes: {_said(complaint)}",
        hint="Show the agent less of the state (reads:), or set its context_window so that its history is cut.",
    )


def _said(complaint: Complaint) -> str:
    """The server's own words, short and without keys."""
    text = redact(" ".join(complaint.words.split()))
    return text if len(text) <= 300 else f"{text[:297]}..."
