"""Messages to Slack by an incoming webhook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from annotated_types import Interval, MaxLen, MinLen
from msgspec import Struct

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.policy import Subject
from genxai_nb.tools.base import tool
from genxai_nb.tools.connections import find_connection
from genxai_nb.tools.outcome import Outcome

from .sending import client_of, count_recipients, one_line

__all__ = ["Posted", "slack_notifier"]

LONGEST = 40_000  # what Slack takes

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_CALLS = ("@channel", "@here", "@everyone")


class Posted(Struct, Outcome, frozen=True):
    """What became of a message."""

    posted: bool
    channel: str


def _subjects(arguments: Mapping[str, Any]) -> list[Subject]:
    channel = str(arguments.get("channel") or "").strip().lower()
    return [("recipients", f"slack:{arguments.get('connection', '')}{'/' if channel else ''}{channel}")]


@tool(
    category="communication",
    tags=["slack", "chat"],
    timeout=70,
    permissions=["network", "send", "secret"],
    subjects=_subjects,
)
async def slack_notifier(
    connection: str,
    message: Annotated[str, MinLen(1), MaxLen(LONGEST)],
    *,
    username: Annotated[str, MaxLen(80)] | None = None,
    icon_emoji: Annotated[str, MaxLen(80)] | None = None,
    channel: Annotated[str, MaxLen(80)] | None = None,
    timeout: Annotated[float, Interval(ge=1, le=60)] = 15,  # noqa: ASYNC109 - a parameter of the tool
    context: Any = None,
) -> Posted:
    """Post a message to Slack by a named incoming webhook.

    Mentions such as @channel reach nobody: they are shown as plain text.

    Args:
        connection: The name of the connection that holds the webhook's address.
        message: The text; *bold*, _italic_ and `code` as in Slack.
        username: The name to show as sender.
        icon_emoji: The sender's picture, such as :robot_face:.
        channel: Another channel than the webhook's own, if that webhook may post there.
        timeout: Seconds that it may take.
        context: The context of the call.

    Example:
        >>> import asyncio
        >>> asyncio.run(slack_notifier("team", "Done.", icon_emoji="robot"))
        Traceback (most recent call last):
        ...
        genxai_nb.errors.Denied: 'robot' is no emoji of Slack. Write it as :robot_face:.
    """
    payload: dict[str, Any] = {
        "text": harmless(message),
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    if username:
        payload["username"] = one_line(username, "The sender's name")
    if icon_emoji:
        if not (
            icon_emoji[0] == icon_emoji[-1] == ":"
            and icon_emoji[1:-1].replace("_", "").replace("-", "").isalnum()
        ):
            raise Denied(f"{icon_emoji!r} is no emoji of Slack.", hint="Write it as :robot_face:.")
        payload["icon_emoji"] = icon_emoji
    if channel:
        payload["channel"] = one_line(channel, "The channel")
    found = find_connection(connection, "Slack", ("https", "http"))
    client = client_of(found, context)
    count_recipients(context, 1)
    answer = await client.request("POST", found.url.reveal(), json=payload, timeout=timeout, redirects=0)
    if answer.status != 200:
        raise ToolFailed(
            f"Slack {connection!r} did not take the message: {answer.status} {answer.text:.200}."
        )
    return Posted(posted=True, channel=channel or "")


def harmless(message: str) -> str:
    r"""A text in which nothing is a link with another face, or calls a whole channel.

    Example:
        >>> harmless("<!channel> <https://evil.example|our bank> @here")
        '&lt;!channel&gt; &lt;https://evil.example|our bank&gt; @\u200bhere'
    """
    text = message.translate(_ESCAPES)
    for call in _CALLS:
        text = text.replace(call, f"@\u200b{call[1:]}")
    return text
