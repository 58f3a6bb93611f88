"""The policy in the chain: each call of a tool is allowed, denied, or put to a person first."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from msgspec import structs

from genxai_nb.errors import CallError, Denied, HumanAnswerMissing
from genxai_nb.guard.policy import PROFILES, Judgement, Policy, Subject, judge
from genxai_nb.guard.visible import visible
from genxai_nb.secrets import redact

from .call import Call, Handler

__all__ = ["Guard"]

CHOICES = ("allow", "always", "deny")
ONCE = ("allow", "deny")  # what has no folder, host, table or recipient is different each time
_MOST_SHOWN = 10_000
_DEFAULT = (PROFILES["default"],)

Denial = Callable[[Call, Any, CallError | None], Awaitable[None]]


class Guard:
    """Middleware that asks the policies about each call of a tool.

    A person who is asked may allow the call, allow ``always`` (this tool, for the same folders, hosts, tables and
    recipients and as long as the run is driven; offered only if there are such), or deny it. What is denied
    reaches the model as an error in words, and the journal as a failed call.

    Attributes:
        denied: Records a call that was not allowed.
    """

    def __init__(self) -> None:
        self.denied: Denial | None = None
        self._always: set[tuple[Any, ...]] = set()

    async def __call__(self, call: Call, proceed: Handler) -> Any:
        """Let an allowed call go on.

        Raises:
            Denied: A policy, or the person who was asked, did not allow it.
        """
        if call.kind != "tool":
            return await proceed(call)
        policies = getattr(call.context, "policies", ()) or _DEFAULT
        needs = call.traits.needs
        permissions = call.traits.permissions if needs is None else frozenset(needs(call.request))
        if not permissions and policies is _DEFAULT:
            return await proceed(call)
        try:
            subjects = _subjects(call)
            judgement = judge(policies, call.name, permissions, subjects)
            if judgement.verdict == "deny":
                raise _denial(call, judgement)
            if judgement.verdict == "ask":
                await self._ask(call, judgement, permissions, subjects)
        except CallError as exc:
            if self.denied is not None:
                await self.denied(call, None, exc)
            raise
        return await proceed(call)

    async def _ask(
        self, call: Call, judgement: Judgement, permissions: Iterable[str], subjects: list[Subject]
    ) -> None:
        about = (call.name, *sorted(permissions), *sorted(subjects))
        if about not in self._always:
            choices = CHOICES if subjects else ONCE
            try:
                answer = await call.context.ask_human(_question(call, judgement), choices=choices)
            except (HumanAnswerMissing, CallError) as exc:
                nobody = Judgement("deny", f"{judgement.why}, and nobody is there to ask", judgement.hint)
                raise _denial(call, nobody) from exc
            if answer == "deny":
                raise _denial(call, Judgement("deny", "the person who was asked said no", "Do without it."))
            if answer == "always":
                self._always.add(about)
        if judgement.beyond:
            call.context = call.context.under(tuple(map(_lifted, call.context.policies)))


def _lifted(policy: Policy) -> Policy:
    """A policy without the lists that a person's yes goes beyond; private addresses stay out of reach."""
    if policy.outside == "deny":
        return policy
    return structs.replace(policy, hosts=None, recipients=None)


def _subjects(call: Call) -> list[Subject]:
    """The folders, URLs, tables and recipients among a call's arguments."""
    named = call.traits.subjects
    if callable(named):
        return list(named(call.request))
    return [
        (kind, text) for name, kind in named if name in call.request for text in _texts(call.request[name])
    ]


def _texts(value: Any) -> Iterable[str]:
    """All texts in an argument, whichever way it was nested."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif value is not None:
        yield str(value)


def _denial(call: Call, judgement: Judgement) -> Denied:
    what = f"Tool {call.name!r} was not called: {judgement.why.removesuffix('.')}."
    return Denied(what, hint=judgement.hint)


def _question(call: Call, judgement: Judgement) -> str:
    given = ", ".join(f"{visible(str(name))}={_seen(value)}" for name, value in dict(call.request).items())
    return redact(f"May {call.scope.node} call {call.name}({given})? {judgement.why.capitalize()}.")


def _seen(value: Any) -> str:
    if isinstance(value, str):
        return f'"{visible(value, _MOST_SHOWN)}"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_seen(str(key))}: {_seen(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_seen, value)) + "]"
    return visible(json.dumps(value, default=str), _MOST_SHOWN)
