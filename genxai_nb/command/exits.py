"""How the command ends, as a number."""

from __future__ import annotations

from genxai_nb.errors import (
    CallError,
    DefinitionError,
    GenXAIError,
    HumanAnswerMissing,
    InputError,
    ResumeRefused,
    RunCancelled,
    RunNotFound,
    RunPaused,
    SetupError,
    StoreError,
)

DONE = 0
FAILED = 1
WRONG = 2  # what was asked, or a definition
WAITING = 3  # paused, or a person has to answer
INTERRUPTED = 130

_WRONG = (DefinitionError, InputError, SetupError, RunNotFound, ResumeRefused)


def exit_of(error: GenXAIError, *, driving: bool) -> int:
    """The exit code of an error.

    Args:
        error: The error.
        driving: It came while the run was driven, so that it is the run that failed.
    """
    if isinstance(error, RunCancelled):
        return INTERRUPTED
    if isinstance(error, RunPaused) or unanswered(error):
        return WAITING
    if driving or isinstance(error, CallError | StoreError):
        return FAILED
    return WRONG if isinstance(error, _WRONG) else FAILED


def unanswered(error: BaseException) -> HumanAnswerMissing | None:
    """The missing answer of a person that an error stems from, if it does."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, HumanAnswerMissing):
        cause = cause.__cause__
    return cause
