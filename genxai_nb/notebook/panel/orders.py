"""What can be pressed in a panel, and what it does to the run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from genxai_nb.errors import GenXAIError, ResumeRefused
from genxai_nb.graph.question import filled_in

from .comparison import compared
from .values import as_mapping, read_value

if TYPE_CHECKING:
    from genxai_nb.graph.run import Run

    from .exhibit import Exhibit

__all__ = ["carry_out", "give_answer"]

Message = Mapping[str, Any]

_used: WeakKeyDictionary[Any, int] = (
    WeakKeyDictionary()
)  # the last stand of a run from which it was driven on
_lock = threading.Lock()


class Desk(Protocol):
    """Where a panel is kept up to date, as far as orders need it."""

    run: Run
    exhibit: Exhibit
    forked: Callable[[Run], object]
    adopt: Callable[[bool], object]

    def begin(self, stride: str) -> Future[Any]:
        """Set the run off."""

    def in_time(self, work: Callable[[], Any]) -> Future[Any]:
        """Do what takes as long as the run takes, beside this thread."""

    def tell(self, view: str, number: int, error: Exception, offer: str = "") -> None:
        """Say in one view that what was pressed there could not be done, why, and what can be pressed instead."""


def carry_out(desk: Desk, message: Message) -> None:
    """Do what was pressed, unless the run has moved on since; what cannot be done is told to that view."""
    name = str(message.get("do"))
    view, number = str(message.get("view")), int(message.get("id", 0))
    order, moves = _ORDERS.get(name, (None, False))
    if order is None or (moves and message.get("stands") != desk.run.stands):
        return
    try:
        order(desk, message)
    except (GenXAIError, KeyError, TypeError, ValueError) as exc:
        changed = isinstance(exc, ResumeRefused) and name != "rebase"
        desk.tell(view, number, exc, "rebase" if changed else "")


def _drive(stride: str) -> Callable[[Desk, Message], None]:
    def drive(desk: Desk, message: Message) -> None:
        _go_on(desk, message, lambda: desk.begin(stride))

    return drive


def _until(desk: Desk, message: Message) -> None:
    run = desk.run
    if node := message.get("node"):
        _go_on(desk, message, lambda: desk.in_time(lambda: run.until_node(_last(node))))
    else:
        _go_on(desk, message, lambda: desk.in_time(lambda: run.until(str(message["when"]))))


def _go_on(desk: Desk, message: Message, start: Callable[[], Future[Any]]) -> None:
    """Drive on from a stand once, whoever of several panels was pressed first."""
    run = desk.run
    if run.status != "running":
        desk.adopt(False)  # noqa: FBT003 - its only argument, which Callable cannot name
    stand = run.stands
    with _lock:
        if run.status == "running" or _used.get(run) == stand:
            return
        _used[run] = stand
    try:
        start().add_done_callback(lambda future: _ended(desk, message, future, stand))
    except BaseException:  # undone whatever it was, also an interrupt, and raised on
        _forget(run, stand)
        raise


def _ended(desk: Desk, message: Message, future: Future[Any], stand: int) -> None:
    if future.cancelled():
        _forget(desk.run, stand)
        return
    error = future.exception()
    if error is not None and desk.run.stands == stand:
        _forget(desk.run, stand)  # it did not even begin
    if isinstance(error, GenXAIError) and desk.run.status not in {"failed", "cancelled"}:
        desk.tell(str(message.get("view")), int(message.get("id", 0)), error)


def _forget(run: Run, stand: int) -> None:
    with _lock:
        if _used.get(run) == stand:
            del _used[run]


def _rebase(desk: Desk, _: Message) -> None:
    desk.adopt(True)  # noqa: FBT003 - as above


def _pause(desk: Desk, _: Message) -> None:
    desk.run.pause()


def _cancel(desk: Desk, _: Message) -> None:
    desk.run.cancel()


def _back(desk: Desk, _: Message) -> None:
    desk.run.back()


def _goto(desk: Desk, message: Message) -> None:
    desk.exhibit.at = None
    desk.run.goto(int(message["step"]))


def _fork(desk: Desk, message: Message) -> None:
    changes = {}
    if key := message.get("key"):
        changes[str(key)] = _typed(desk, str(key), str(message.get("text", "")))
    step = message.get("step")
    desk.exhibit.at = None
    forked: Any = desk.run.fork(None if step is None else int(step), **changes)
    desk.forked(forked)


def _set(desk: Desk, message: Message) -> None:
    value = read_value(str(message["text"]), plain=bool(message.get("plain")))
    desk.run.set(**{str(message["key"]): value})


def _typed(desk: Desk, key: str, text: str) -> Any:
    """A value typed into one line: text where text stands now, else JSON."""
    return read_value(text, plain=isinstance(as_mapping(desk.run.state).get(key), str))


def _edit(desk: Desk, message: Message) -> None:
    slot, text = str(message["slot"]), str(message["text"])
    held = next((call for call in desk.run.held if call.slot == slot), None)
    is_model = held is not None and held.kind == "model"
    desk.run.edit_call(slot, text if is_model else read_value(text, plain=False))


def _answer_call(desk: Desk, message: Message) -> None:
    desk.run.answer_call(str(message["slot"]), str(message["text"]))


def _skip(desk: Desk, message: Message) -> None:
    desk.run.skip_call(str(message["slot"]))


def _raise(desk: Desk, message: Message) -> None:
    desk.run.fail_call(str(message["slot"]), str(message["text"]) or "Made to fail by hand.")


def _answer(desk: Desk, message: Message) -> None:
    give_answer(desk.run, message)


def give_answer(run: Run, message: Message) -> None:
    """Answer what a run asks by what was chosen, written or filled in.

    Raises:
        GenXAIError: It is asked no more, or the answer does not fit.
    """
    slot, value = str(message["slot"]), message["value"]
    asked = next((question for question in run.questions if question.slot == slot), None)
    if asked is not None and isinstance(value, Mapping):
        value = filled_in(asked.entries, value)
    run.answer(slot, value)


def _break(desk: Desk, message: Message) -> None:
    when = message.get("when")
    point = desk.run.break_at(
        _last(message["node"]), str(when) if when else None, after=bool(message.get("after"))
    )
    replaced = message.get("replaces")
    if replaced is not None and any(known.id == replaced != point.id for known in desk.run.breakpoints):
        desk.run.clear_break(int(replaced))


def _clear(desk: Desk, message: Message) -> None:
    desk.run.clear_break(int(message["point"]))


def _last(key: Any) -> str:
    """The node's own name; its key has those of the nodes around it before it."""
    return str(key).rpartition("/")[2]


