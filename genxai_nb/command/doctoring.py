"""The command ``doctor``."""

from __future__ import annotations

from argparse import Namespace

from genxai_nb.doctor import Report, ask_models, examine

from .exits import DONE, FAILED
from .printing import as_json, plain, put

__all__ = ["look_at_all"]


def look_at_all(given: Namespace) -> int:
    """Print what this installation has and lacks.

    Returns:
        The exit code: 1 if something has to be mended.
    """
    findings = examine(given.store)
    if given.live:
        findings += ask_models(given.model)
    report = Report(findings)
    put(as_json(report.as_data()) if given.json else plain(repr(report)))
    return DONE if report.ok else FAILED
