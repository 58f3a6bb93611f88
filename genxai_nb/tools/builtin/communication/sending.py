"""What all messages have in common: a count of recipients in a run, and a client for the service of a connection."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from msgspec import structs

from genxai_nb.errors import Denied
from genxai_nb.guard.policy import policies_of
from genxai_nb.guard.urls import refuse_host
from genxai_nb.guard.visible import visible

if TYPE_CHECKING:
    from genxai_nb.tools.connections import Connection
    from genxai_nb.tools.http import Client

__all__ = ["MOST_RECIPIENTS", "client_of", "count_recipients", "one_line"]

MOST_RECIPIENTS = 100  # in one run

_PORTS = {"http": 80, "https": 443}
_RUNS = 1000
_counted: OrderedDict[str, int] = OrderedDict()


def count_recipients(context: Any, number: int) -> None:
    """Count the recipients of a run, so that an agent in a loop does not flood anybody.

    Raises:
        Denied: There would be more than 100 in this run.
    """
    run = getattr(context, "run_id", "")
    if not run:
        return
    total = _counted.get(run, 0) + number
    if total > MOST_RECIPIENTS:
        raise Denied(
            f"This run has sent {total - number} messages; with these it would be more than {MOST_RECIPIENTS}.",
            hint="Send fewer, or start another run.",
        )
    _counted[run] = total
    while len(_counted) > _RUNS:
        _counted.popitem(last=False)


def one_line(text: str, what: str) -> str:
    """A text that stands in a header or a name, without line breaks and what else cannot be seen.

    Raises:
        Denied: It has such characters.
    """
    if visible(text) != text.replace("\\", "\\\\"):
        raise Denied(
            f"{what} has characters that cannot be seen: '{visible(text, 200)}'.",
            hint="Write it in one plain line.",
        )
    return text


def client_of(connection: Connection, context: Any) -> Client:
    """A client that reaches the host of a connection and no other one.

    The person who set the connection chose its host, which may be a private one; a policy that lists other hosts
    only still holds.

    Raises:
        Denied: A policy lists hosts, and this is none of them.
    """
    from genxai_nb.tools.http import Client

    scheme = connection.scheme.rpartition("+")[2]
    port = connection.port or _PORTS.get(scheme, 443)
    for policy in policies_of(context):
        refuse_host(connection.host, port, policy.hosts, f"The host of connection {connection.name!r}")
    written = f"[{connection.host}]" if ":" in connection.host else connection.host
    bounded = [structs.replace(policy, hosts=(f"{written}:{port}",)) for policy in policies_of(context)]
    return Client(bounded, called=f"Connection {connection.name!r}")