def _look(desk: Desk, message: Message) -> None:
    if node := message.get("node"):
        visit = message.get("visit")
        desk.exhibit.look_at(str(node), None if visit is None else int(visit))


def _at(desk: Desk, message: Message) -> None:
    step = message.get("step")
    steps = desk.exhibit.history.story.steps
    desk.exhibit.at = None if step is None or int(step) >= steps else max(0, int(step))


def _fold(desk: Desk, message: Message) -> None:
    (desk.exhibit.opened.add if message.get("open") else desk.exhibit.opened.discard)(str(message["node"]))


def _compare(desk: Desk, message: Message) -> None:
    other = message.get("other")
    desk.exhibit.compared = {} if other is None else compared(desk.run, str(other))


# What each order does, and whether it belongs to the stand at which it was pressed.
_ORDERS: dict[str, tuple[Callable[[Desk, Message], None], bool]] = {
    "go": (_drive("go"), True),
    "next": (_drive("next"), True),
    "step": (_drive("step"), True),
    "out": (_drive("out"), True),
    "until": (_until, True),
    "rebase": (_rebase, True),
    "pause": (_pause, True),
    "cancel": (_cancel, True),
    "back": (_back, True),
    "goto": (_goto, True),
    "fork": (_fork, True),
    "set": (_set, True),
    "edit": (_edit, True),
    "answer_call": (_answer_call, True),
    "skip": (_skip, True),
    "raise": (_raise, True),
    "answer": (_answer, False),
    "break": (_break, False),
    "clear": (_clear, False),
    "look": (_look, False),
    "at": (_at, False),
    "fold": (_fold, False),
    "compare": (_compare, False),
}
