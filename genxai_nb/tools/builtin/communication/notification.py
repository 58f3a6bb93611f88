"""One message on several channels at once, each really sent and reported."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from annotated_types import MaxLen, MinLen
from msgspec import Struct

from genxai_nb.errors import GenXAIError, ToolFailed
from genxai_nb.guard.policy import Subject
from genxai_nb.tools.base import tool
from genxai_nb.tools.outcome import Outcome

from .mail import email_sender
from .slack import slack_notifier
from .sms import sms_sender
from .webhook import webhook_caller

__all__ = ["Channels", "Notified", "notification_manager"]

LONGEST_SMS = 1600

Priority = Literal["low", "normal", "high", "urgent"]
_MARKS: dict[str, str] = {"low": "", "normal": "", "high": "[high] ", "urgent": "[urgent] "}


@dataclass(frozen=True)
class Email:
    """By mail: a named mail server and addresses."""

    connection: str
    to: list[str]


@dataclass(frozen=True)
class Slack:
    """By Slack: a named webhook."""

    connection: str


@dataclass(frozen=True)
class Sms:
    """By text message: a named account and a phone."""

    connection: str
    to_number: str


@dataclass(frozen=True)
class Webhook:
    """By webhook: a named connection, or an address."""

    connection: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Channels:
    """The channels to use; at least one."""

    email: Email | None = None
    slack: Slack | None = None
    sms: Sms | None = None
    webhook: Webhook | None = None

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - the name and form that pydantic reads


class Told(Struct, frozen=True, omit_defaults=True):
    """What became of one channel."""

    sent: bool
    detail: str = ""
    error: str = ""


class Notified(Struct, Outcome, frozen=True):
    """What became of each channel."""

    sent: int
    failed: int
    channels: dict[str, Told]


def _subjects(arguments: Mapping[str, Any]) -> Iterable[Subject]:
    channels = arguments.get("channels")
    for name, given in channels.items() if isinstance(channels, dict) else ():
        if name in _TOOLS and isinstance(given, dict):
            made = _TOOLS[name].traits.subjects
            yield from made(given) if callable(made) else ()


_TOOLS = {"email": email_sender, "slack": slack_notifier, "sms": sms_sender, "webhook": webhook_caller}


@tool(
    category="communication",
    tags=["notify"],
    timeout=130,
    permissions=["network", "send", "secret"],
    subjects=_subjects,
)
async def notification_manager(
    message: Annotated[str, MinLen(1), MaxLen(40_000)],
    channels: Channels,
    *,
    title: Annotated[str, MaxLen(200)] | None = None,
    priority: Priority = "normal",
    context: Any = None,
) -> Notified:
    """Send one message by mail, Slack, text message and webhook at once.

    Each channel is tried whatever becomes of the others; what failed is reported beside what was sent.

    Args:
        message: The text.
        channels: The channels, such as {"slack": {"connection": "team"}}.
        title: A title; by default the beginning of the message.
        priority: How urgent it is; it stands in the title.
        context: The context of the call.

    Example:
        >>> import asyncio
        >>> asyncio.run(notification_manager("Done.", Channels()))
        Traceback (most recent call last):
        ...
        genxai_nb.errors.ToolFailed: No channel is given. Give email, slack, sms or webhook.
    """
    wanted = {name: given for name, given in asdict(channels).items() if given is not None}
    if not wanted:
        raise ToolFailed("No channel is given.", hint="Give email, slack, sms or webhook.")
    first = message.strip().splitlines()[0] if message.strip() else "Notification"
    heading = _MARKS[priority] + (title or first[:80])
    ways = {
        "email": lambda given: email_sender(**given, subject=heading, body=message, context=context),
        "slack": lambda given: slack_notifier(**given, message=f"*{heading}*\n{message}", context=context),
        "sms": lambda given: sms_sender(
            **given,
            message=f"{heading}: {message}"[:LONGEST_SMS] if title else message[:LONGEST_SMS],
            context=context,
        ),
        "webhook": lambda given: webhook_caller(
            **given, payload={"title": heading, "message": message, "priority": priority}, context=context
        ),
    }
    told = await asyncio.gather(*(_told(ways[name](given)) for name, given in wanted.items()))
    made = dict(zip(wanted, told, strict=True))
    sent = sum(one.sent for one in told)
    if not sent:
        reasons = " ".join(f"{name}: {one.error}" for name, one in made.items())
        raise ToolFailed(f"Nothing was sent. {reasons}")
    return Notified(sent, len(told) - sent, made)


async def _told(sending: Any) -> Told:
    try:
        made = await sending
    except GenXAIError as exc:
        return Told(sent=False, error=str(exc))
    refused = getattr(made, "ok", True) is False
    if refused:
        return Told(sent=False, error=f"It was answered with status {made.status}.")
    return Told(sent=True, detail=_detail(made))


def _detail(made: Any) -> str:
    for name in ("message_id", "id", "status"):
        if getattr(made, name, ""):
            return f"{name} {getattr(made, name)}"
    return ""
