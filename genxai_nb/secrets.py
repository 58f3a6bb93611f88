"""Secrets: a value that cannot be shown or stored, and what finds keys in text.

The values of the environment's keys and of every `Secret` are *known*: where one turns up in what would be
recorded or shown, its name stands in its place. What merely looks like a key is found by its form.
"""

from __future__ import annotations

import hmac
import os
import re
import threading
from typing import Any, NoReturn

from msgspec import Struct, json, structs

from .errors import InputError, NotStorable

__all__ = [
    "Finding",
    "Secret",
    "any_known",
    "find_secrets",
    "held_secret",
    "learn_environment",
    "mask",
    "redact",
    "scrub",
]

_NAME = re.compile(r"(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(?:_|$)", re.IGNORECASE)
_SHORTEST = 12
_PLAIN_WORDS = re.compile(r"[A-Za-z]+|[0-9]+")

_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(form))
    for name, form in (
        ("a private key", r"-----BEGIN (?:[A-Z ]+ )?PRIVATE KEY-----"),
        ("an Anthropic key", r"\bsk-ant-[A-Za-z0-9_-]{16,}"),
        ("an OpenAI key", r"\bsk-(?:proj-|svcacct-|admin-)?(?!ant-)[A-Za-z0-9_-]{20,}"),
        ("a Google key", r"\bAIza[A-Za-z0-9_-]{35}"),
        ("an AWS key", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
        ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})"),
        ("a Slack token", r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
        ("a Slack webhook", r"https://hooks\.slack\.com/services/[A-Za-z0-9/]{20,}"),
        ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}"),
        ("a Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
        ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
        ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
        ("a password in an address", r"\b[a-z][a-z0-9+.-]*://[^\s:/@'\"{}$]+:[^\s:/@'\"{}$]{3,}@"),
        (
            "a key in an assignment",
            r"(?i)\b\w*(?:api_?key|token|secret|passw(?:or)?d)\w*[\"']?\s*[:=]\s*[\"']"
            r"(?=[^\"'\s]*[0-9])(?=[^\"'\s]*[A-Za-z])[^\"'\s{}$]{12,}[\"']",
        ),
    )
)

_known: dict[
    str, str
] = {}  # the name of each known value, the longest first; never changed, since threads read it
_learning = threading.Lock()
_learned = 0  # the hash of the environment as it was last read


class Finding(Struct, frozen=True):
    """Something in a text that looks like a key.

    Attributes:
        what: What it looks like, such as ``an OpenAI key``.
        start: Where it begins in the text, counted from 0.
        end: Where it ends.
    """

    what: str
    start: int
    end: int


class Secret:
    """A value that is neither printed nor pickled nor stored; only `reveal` gives it.

    Args:
        value: The value.
        name: What it is called where it is hidden, such as the variable that it comes from.

    Raises:
        InputError: The value is no text, or empty.

    Example:
        >>> key = Secret("correct-horse-battery-1", name="SERVICE_KEY")
        >>> key
        Secret('SERVICE_KEY')
        >>> f"{key}"
        '[secret SERVICE_KEY]'
    """

    __slots__ = ("_value", "name")

    def __init__(self, value: str, *, name: str = "secret") -> None:
        text: object = value
        if not isinstance(text, str) or not text:
            raise InputError(
                f"A secret has to be text, and no empty one; this is of type {type(value).__name__}."
            )
        self._value = value
        self.name = name
        if _telling(value):
            _learn({value: name})

    @classmethod
    def from_environment(cls, variable: str) -> Secret:
        """Read a secret from a variable of the environment.

        Raises:
            InputError: The variable is not set, or empty.
        """
        value = os.environ.get(variable, "")
        if not value:
            raise InputError(
                f"The variable {variable} is not set.",
                hint=f"Set it where the program is started: export {variable}=...",
            )
        return cls(value, name=variable)

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"

    def __str__(self) -> str:
        return _mark(self.name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: Any) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise NotStorable(self.name, self, "is a secret")

    def __getstate__(self) -> NoReturn:
        raise NotStorable(self.name, self, "is a secret")


