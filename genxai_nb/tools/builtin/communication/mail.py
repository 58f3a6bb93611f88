"""Mail over SMTP."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import PurePath
from typing import Annotated, Any, Literal

from annotated_types import Interval, MaxLen, MinLen
from msgspec import Struct

from genxai_nb.errors import Denied, MissingPackage, ToolFailed
from genxai_nb.guard.policy import Subject, roots_of
from genxai_nb.tools.base import tool
from genxai_nb.tools.builtin.computation.validation import data_validator
from genxai_nb.tools.connections import Connection, find_connection
from genxai_nb.tools.outcome import Outcome

from .sending import count_recipients, one_line

__all__ = ["Sent", "email_sender", "send_mail"]

MOST_TO = 20
LONGEST_BODY = 200_000
MOST_ATTACHED = 10
LARGEST = 10_000_000  # bytes of all attachments

Addresses = Annotated[list[str], MaxLen(MOST_TO)]


class Sent(Struct, Outcome, frozen=True, omit_defaults=True):
    """What became of a mail.

    Attributes:
        accepted: The recipients that the server took it for.
        refused: The other ones, with the server's reason.
        message_id: Its id.
        attached: The names of its attachments.
    """

    accepted: list[str]
    message_id: str
    refused: dict[str, str] = {}
    attached: list[str] = []


def _subjects(arguments: Mapping[str, Any]) -> Iterable[Subject]:
    for name in ("to", "cc", "bcc", "reply_to"):
        for address in _listed(arguments.get(name)):
            yield "recipients", address.strip().lower()
    for path in _listed(arguments.get("attachments")):
        yield "roots", path


def _listed(value: Any) -> list[str]:
    """The texts of an argument that is not checked yet."""
    return [str(item) for item in (value if isinstance(value, list) else [value]) if item]


@tool(
    category="communication",
    tags=["mail"],
    timeout=130,
    permissions=["network", "send", "secret"],
    subjects=_subjects,
)
async def email_sender(  # noqa: PLR0913 - what each means is told to the model
    connection: str,
    to: Annotated[list[str], MinLen(1), MaxLen(MOST_TO)],
    subject: Annotated[str, MinLen(1), MaxLen(300)],
    body: Annotated[str, MaxLen(LONGEST_BODY)],
    *,
    cc: Addresses | None = None,
    bcc: Addresses | None = None,
    reply_to: str | None = None,
    html: bool = False,
    attachments: Annotated[list[str], MaxLen(MOST_ATTACHED)] | None = None,
    timeout: Annotated[float, Interval(ge=1, le=120)] = 30,  # noqa: ASYNC109 - a parameter of the tool
    context: Any = None,
) -> Sent:
    r"""Send a mail by a named mail server.

    Args:
        connection: The name of the connection, which also says who the sender is.
        to: Addresses such as ann@example.org.
        subject: One line.
        body: The text, or HTML if html is true.
        cc: Addresses that get a copy.
        bcc: Addresses that get a copy which the others do not see.
        reply_to: The address that answers should go to.
        html: Whether the body is HTML.
        attachments: Paths of files to attach, 10 MB at most in all.
        timeout: Seconds that it may take.
        context: The context of the call.

    Example:
        >>> import asyncio
        >>> asyncio.run(email_sender("office", ["ann@example.org\nBcc: eve@example.org"], "Hello", "Hi."))
        Traceback (most recent call last):
        ...
        genxai_nb.errors.Denied: 'ann@example.org\nBcc: eve@example.org' is no mail address: ...
    """
    recipients = [_address(one) for one in (*to, *(cc or []), *(bcc or []))]
    found = find_connection(connection, "mail", ("smtp", "smtps"))
    message = EmailMessage()
    message["From"] = _sender(found)
    message["To"] = ", ".join(map(_address, to))
    if cc:
        message["Cc"] = ", ".join(map(_address, cc))
    if reply_to:
        message["Reply-To"] = _address(reply_to)
    message["Subject"] = one_line(subject, "The subject")
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = _message_id(context)
    message.set_content(body, subtype="html" if html else "plain")
    names = _attach(message, attachments or [], context)
    count_recipients(context, len(recipients))
    refused = await send_mail(message, list(dict.fromkeys(recipients)), found, timeout)
    accepted = [one for one in dict.fromkeys(recipients) if one not in refused]
    return Sent(accepted, str(message["Message-ID"]), refused, names)


def _message_id(context: Any) -> str:
    """The id of a mail, the same when a call is made again after a crash, so that a reader's program sees it once."""
    key = getattr(context, "idempotency_key", "")
    return f"<{key}@genxai-nb.invalid>" if key else make_msgid(domain="genxai-nb.invalid")


