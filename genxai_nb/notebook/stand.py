"""Where a run stands, in a few calm lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from genxai_nb.errors import ConditionFailed, GenXAIError
from genxai_nb.expressions import compile_expression
from genxai_nb.graph.draw.lettering import one_line
from genxai_nb.graph.question import question_in
from genxai_nb.journal.events import NodeFinished, RunRebased, StateSet
from genxai_nb.messages import ModelRequest

from .display import show_text
from .record_account import cut, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from genxai_nb.graph.run import Run
    from genxai_nb.graph.stepping import HeldCall
    from genxai_nb.journal.events import Event

    from .session import Started

ROOM = 160  # characters of a value on its line
_STRIDES = frozenset({"go", "next", "step", "out"})
_MARKS = {"done": "✓", "failed": "✕", "running": "▶"}


def show_stand(started: Started) -> None:
    """Show where a run stands."""
    show_text(stand_text(started))


def stand_text(started: Started) -> str:
    """Tell where a run stands: the node, its visit, why, what has changed, what waits, what is watched."""
    run = started.run
    name = run.graph.name if run.graph else run.run_id
    status = "running" if started.alive else run.status
    lines = [f"{_MARKS.get(status, '‖')} {name} {_headline(run, status)}"]
    if status != "done":
        lines += [_row("changed", row) for row in changed_rows(run.events())]
    for inside in started.inside:
        lines.append(_row("inside", f"{inside.place}"))
        lines += [_row("", f"{key} = {value}") for key, value in inside.locals.items()]
    lines += [_row("held", f"{n}. {in_words(call)}") for n, call in enumerate(run.held, 1)]
    lines += [_row("asks", asked_in_words(q.node, q.prompt, q.offered)) for q in run.questions]
    lines += [_row("watch", f"{text} = {value}") for text, value in watched(started)]
    return "\n".join(lines)


def standing_place(run: Run) -> str:
    """Say where a run stands, and why, such as ``before critic, visit 2, after step 3: breakpoint 1``."""
    position = run.position
    where = ""
    if position.node is not None:
        path = f"{position.path}/" if position.path else ""
        preposition = "at a call of" if position.where == "call" else "before"
        where = f"{preposition} {one_line(path + position.node)}, visit {position.visit}, "
    reason = reason_of(run)
    return f"{where}after step {position.step}" + (f": {reason}" if reason else "")


def reason_of(run: Run) -> str:
    """Say why a run stands; empty if it was told to go just so far."""
    reason = run.reason
    if reason in _STRIDES or reason.startswith("breakpoint 0 "):
        return ""
    if reason == "asked":
        return "paused by hand"
    place = run.position
    return one_line(reason.removesuffix(f" before {place.node}, visit {place.visit}"))


def _headline(run: Run, status: str) -> str:
    try:
        if status == "done":
            return f"is done after step {run.steps}"
        if status == "running":
            return f"goes on, step {run.steps + 1}"
        if status == "failed":
            failure = run.failure
            where = f" in {failure.node}, visit {failure.visit}: {one_line(failure.text)}" if failure else ""
            return f"failed after step {run.steps}{where}"
        return f"stands {standing_place(run)}"
    except GenXAIError as exc:  # its journal cannot be read back with this graph
        return f"stands; {exc.what}"


def changed_rows(events: Iterable[Event]) -> list[str]:
    """What the last step wrote, or what was set since, a key a row."""
    last: Mapping[str, Any] = {}
    after = False
    for event in events:
        if isinstance(event, NodeFinished):
            last, after = event.update, False
        elif isinstance(event, StateSet):
            last, after = ({**last, **event.values} if after else event.values), True
        elif isinstance(event, RunRebased):
            last = {}
    return [f"{one_line(key)} = {glance(value)}" for key, value in last.items() if not key.startswith("@")]


def in_words(call: HeldCall) -> str:
    """Say what a held call is about to do."""
    request = call.request
    where = f"{call.node}, visit {call.visit}" + ("" if call.index is None else f", item {call.index + 1}")
    if isinstance(request, ModelRequest):
        said = next((m.text for m in reversed(request.messages) if m.role == "user"), "")
        tools = f", with {', '.join(tool.name for tool in request.tools)}" if request.tools else ""
        return f"model {one_line(call.name)} of {where}{tools}: {glance(said)}"
    if call.kind == "human":
        return asked_in_words(call.node, request["prompt"], question_in(request).offered)
    if isinstance(request, Mapping):
        arguments = ", ".join(f"{key}={glance(value)}" for key, value in request.items())
        return f"{call.kind} {one_line(call.name)}({arguments}) of {where}"
    return f"{call.kind} {one_line(call.name)} of {where}: {glance(request)}"


def asked_in_words(node: str, prompt: str, answers: Iterable[str]) -> str:
    """Say what a person is asked, and what may be answered."""
    listed = ", ".join(answers)
    return f"◇ {one_line(node)}: {one_line(prompt)}" + (f" ({one_line(listed)})" if listed else "")


def watched(started: Started) -> Iterator[tuple[str, str]]:
    """The watched expressions with their values as the run stands."""
    if not started.watches:
        return
    scope = scope_of(started.run)
    for text in started.watches:
        yield text, value_in(text, scope)


def value_in(text: str, scope: Mapping[str, Any]) -> str:
    """The value of an expression in words; a key that is not there yet is absent."""
    try:
        return glance(compile_expression(text).evaluate(scope))
    except ConditionFailed as exc:
        return f"absent: {exc.what}"


def scope_of(run: Run) -> dict[str, Any]:
    """What an expression about a run's state sees: its public keys, and the visit that comes next."""
    state = run.state
    values = state if isinstance(state, dict) else {k: getattr(state, k) for k in type(state).model_fields}
    return {"visit": run.position.visit or 0, **values}


def glance(value: Any) -> str:
    """A value on one line; text in quotes, so that its ends can be seen."""
    text = one_line(cut(text_of(value), ROOM))
    return f'"{text}"' if isinstance(value, str) else text or "-"


def _row(label: str, text: str) -> str:
    return f"  {label:<8} {text}"
