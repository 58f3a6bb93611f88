"""Whether a script is only loaded, so that none of its graphs may run yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from genxai_nb.errors import RunError

__all__ = ["check_running", "only_loading"]

_loading: ContextVar[str] = ContextVar("genxai_loading", default="")


@contextmanager
def only_loading(script: str) -> Iterator[None]:
    """Refuse to run a graph while a script of that name is loaded."""
    before = _loading.set(script)
    try:
        yield
    finally:
        _loading.reset(before)


def check_running() -> None:
    """Check that a graph may run here.

    Raises:
        RunError: A script is only loaded.
    """
    if script := _loading.get():
        raise RunError(
            f"{script} would run a graph while it is loaded.",
            hint='Put what it does below: if __name__ == "__main__":',
        )
