"""The person at the terminal, who answers what a run asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import RunError
from genxai_nb.graph.question import filled_in

from .printing import plain

if TYPE_CHECKING:
    from genxai_nb.graph.question import Question

__all__ = ["Person", "chosen"]


class Person:
    """Somebody who reads what is written and types lines.

    Args:
        write: Shows a text, without a line end.
        read: Gives the next line typed; empty at the end of the input.

    Example:
        >>> from genxai_nb.graph.question import Question
        >>> lines = iter(["maybe", "2"])
        >>> person = Person(lambda text: None, lambda: next(lines))
        >>> person.answer(Question(node="ok", prompt="Publish?", choices=("yes", "no")))
        'no'
    """

    def __init__(self, write: Callable[[str], object], read: Callable[[], str]) -> None:
        self._write = write
        self._read = read

    def answer(self, question: Question) -> Any:
        """Ask until the answer is one of the choices or fits the form; None when nobody types any more."""
        try:
            return self._fill(question) if question.entries else self._ask(question)
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

    def _fill(self, question: Question) -> Any:
        """Ask for each field of a form; an empty line leaves out what may be left out."""
        self._write(plain(f"◇ {question.node} asks: {question.prompt}\n"))
        while True:
            given = {}
            for entry in question.entries:
                self._write(plain(f"  {entry.in_words}: "))
                line = self._read()
                if not line:
                    self._write("\n")
                    return None
                if line.strip() or entry.required:
                    given[entry.name] = line.strip()
            try:
                return question.check(filled_in(question.entries, given))
            except RunError as exc:
                self._write(plain(f"  {exc.what}\n"))


def chosen(text: str, choices: Sequence[str]) -> str | None:
    """The choice that a text means: its word, its word in other letters, or its number; any text without choices."""
    if not choices or text in choices:
        return text
    alike = [choice for choice in choices if choice.casefold() == text.casefold()]
    if len(alike) == 1:
        return alike[0]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    return choices[number - 1] if 0 < number <= len(choices) else None
