"""The command as a function: its words in, its exit code out."""

from __future__ import annotations

import traceback
from argparse import Namespace
from collections.abc import Sequence

from genxai_nb.errors import GenXAIError

from .exits import DONE, FAILED, INTERRUPTED, exit_of
from .parser import read_arguments
from .printing import error_block, place_of, tell

__all__ = ["main"]


def main(words: Sequence[str] | None = None) -> int:
    """Do what the words ask; by default those that the process was given.

    Returns:
        0 done, 1 failed, 2 wrong usage or definition, 3 paused or waiting for an answer, 130 interrupted.

    Raises:
        SystemExit: The words cannot be read, or ask for help.

    Example:
        >>> main(["tools"])  # doctest: +SKIP
        tool        category     description
        calculator  computation  Evaluate an arithmetic expression.
        0
    """
    given: Namespace = read_arguments(words)
    try:
        code: int = given.act(given)
    except KeyboardInterrupt:
        tell("‖ Interrupted.")
        return INTERRUPTED
    except BrokenPipeError:  # the reader has gone, as head does
        return DONE
    except GenXAIError as exc:
        return report(exc, given)
    except Exception as exc:  # noqa: BLE001 - what a person's own code raises outside a node may be anything
        if given.traceback:
            tell("".join(traceback.format_exception(exc)))
        lines = [f"✕ {type(exc).__name__}: {exc}", place_of(exc), "--traceback shows where it came from."]
        tell("\n  ".join(line for line in lines if line))
        return FAILED
    return code


def report(error: GenXAIError, given: Namespace) -> int:
    """Print an error that came before a run was driven, and return the exit code."""
    if given.traceback:
        tell("".join(traceback.format_exception(error)))
    tell(error_block(error))
    return exit_of(error, driving=False)
