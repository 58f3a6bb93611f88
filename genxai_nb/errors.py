"""Every error that genxai_nb raises, split by what the caller can do about it.

::

    GenXAIError
    ├── DefinitionError              mend the definition
    │   ├── UnknownName              no agent, tool, node, verb, field of that name
    │   ├── LineInvalid              a line of the graph language or of a cell body (line, caret)
    │   ├── GraphInvalid             the graph as a whole: a cycle without limit, no way to the end
    │   └── SchemaInvalid            a state schema or a tool signature
    ├── InputError                   mend the value
    │   ├── StateInvalid             a value does not fit the state schema
    │   ├── StateAssigned            a node body assigned to the state instead of returning changes
    │   ├── KeyMissing               a node body read a key that the state does not have
    │   ├── WriteConflict            two parallel nodes wrote one key that has no reducer
    │   ├── TemplateKeyMissing       a template names a key that the state does not have
    │   └── NotStorable              a value that the journal cannot keep, with its path
    ├── RunError                     look at the run, then resume it
    │   ├── NodeFailed               a node body raised; has .result and .run_id
    │   ├── ConditionFailed          a condition could not be evaluated
    │   ├── NoWayOn                  the last token stopped at a node whose edges all said no
    │   ├── HumanAnswerMissing       nobody is there to answer a human node
    │   ├── RunCancelled             interrupted or cancelled; the run can be resumed
    │   ├── RunPaused                the run stands at a pause
    │   ├── RunNotFound              no such run in this store
    │   ├── RunBusy                  another process is driving the run
    │   ├── OverBudget               the next call does not fit the budget of the run, an agent or the process
    │   └── ResumeRefused            the graph's structure is not the one the run began with
    ├── CallError                    wait, change the request, or let the node's policy decide
    │   ├── ToolFailed               a tool raised, or its arguments were wrong
    │   │   └── Denied               the policy, or a person whom it asked, said no
    │   ├── RecordedFailure          a call that failed when it was made, replayed
    │   └── ProviderError            a model request failed
    │       ├── Authentication       the key is missing or refused
    │       ├── RateLimited          has .retry_after in seconds
    │       ├── ContextTooLong       the request is longer than the model takes
    │       ├── Refused              the model or its filter declined
    │       ├── TimedOut             no answer within the time given
    │       ├── ConnectionLost       the server could not be reached, or hung up
    │       │   └── IncompleteStream the answer ended before its end
    │       └── BadResponse          an answer that is not what the protocol promises
    ├── SetupError                   install or configure something
    │   └── MissingPackage           names the extra to install
    └── StoreError                   look at the journal store
        ├── StoreBusy                another process holds its lock
        └── StoreDamaged             a row that cannot be read back

Each class has a stable ``code`` and each error says what happened, the value, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .suggestions import suggest as suggest

if TYPE_CHECKING:
    from collections.abc import Iterable


class GenXAIError(Exception):
    """Base of every error of this package: what happened, with the value, and a hint what to do about it."""

    code: ClassVar[str] = "genxai"

    def __init__(self, what: str, *, hint: str = "") -> None:
        self.what = what
        self.hint = hint
        super().__init__(f"{what} {hint}" if hint else what)


class DefinitionError(GenXAIError):
    """A definition is wrong: mend the cell or the code that makes it."""

    code = "definition"


class UnknownName(DefinitionError):
    """No member of that kind has the given name.

    Args:
        kind: What was looked for, such as ``"agent"``.
        name: The name as given.
        known: The names that exist; the nearest one is suggested.
        hint: Advice that replaces the suggestion.
    """

    code = "unknown_name"

    def __init__(self, kind: str, name: str, known: Iterable[str] = (), *, hint: str = "") -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        super().__init__(f"Unknown {kind} {name!r}.", hint=hint or suggest(name, self.known))


class LineInvalid(DefinitionError):
    """A line of a graph or a cell cannot be read; ``number`` counts from 1, the caret's ``column`` from 0."""

    code = "line_invalid"

    def __init__(self, what: str, *, line: str, number: int, column: int, hint: str = "") -> None:
        self.line, self.number, self.column = line, number, column
        super().__init__(what, hint=hint)

    def __str__(self) -> str:
        lines = [f"Line {self.number}: {self.what}", f"  {self.line}", "  " + " " * self.column + "^"]
        return "\n".join([*lines, self.hint] if self.hint else lines)


