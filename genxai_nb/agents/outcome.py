"""What an agent came to."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from genxai_nb.messages import Message

__all__ = ["Outcome"]


class Outcome(Struct, frozen=True):
    """What an agent came to.

    Attributes:
        text: The answer as the model wrote it.
        output: The answer as the agent's ``output`` model, or the text.
        messages: All that was said from the last message given up to the answer.
    """

    text: str
    output: Any
    messages: tuple[Message, ...]
