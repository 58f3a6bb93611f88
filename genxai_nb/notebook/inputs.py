"""What a run is given: its input, answers of people, a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genxai_nb.agents.notation import input_from, prompt_from
from genxai_nb.errors import DefinitionError, InputError, LineInvalid
from genxai_nb.settings import read_settings
from genxai_nb.yaml_core import load

if TYPE_CHECKING:
    from genxai_nb.graph.build import Graph

    from .session import Session
    from .verb import Request


def read_input(session: Session, request: Request, graph: Graph) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a run's input and the answers of people, from the body or the line's options.

    Raises:
        LineInvalid: A line of the body cannot be read.
        InputError: An option or the file of answers cannot be read.
    """
    body = request.body
    if body is None:
        pairs = [text.partition("=") for text in request.all("input")]
        for key, equals, _ in pairs:
            if not equals:
                raise InputError(f"--input {key!r} has no value.", hint="Write: --input KEY=VALUE")
        body = "\n".join(f"{key}: {value}" for key, _, value in pairs)
    given, answers = input_from(body, graph.schema.model, session.insert)
    return given, {**read_answers(request), **answers}


def read_answers(request: Request) -> dict[str, Any]:
    """Read the file of answers that ``--answers`` or ``GENXAI_ANSWERS`` names, if one does.

    Raises:
        InputError: It cannot be read, or holds no answers by node name.
    """
    where = request.text("answers") or read_settings().answers
    if not where:
        return {}
    hint = "It is a YAML or JSON file with one answer for each human node: NODE: ANSWER"
    try:
        text = Path(where).read_text("utf-8")
        found = load(text)
    except LineInvalid as exc:
        error = InputError(f"The file of answers {where!r} cannot be read: {exc.what}.", hint=hint)
        error.add_note(_place(where, text, exc))
        raise error from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"The file of answers {where!r} cannot be read: {exc}.", hint=hint) from exc
    if not isinstance(found, Mapping):
        raise InputError(f"The file of answers {where!r} holds {found!r:.40}.", hint=hint)
    return {str(node): answer for node, answer in found.items()}


def _place(where: str, text: str, error: LineInvalid) -> str:
    """The line of a file in which its reader gave up, with a caret; the last one where the file breaks off."""
    column = error.column
    lines = text.split("\n")[: error.number]
    while len(lines) > 1 and not lines[-1].strip():
        lines.pop()
        column = len(lines[-1])
    prefix = f"  {where} line {len(lines)}: "
    return f"{prefix}{lines[-1]}\n{' ' * (len(prefix) + column)}^"


def read_prompt(session: Session, request: Request) -> str:
    """Read what an agent is asked: the body or the rest of the line, or what ``$name`` stands for.

    Raises:
        LineInvalid: Nothing is asked in the body.
        DefinitionError: Nothing is asked on the line, or what is inserted has no such attribute.
        UnknownName: There is no such variable.
    """
    if request.body is None:
        raise DefinitionError("Nothing is asked.", hint=f"Write: %genxai ask {request.name} QUESTION")
    return prompt_from(request.body, session.insert)