def _address(text: str) -> str:
    """An address as it is written in a header.

    Raises:
        Denied: It is none.
    """
    checked = data_validator(text.strip(), "email")
    if not checked.valid or text != one_line_or_not(text):
        raise Denied(f"{text!r:.120} is no mail address: {checked.problem or 'it has hidden characters'}.")
    local, _, domain = str(checked.value).rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as exc:
        raise Denied(f"{text!r:.120} is no mail address: its domain has no form in ASCII.") from exc


def one_line_or_not(text: str) -> str:
    """The text without what is not printable in ASCII or a letter of a language."""
    return "".join(character for character in text if character.isprintable())


def _sender(connection: Connection) -> str | Address:
    sender = connection.options.get("from") or connection.user
    if not data_validator(sender, "email").valid:
        raise ToolFailed(
            f"Connection {connection.name!r} does not say who the sender is.",
            hint="A person can add ?from=me@example.org.",
        )
    name = connection.options.get("name", "")
    return Address(one_line(name, "The sender's name"), addr_spec=sender) if name else sender


def _attach(message: EmailMessage, paths: list[str], context: Any) -> list[str]:
    roots, total, names = roots_of(context), 0, []
    for path in paths:
        with roots.open(path) as file:
            content = file.read(LARGEST + 1 - total)
        total += len(content)
        if total > LARGEST:
            raise ToolFailed(
                f"The attachments have more than {LARGEST} bytes.", hint="Send fewer, or compress them."
            )
        name = one_line(PurePath(path).name, "The name of an attachment")
        kind, coding = mimetypes.guess_type(name)
        main, _, sub = (kind if kind and not coding else "application/octet-stream").partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
        names.append(name)
    return names


async def send_mail(
    message: EmailMessage, recipients: list[str], connection: Connection, seconds: float
) -> dict[str, str]:
    """Hand a mail to the server of a connection; returns the recipients that it refused, with reasons.

    Raises:
        ToolFailed: The server cannot be reached, refuses the sign-in, or refuses all recipients.
        MissingPackage: aiosmtplib is not installed.
    """
    try:
        import aiosmtplib
    except ImportError as exc:
        raise MissingPackage("aiosmtplib", "tools") from exc
    secure: Literal["smtps", "starttls", "plain"] = "smtps" if connection.scheme == "smtps" else "starttls"
    if connection.scheme == "smtp" and connection.options.get("starttls") == "never":
        if connection.password is not None:
            raise ToolFailed(f"Connection {connection.name!r} would send its password in the clear.")
        secure = "plain"
    client = aiosmtplib.SMTP(
        hostname=connection.host,
        port=connection.port or {"smtps": 465, "starttls": 587, "plain": 25}[secure],
        timeout=seconds,
        use_tls=secure == "smtps",
        start_tls=secure == "starttls",
        username=connection.user if connection.password is not None else None,
        password=connection.password.reveal() if connection.password is not None else None,
    )
    try:
        async with client:
            refused, _ = await client.send_message(message, recipients=recipients)
    except aiosmtplib.SMTPRecipientsRefused as exc:
        reasons = "; ".join(f"{one.recipient}: {one.message}" for one in exc.recipients)
        raise ToolFailed(
            f"The server of {connection.name!r} refused all recipients: {reasons:.500}."
        ) from exc
    except (aiosmtplib.SMTPException, OSError) as exc:
        raise ToolFailed(f"Mail server {connection.name!r}: {type(exc).__name__}: {exc!s:.300}.") from exc
    return {address: str(response.message)[:300] for address, response in refused.items()}
