"""What a verb of ``%genxai`` is, and what a person asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .cell import Cell
    from .session import Session

# What a word of a line may be completed with.
Names = Literal[
    "",
    "agent",
    "graph",
    "schema",
    "run",
    "verb",
    "tool",
    "model",
    "definition",
    "node",
    "runnable",
    "exportable",
    "kind",
    "draft",
    "setting",
    "written",
]

_NAMES: dict[str, Names] = {"SCHEMA": "schema", "MODEL": "model"}


def done_in(module: str, function: str) -> Callable[[Session, Request], Any]:
    """The function that does a verb; its module loads at the first use, so that loading the extension is quick."""

    def perform(session: Session, request: Request) -> Any:
        return getattr(import_module(f".{module}", __package__), function)(session, request)

    return perform


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a verb, written ``--name value``.

    Attributes:
        name: Its name without the dashes.
        value: What stands after it, such as ``NAME``; empty for a switch.
        help: What it does, in a few words.
        names: What its value is completed with.
        many: It may be given more than once.
        rest: Its value goes on to the next option, spaces and quotes included.

    Example:
        >>> str(Option("as", "NAME", "bind the result to NAME"))
        '--as NAME'
    """

    name: str
    value: str
    help: str
    names: Names = ""
    many: bool = False
    rest: bool = False

    def __str__(self) -> str:
        return f"--{self.name} {self.value}".rstrip()


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: everything that dispatch, waiting, help, completion and the Python twin need.

    Attributes:
        name: The word after ``%genxai``.
        function: ``function(session, request)`` does it and returns the value of the cell.
        help: One line of help.
        example: How it is written.
        python: The same in Python.
        cell: It is written ``%%genxai verb`` with a body.
        line: It is written ``%genxai verb``.
        waits: It may call a model, a tool or a person, so the cell waits for it.
        argument: What the word after it names, such as ``AGENT``; empty for none.
        names: What that word is completed with.
        required: That word must be there.
        text: The rest of the line is text.
        whole: What its argument names is all that is no option, spaces and quotes included.
        second: The option that a second word stands for; empty if there is none.
        own: Its options in a line; a cell's head has those that the notation gives it.

    Example:
        >>> from genxai_nb.notebook.verbs import find
        >>> wait = find("wait")
        >>> wait.waits, wait.usage
        (True, '%genxai wait [RUN] [--as NAME] [--run ID]')
    """

    name: str
    function: Callable[[Session, Request], Any]
    help: str
    example: str
    python: str
    cell: bool = False
    line: bool = True
    waits: bool = False
    argument: str = ""
    names: Names = ""
    required: bool = False
    text: bool = False
    whole: bool = False
    second: str = ""
    own: tuple[Option, ...] = ()

    @property
    def options(self) -> tuple[Option, ...]:
        """Its options in a line."""
        return (*self.head_options, *self.own)

    @property
    def head_options(self) -> tuple[Option, ...]:
        """Its options in the head of a cell."""
        if not self.cell:
            return ()
        from genxai_nb.agents.notation import CELLS  # on demand: it knows what an agent and a graph are

        return tuple(
            Option(option.name, option.takes, option.help, names=_NAMES.get(option.takes, ""))
            for option in CELLS[self.name].options
        )

    @property
    def defines(self) -> bool:
        """Whether it is a cell that defines the name after it."""
        return self.cell and not self.waits and self.argument == "NAME"

    @property
    def usage(self) -> str:
        """How it is written, with all its options."""
        argument = self.argument if self.required or not self.argument else f"[{self.argument}]"
        further = f"[{self.option(self.second).value}]" if self.second else ""  # type: ignore[union-attr]  # it is one of its own
        words = [
            self.name,
            argument,
            further,
            *(f"[{option}]" for option in self.options if option.name != self.second),
        ]
        if self.text:
            words.append("TEXT")
        return f"{'%%' if self.cell else '%'}genxai {' '.join(word for word in words if word)}"

    def option(self, name: str) -> Option | None:
        """The option of that name."""
        return next((option for option in self.options if option.name == name), None)


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for, in a cell, a line or by a Python twin.

    Attributes:
        verb: The verb.
        cell: The cell that it stands in.
        name: The word after the verb; empty if there is none.
        options: The options given: text, True for a switch, a list for one that may come more than once.
        body: The lines below the head; None for a line verb.
        head: The whole first line as it stands in the cell.

    Example:
        >>> from genxai_nb.notebook.arguments import read_line
        >>> from genxai_nb.notebook.cell import Cell
        >>> from genxai_nb.notebook.verbs import VERBS
        >>> request = read_line("state --run r7", cell=Cell("", 1, ""), verbs=VERBS)
        >>> request.verb.name, request.run
        ('state', 'r7')
    """

    verb: Verb
    cell: Cell
    name: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    body: str | None = None
    head: str = ""

    @property
    def run(self) -> str:
        """The run that is meant: ``--run``, or the word after a verb whose argument is a run; empty for the latest."""
        return self.text("run") or (self.name if self.verb.names in {"run", "definition"} else "")

    def text(self, option: str) -> str:
        """The value of an option that takes one; empty if it was not given."""
        return str(self.options.get(option, ""))

    def has(self, switch: str) -> bool:
        """Whether a switch was given."""
        return bool(self.options.get(switch))

    def all(self, option: str) -> list[str]:
        """All values of an option that may come more than once."""
        return list(self.options.get(option, ()))
