"""The person at the terminal, who answers what a run asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .printing import plain

if TYPE_CHECKING:
    from genxai_nb.graph.context import Question

__all__ = ["Person", "chosen"]


class Person:
    """Somebody who reads what is written and types lines.

    Args:
        write: Shows a text, without a line end.
        read: Gives the next line typed; empty at the end of the input.

    Example:
        >>> from genxai_nb.graph.context import Question
        >>> lines = iter(["maybe", "2"])
        >>> person = Person(lambda text: None, lambda: next(lines))
        >>> person.answer(Question("slot", "ok", 1, "Publish?", ("yes", "no")))
        'no'
    """

    def __init__(self, write: Callable[[str], object], read: Callable[[], str]) -> None:
        self._write = write
        self._read = read

    def answer(self, question: Question) -> str | None:
        """Ask until the answer is one of the choices, if there are any; None when nobody types any more."""
        try:
            return self._ask(question)
        except KeyboardInterrupt:
            self._write("\n")  # so that what follows begins on a line of its own
            raise

    def _ask(self, question: Question) -> str | None:
        self._write(plain(f"◇ {question.node} asks: {question.prompt}\n"))
        for number, choice in enumerate(question.choices, 1):
            self._write(plain(f"  {number}  {choice}\n"))
        while True:
            self._write("  answer: ")
            line = self._read()
            if not line:
                self._write("\n")
                return None
            answer = chosen(line.strip(), question.choices)
            if answer is not None:
                return answer
            self._write(f"  {line.strip()!r} is none of them; type a word or its number.\n")


def chosen(text: str, choices: Sequence[str]) -> str | None:
    """The choice that a text means: its word, its word in other letters, or its number; any text without choices."""
    if not choices or text in choices:
        return text
    alike = [choice for choice in choices if choice.casefold() == text.casefold()]
    if len(alike) == 1:
        return alike[0]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    return choices[number - 1] if 0 < number <= len(choices) else None
