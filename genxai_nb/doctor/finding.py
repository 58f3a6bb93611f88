"""One thing that was looked at."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Status = Literal["ok", "absent", "warning", "failed"]


class Finding(Struct, frozen=True, kw_only=True):
    """What was found of one thing.

    Attributes:
        part: What it belongs to, such as ``extras`` or ``keys``.
        name: What was looked at.
        status: ``ok``; ``absent`` for what is not there and need not be; ``warning`` for what will trouble
            somebody; ``failed`` for what cannot work.
        value: What was found.
        hint: What to do about it.
    """

    part: str
    name: str
    status: Status
    value: str
    hint: str = ""
