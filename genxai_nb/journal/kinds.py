"""The kinds of events by number, and an event's body without the name of its kind.

A body whose kind is `UNKNOWN` is kept whole.
"""

from __future__ import annotations

KINDS = (  # a kind's place is its number in every journal, for good: new ones come at the end
    "run_started",
    "run_resumed",
    "node_started",
    "instance_finished",
    "node_finished",
    "node_failed",
    "loop_limit_reached",
    "token_absorbed",
    "call_started",
    "call_finished",
    "call_failed",
    "call_diverged",
    "call_retried",
    "state_set",
    "run_rebased",
    "run_paused",
    "run_finished",
    "run_failed",
    "run_cancelled",
    "memory_changed",
)
NODE_FINISHED = KINDS.index("node_finished")
CALL_FINISHED = KINDS.index("call_finished")
UNKNOWN = -1

_HEADS = {number: f'{{"event":"{kind}",'.encode() for number, kind in enumerate(KINDS)}
_NUMBERS = {head: number for number, head in _HEADS.items()}


def parted(body: bytes) -> tuple[int, bytes]:
    """Part an encoded event into the number of its kind and the rest.

    Example:
        >>> parted(b'{"event":"run_finished","at":1.5}')
        (16, b'{"at":1.5}')
        >>> parted(b"no event")
        (-1, b'no event')
    """
    end = body.find(b",") + 1
    number = _NUMBERS.get(body[:end], UNKNOWN)
    return (number, body) if number == UNKNOWN else (number, b"{" + body[end:])


def joined(number: int, rest: bytes) -> bytes:
    """Join what was parted.

    Example:
        >>> joined(16, b'{"at":1.5}')
        b'{"event":"run_finished","at":1.5}'
    """
    head = _HEADS.get(number)
    return rest if head is None else head + rest[1:]
