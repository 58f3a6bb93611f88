"""Text messages by Twilio's protocol."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from annotated_types import Interval, MaxLen, MinLen
from msgspec import DecodeError, Struct, json

from genxai_nb.errors import Denied, ToolFailed
from genxai_nb.guard.policy import Subject
from genxai_nb.tools.base import tool
from genxai_nb.tools.connections import find_connection
from genxai_nb.tools.outcome import Outcome

from .sending import client_of, count_recipients

__all__ = ["Queued", "sms_sender"]

LONGEST = 1600  # what Twilio takes

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_ACCOUNT = re.compile(r"[A-Za-z0-9]{2,64}")


class Queued(Struct, Outcome, frozen=True):
    """What became of a text message: its id at the service, and its state there."""

    id: str
    status: str
    to: str


def _subjects(arguments: Mapping[str, Any]) -> list[Subject]:
    return [("recipients", str(arguments.get("to_number", "")))]


@tool(
    category="communication",
    tags=["sms", "phone"],
    timeout=70,
    permissions=["network", "send", "secret"],
    subjects=_subjects,
)
async def sms_sender(
    connection: str,
    to_number: str,
    message: Annotated[str, MinLen(1), MaxLen(LONGEST)],
    *,
    timeout: Annotated[float, Interval(ge=1, le=60)] = 15,  # noqa: ASYNC109 - a parameter of the tool
    context: Any = None,
) -> Queued:
    """Send a text message to a phone by a named account of Twilio.

    The connection is twilio://ACCOUNT:TOKEN@api.twilio.com?from=+15550100, which also says the sender.

    Args:
        connection: The name of the connection.
        to_number: The phone's number with + and the country's code, such as +4930901820.
        message: The text.
        timeout: Seconds that it may take.
        context: The context of the call.

    Example:
        >>> import asyncio
        >>> asyncio.run(sms_sender("phone", "030 901820", "Hello"))
        Traceback (most recent call last):
        ...
        genxai_nb.errors.Denied: '030 901820' is no phone number. Write + and the country's code, such as +4930901820.
    """
    number = _number(to_number)
    found = find_connection(connection, "SMS", ("twilio",))
    # in a query + means a space
    sender = _number(found.options.get("from", "").replace(" ", "+") or "+", f"The sender of {connection!r}")
    if not _ACCOUNT.fullmatch(found.user) or found.password is None:
        raise ToolFailed(f"Connection {connection!r} lacks the account or its token.")
    scheme = "http" if found.scheme == "twilio+http" else "https"
    where = f"{found.host}:{found.port}" if found.port else found.host
    client = client_of(found._replace(scheme=scheme), context)
    count_recipients(context, 1)
    answer = await client.request(
        "POST",
        f"{scheme}://{where}/2010-04-01/Accounts/{found.user}/Messages.json",
        content=urlencode({"To": number, "From": sender, "Body": message}),
        headers={"content-type": "application/x-www-form-urlencoded"},
        credentials={"authorization": _basic(found.user, found.password.reveal())},
        timeout=timeout,
        redirects=0,
    )
    try:
        said = json.decode(answer.body, type=dict[str, Any])
    except (DecodeError, RecursionError):
        said = {}
    if answer.status >= 300 or "sid" not in said:
        raise ToolFailed(
            f"SMS {connection!r} was not sent: {answer.status} {said.get('message', '')!s:.300}."
        )
    return Queued(str(said["sid"]), str(said.get("status", "")), number)


def _number(text: str, what: str = "") -> str:
    if _NUMBER.fullmatch(text) is None:
        raise Denied(
            f"{what or repr(text)[:60]} is no phone number.",
            hint="Write + and the country's code, such as +4930901820.",
        )
    return text


def _basic(user: str, password: str) -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
