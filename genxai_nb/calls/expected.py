"""Whether calls may be answered from a record, so that what makes them need not be there."""

from __future__ import annotations

from contextvars import ContextVar

_expected = ContextVar("genxai_answers_expected", default=False)


def expect_answers() -> None:
    """Let what goes on in this context begin calls of models that it could not ask, since a record answers them."""
    _expected.set(True)


def answers_expected() -> bool:
    """Whether a record may answer the calls of this context."""
    return _expected.get()
