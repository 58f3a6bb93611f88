"""Answers and decisions by hand: what people are asked, and the calls that are held before they are made."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import DefinitionError, InputError, RunError
from genxai_nb.graph.build import Graph
from genxai_nb.graph.question import Question, question_in
from genxai_nb.journal.events import NodeFailed, NodeFinished

from .display import show_text
from .pairs import cut_pairs, read_pairs, read_scalar
from .stand import asked_in_words, in_words, show_stand
from .taken import taken

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run
    from genxai_nb.graph.stepping import HeldCall

    from .session import Session, Started
    from .verb import Request

MOMENT = 0.3  # seconds in which most bodies come to their next call
_MOVES = (NodeFinished, NodeFailed)
_DECISIONS = ("edit", "answer", "skip", "raise")


def answer(session: Session, request: Request) -> None:
    """Answer what a person is asked; alone, show what is asked.

    Raises:
        RunError: Nothing of the kind is asked, or the answer is none of its choices or does not fit its form.
        InputError: A form's values cannot be read.
    """
    started = taken(session, request)
    asked = _asked(started.run)
    first, _, rest = request.name.partition(" ")
    if not request.name:
        lines = [asked_in_words(item.node, item.prompt, item.offered) for item in asked]
        show_text("\n".join(lines) or "Nobody is asked anything.")
        return
    named = rest.strip() and first in {item.node for item in asked}
    node, value = (first, rest.strip()) if named else ("", request.name)
    _give(started.run, node, value)
    follows = "The run goes on." if started.alive else "%genxai continue goes on."
    show_text(f"✓ Answered: {value}. {follows}")


def given_to_question(started: Started, node: str, value: str) -> dict[str, Any]:
    """Answer what is asked now; else give the answers for what the run is about to ask.

    Raises:
        RunError: Nothing is asked, or the answer is none of its choices or does not fit its form.
        InputError: A form's values cannot be read.
    """
    run = started.run
    if _asked(run):
        _give(run, node, value)
        return {}
    node = node or run.position.node or ""
    graph = run.graph
    place = graph.nodes.get(node) if isinstance(graph, Graph) else None
    body: Any = graph.definition_of(node).body if isinstance(graph, Graph) and place is not None else None
    if body is None or body.kind != "human" or started.alive:
        raise RunError(
            f"Nobody is asked anything in run {run.run_id}.", hint="%genxai answer", run_id=run.run_id
        )
    form = {} if body.schema is None else body.schema.model_json_schema()
    asked = Question(node=node, choices=body.choices, form=form, schema=body.schema)
    return {node: asked.check(_read(asked, value))}


def _asked(run: Run) -> list[Question]:
    """What people are asked, also by a call that is still held."""
    held = [call for call in run.held if call.kind == "human"]
    return [
        *run.questions,
        *(question_in(c.request, slot=c.slot, node=c.node, visit=c.visit, schema=c.form) for c in held),
    ]


def _give(run: Run, node: str, value: str) -> None:
    asked = _asked(run)
    fitting = [item for item in asked if not node or node == item.node]
    if len(fitting) != 1:
        names = ", ".join(item.node for item in asked)
        raise RunError(
            f"{len(fitting) or 'No'} questions are open{f' of {node!r}' if node else ''}.",
            hint=f"%genxai answer NODE VALUE; open: {names}." if names else _without_question(run),
            run_id=run.run_id,
        )
    question = fitting[0]
    given = question.check(_read(question, value))
    if any(other.slot == question.slot for other in run.questions):
        run.answer(question.slot, given)
    else:
        run.answer_call(question.slot, given)


def _without_question(run: Run) -> str:
    """What to type where nothing is asked: a run that has failed there asks again when it goes on."""
    return "%genxai continue --answer VALUE" if run.status == "failed" else "%genxai continue"


def _read(question: Question, value: str) -> Any:
    """An answer as it was typed; of a form its values as ``key=value`` or as JSON."""
    if not question.entries:
        return value
    if value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except ValueError as exc:
            raise InputError(f"{value!r:.80} is not JSON: {exc}.", hint='Write {"key": "value"}.') from exc
    return read_pairs(cut_pairs(value), question.schema, None)


def look_at_held(session: Session, request: Request) -> None:
    """Show the calls that wait to be made, whole."""
    held = taken(session, request).run.held
    show_text("\n".join(_whole(number, call) for number, call in enumerate(held, 1)) or "No call is held.")


def decide_call(session: Session, request: Request) -> None:
    """Edit a held call, answer it by hand, skip it, or make it fail.

    Raises:
        RunError: No call is held, or not that one.
        DefinitionError: It is not said what to do.
        InputError: The arguments cannot be read.
    """
    started = taken(session, request)
    run = started.run
    call = _held(started, request.name)
    given = [name for name in _DECISIONS if name in request.options]
    if len(given) != 1:
        options = ", ".join(f"--{name}" for name in _DECISIONS)
        raise DefinitionError(
            f"{len(given) or 'No'} decisions are given for {in_words(call)}.", hint=f"Give one of {options}."
        )
    text = request.text(given[0])
    moved = threading.Event()
    unsubscribe = run.subscribe(lambda event: moved.set() if isinstance(event, _MOVES) else None)
    if given[0] == "edit":
        run.edit_call(call.slot, _edited(session, call, text))
    elif given[0] == "answer":
        run.answer_call(
            call.slot, text if call.kind in {"model", "human"} else read_scalar(text, session.insert)
        )
    elif given[0] == "skip":
        run.skip_call(call.slot)
    else:
        run.fail_call(call.slot, text)
    if given[0] != "edit":  # the body goes on, to its next call or its end
        deadline = monotonic() + MOMENT
        while not (moved.wait(0.005) or run.held or monotonic() > deadline):
            pass
    unsubscribe()
    show_stand(started)


def _held(started: Started, number: str) -> HeldCall:
    held = started.run.held
    which = int(number) if number.isdigit() else 1
    if not held or not 1 <= which <= len(held) or (number and not number.isdigit()):
        raise RunError(
            f"No call {number or 1} is held.",
            hint=f"Held: 1 to {len(held)}." if held else "%genxai step stands before the next call.",
            run_id=started.run.run_id,
        )
    return held[which - 1]


def _edited(session: Session, call: HeldCall, text: str) -> Any:
    """The new request: a model's text; a tool's arguments as JSON, or those that change as ``key=value``."""
    if call.kind == "model":
        return text
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError as exc:
            raise InputError(f"{text!r} is not JSON: {exc}.", hint='Write {"key": "value"}.') from exc
    before = call.request if isinstance(call.request, Mapping) else {}
    return {**before, **read_pairs(cut_pairs(text), None, session.insert)}


def _whole(number: int, call: HeldCall) -> str:
    request = call.request
    lines = [f"{number}. {in_words(call)}"]
    for message in getattr(request, "messages", ()):
        lines += [f"   {message.role}: {line}" for line in message.text.splitlines() or [""]]
    if isinstance(request, Mapping):
        lines += [f"   {key} = {value!r}" for key, value in request.items()]
    return "\n".join(lines)