class GraphInvalid(DefinitionError):
    """The graph as a whole cannot run."""

    code = "graph_invalid"


class SchemaInvalid(DefinitionError):
    """A state schema or a function signature cannot be used as a schema."""

    code = "schema_invalid"


class InputError(GenXAIError):
    """A value is wrong: mend the input or what a node returned."""

    code = "input"


class StateInvalid(InputError):
    """A value does not fit the state schema."""

    code = "state_invalid"


class StateAssigned(InputError):
    """A node body tried to assign to the state, or has changed a value in it: ``where`` says which."""

    code = "state_assigned"

    def __init__(self, key: str, where: str = "") -> None:
        self.key = key
        done = f"{where} was changed in place" if where else f"key {key!r} was assigned"
        super().__init__(f"State is read-only: {done}.", hint=f"Return {{{key!r}: ...}} instead.")


class KeyMissing(InputError, KeyError):
    """A node body read a key that the state does not have. It is a KeyError too."""

    code = "key_missing"

    def __init__(self, key: str, known: Iterable[str]) -> None:
        self.key = key
        super().__init__(f"The state has no key {key!r}.", hint=suggest(key, known) or "Use state.get(...).")

    __str__ = Exception.__str__


class WriteConflict(InputError):
    """Two nodes that did not see each other wrote one key that has no reducer."""

    code = "write_conflict"

    def __init__(self, key: str, first: str, second: str) -> None:
        self.key, self.nodes = key, (first, second)
        what = f"Nodes {first!r} and {second!r} both wrote {key!r} in parallel."
        if first == second:
            what = f"Parallel visits of node {first!r} both wrote {key!r}."
        hint = f'Give the key a reducer, such as reducers={{{key!r}: "append"}}, or write two keys.'
        super().__init__(what, hint=hint)


class TemplateKeyMissing(InputError):
    """A template names a key that the state does not have."""

    code = "template_key_missing"

    def __init__(self, key: str, known: Iterable[str], *, node: str = "") -> None:
        self.key, self.node = key, node
        hint = suggest(key, known) or f"Write {{{{{key}?}}}} where it may be absent."
        whose = f"The template of node {node!r}" if node else "The template"
        super().__init__(f"{whose} names {{{{{key}}}}}, which the state does not have.", hint=hint)


class NotStorable(InputError):
    """A value that the journal cannot keep.

    Args:
        path: Where it is, such as ``update.report[3].chart``.
        value: The value; only its type is named.
        why: What is wrong with it, if it is not its type.
    """

    code = "not_storable"

    def __init__(self, path: str, value: object, why: str = "") -> None:
        self.path = path
        kind = type(value)
        super().__init__(
            f"{path} {why or f'is a {kind.__module__}.{kind.__qualname__}'}, which the journal cannot keep.",
            hint="Return plain data: text, numbers, lists, dicts, dataclasses, pydantic models, arrays, DataFrames.",
        )


class RunError(GenXAIError):
    """A run ended or stands before its end, at ``node`` if it has a place; it can mostly be resumed."""

    code = "run"

    def __init__(
        self, what: str, *, hint: str = "", run_id: str = "", result: Any = None, node: str = ""
    ) -> None:
        self.run_id, self.result, self.node = run_id, result, node
        super().__init__(what, hint=hint)


