"""``%genxai doctor``: what is installed and configured, and what this notebook runs in."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from genxai_nb.doctor import Finding, Report, ask_models, examine

from .waiting import Inquiry

if TYPE_CHECKING:
    from .session import Session
    from .verb import Request

_FRONT_ENDS = {
    "VSCODE_PID": "VS Code",
    "COLAB_RELEASE_TAG": "Colab",
    "JPY_SESSION_NAME": "Jupyter",
    "JPY_PARENT_PID": "Jupyter",
}


def look_at_all(_session: Session, request: Request) -> Report | Inquiry:
    """Show what is there and what is missing; with ``--live`` try each configured model."""
    findings = [*examine(), *_notebook()]
    if not request.has("live"):
        return Report(findings)
    models = request.all("model")
    return Inquiry(lambda: Report([*findings, *ask_models(models)]))


def _notebook() -> list[Finding]:
    found = []
    for package in ("ipython", "ipykernel", "anywidget"):
        try:
            value = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
        found.append(Finding(part="notebook", name=package, status="ok", value=value))
    kernel = "a kernel" if "ipykernel.kernelapp" in sys.modules else "a terminal, so that panels are text"
    if os.environ.get("SERVER_SOFTWARE", "").startswith("voila"):
        front = "Voila"
    else:
        front = next((name for variable, name in _FRONT_ENDS.items() if variable in os.environ), "not known")
    found.append(Finding(part="notebook", name="runs in", status="ok", value=kernel))
    found.append(Finding(part="notebook", name="front end", status="ok", value=front))
    return found
