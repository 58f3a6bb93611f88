"""What is asked of the offline model about a short text, and its answers."""

from __future__ import annotations

from genxai_nb.messages import Message, ModelReply, ModelRequest, system, user
from genxai_nb.providers.offline.provider import answer

BREAD = (
    "Bread is made from flour, water, salt and yeast. Yeast turns sugar into gas, which lifts the dough. "
    "Salt slows the yeast down and adds flavour. A long rest in a cold room makes the crust taste better. "
    "Steam in the oven keeps the crust soft while the loaf grows. Rye flour holds more water than wheat flour. "
    "Old loaves can be toasted."
)
NOTES = f"<notes>\n{BREAD}\n</notes>"


def say(text: str, *before: Message, persona: str = "", max_tokens: int | None = None) -> ModelReply:
    opening = (system(persona),) if persona else ()
    request = ModelRequest(model="offline", messages=(*opening, *before, user(text)), max_tokens=max_tokens)
    return answer(request)


def text_of(text: str, *before: Message, persona: str = "") -> str:
    return say(text, *before, persona=persona).message.text