class NodeFailed(RunError):
    """A node body raised and its policy gave up. The cause is ``__cause__``."""

    code = "node_failed"

    def __init__(
        self, node: str, cause: str, *, hint: str = "", visit: int = 1, run_id: str = "", result: Any = None
    ) -> None:
        self.cause, self.visit = cause, visit
        super().__init__(f"Node {node!r} failed: {cause}", hint=hint, run_id=run_id, result=result, node=node)


class ConditionFailed(RunError):
    """A condition could not be evaluated, which is not False. ``node`` is whose edges it decides, if any's."""

    code = "condition_failed"


class NoWayOn(RunError):
    """Every token stopped at a node whose edges all said no."""

    code = "no_way_on"


class HumanAnswerMissing(RunError):
    """A human node ran where nobody can answer."""

    code = "human_answer_missing"


class RunCancelled(RunError):
    """The run was interrupted; what was finished stays finished."""

    code = "run_cancelled"


class RunPaused(RunError):
    """The run stands at a pause."""

    code = "run_paused"


class RunNotFound(RunError):
    """No run of that id is in this store."""

    code = "run_not_found"


class RunBusy(RunError):
    """Another process is driving this run."""

    code = "run_busy"


class OverBudget(RunError):
    """A budget leaves too little for what a run wants next; with ``needed``, of ``agent`` if it is one's, it goes on."""

    code = "over_budget"
    needed = agent = ""


class ResumeRefused(RunError):
    """The graph is not the one that the run began with."""

    code = "resume_refused"


class CallError(GenXAIError):
    """A call to the world failed."""

    code = "call"
    retryable: ClassVar[bool] = False


class ToolFailed(CallError):
    """A tool raised, or was called with arguments that do not fit its schema."""

    code = "tool_failed"


class Denied(ToolFailed):
    """The policy, or a person whom it asked, does not allow the call; its text goes to the model."""

    code = "denied"


class RecordedFailure(CallError):
    """A call that failed when it was made; the journal gives the same words again."""

    code = "recorded_failure"


class ProviderError(CallError):
    """A model request failed."""

    code = "provider"


class Authentication(ProviderError):
    """The key is missing or was refused."""

    code = "authentication"


class RateLimited(ProviderError):
    """Too many requests. ``retry_after`` is the wait that the server asked for, in seconds, or None."""

    code = "rate_limited"
    retryable = True

    def __init__(self, what: str, *, hint: str = "", retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(what, hint=hint)


class ContextTooLong(ProviderError):
    """The request is longer than the model takes."""

    code = "context_too_long"


class Refused(ProviderError):
    """The model, or a filter before it, declined to answer."""

    code = "refused"


class TimedOut(ProviderError):
    """No answer came within the time given."""

    code = "timed_out"
    retryable = True


class ConnectionLost(ProviderError):
    """The server could not be reached, or hung up."""

    code = "connection_lost"
    retryable = True


class IncompleteStream(ConnectionLost):
    """A streamed answer ended without the mark of its end."""

    code = "incomplete_stream"


class BadResponse(ProviderError):
    """The answer is not what the protocol promises."""

    code = "bad_response"


class SetupError(GenXAIError):
    """Something has to be installed or configured first."""

    code = "setup"


class MissingPackage(SetupError):
    """A package of an extra is not installed; ``variable`` has to be set as well, such as a vendor's key."""

    code = "missing_package"

    def __init__(self, package: str, extra: str, *, variable: str = "") -> None:
        self.package, self.extra, self.variable = package, extra, variable
        also = f", and {variable} is not set" if variable else ""
        hint = f'Type: pip install "genxai-nb[{extra}]"' + (f", and set {variable}." if variable else "")
        super().__init__(f"Package {package!r} is not installed{also}.", hint=hint)


class StoreError(GenXAIError):
    """The journal store could not do what was asked."""

    code = "store"


class StoreBusy(StoreError):
    """Another process holds the store's lock."""

    code = "store_busy"


class StoreDamaged(StoreError):
    """A row of the journal cannot be read back."""

    code = "store_damaged"