def find_secrets(text: str) -> list[Finding]:
    """Find what looks like a key, and the known values, in a text; in order, without overlaps.

    Example:
        >>> [finding.what for finding in find_secrets("use ghp_0123456789abcdefghijABCDEFGHIJ012345")]
        ['a GitHub token']
    """
    found = [Finding(what, *match.span()) for what, form in _FORMS for match in form.finditer(text)]
    for value, name in _known.items():
        start = text.find(value)
        while start >= 0:
            found.append(Finding(f"the value of {name}", start, start + len(value)))
            start = text.find(value, start + len(value))
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or finding.start >= kept[-1].end:
            kept.append(finding)
    return kept


def learn_environment() -> None:
    """Take the values of the environment's keys as known, if the environment has changed since it was last read."""
    global _learned
    found = tuple(os.environ.items())
    if (state := hash(found)) == _learned:
        return
    _learned = state
    _learn({value: name for name, value in reversed(found) if _NAME.search(name) and _telling(value)})


def _learn(values: dict[str, str]) -> None:
    """Take values as known from now on, by the first name that each was given."""
    global _known
    with _learning:
        if not values.keys() <= _known.keys():
            _known = dict(sorted({**values, **_known}.items(), key=lambda known: -len(known[0])))


def held_secret(text: str | bytes) -> str:
    """The name of a known secret whose value is in a text, or in its bytes; empty if there is none."""
    if isinstance(text, bytes):
        return next((name for value, name in _known.items() if _escaped(value) in text), "")
    return next((name for value, name in _known.items() if value in text), "")


def any_known() -> bool:
    """Whether there is a secret to look for."""
    return bool(_known)


def redact(text: str) -> str:
    """Put the names of known secrets in place of their values."""
    for value, name in _known.items():
        if value in text:
            text = text.replace(value, _mark(name))
    return text


def mask(text: str) -> str:
    """Put what it is in place of everything in a text that looks like a key.

    Example:
        >>> mask("use ghp_0123456789abcdefghijABCDEFGHIJ012345")
        'use [a GitHub token]'
    """
    for finding in reversed(find_secrets(text)):
        text = f"{text[: finding.start]}[{finding.what}]{text[finding.end :]}"
    return text


def scrub(value: Any) -> Any:
    """Put the names of known secrets in place of their values, in all text of plain data and messages.

    What holds none is handed back as it is. Nothing else is looked into.
    """
    return _scrubbed(value) if _known else value


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if type(value) is dict:
        pairs = {_scrubbed(key): _scrubbed(item) for key, item in value.items()}
        return pairs if _differs(pairs.values(), value.values()) or pairs.keys() != value.keys() else value
    if type(value) in (list, tuple):
        items = [_scrubbed(item) for item in value]
        return type(value)(items) if _differs(items, value) else value
    if isinstance(value, Struct):
        before = {name: getattr(value, name) for name in value.__struct_fields__}
        after = {name: _scrubbed(item) for name, item in before.items()}
        return structs.replace(value, **after) if _differs(after.values(), before.values()) else value
    return value


def _differs(after: Any, before: Any) -> bool:
    return any(one is not other for one, other in zip(after, before, strict=True))


def _telling(value: str) -> bool:
    """Whether a value is long and odd enough that finding it in a text is no accident."""
    return (
        len(value) >= _SHORTEST
        and not any(character.isspace() for character in value)
        and (len(value) >= 2 * _SHORTEST or _PLAIN_WORDS.fullmatch(value) is None)
        and not value.startswith(("/", "./", "~"))
    )


def _escaped(value: str) -> bytes:
    """A value as it stands in JSON."""
    return json.encode(value)[1:-1]


def _mark(name: str) -> str:
    return f"[secret {name}]"
