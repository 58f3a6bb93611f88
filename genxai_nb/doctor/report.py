"""Findings as text and as data."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from msgspec import to_builtins

from .finding import Finding

_GLYPHS = {"ok": "✓", "absent": "○", "warning": "!", "failed": "✕"}


class Report:
    """What was found; it shows itself as lines of text, grouped by what they belong to.

    Args:
        findings: What was found, in order.

    Attributes:
        findings: The same.

    Example:
        >>> Report([Finding(part="store", name="runs.db", status="ok", value="can be written")])
        store
          ✓ runs.db  can be written
        <BLANKLINE>
        ✓ Nothing has to be mended.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)

    @property
    def ok(self) -> bool:
        """Whether nothing has to be mended; what is absent need not be there."""
        return all(finding.status != "failed" for finding in self.findings)

    def as_data(self) -> dict[str, Any]:
        """Plain data: ``ok`` for the whole, and a list of what was found."""
        return {"ok": self.ok, "findings": to_builtins(self.findings)}

    def __repr__(self) -> str:
        blocks = []
        for part, members in groupby(self.findings, key=lambda finding: finding.part):
            group = list(members)
            width = max(len(finding.name) for finding in group)
            blocks.append("\n".join([part, *(_line(finding, width) for finding in group)]))
        return "\n\n".join([*blocks, self._verdict()])

    def _verdict(self) -> str:
        failed = [_called(finding) for finding in self.findings if finding.status == "failed"]
        warned = [_called(finding) for finding in self.findings if finding.status == "warning"]
        if failed:
            return f"✕ To mend: {', '.join(failed)}."
        return f"! To look at: {', '.join(warned)}." if warned else "✓ Nothing has to be mended."


def _called(finding: Finding) -> str:
    """What a finding is called beside those of other parts: that of a model that was tried, with the model."""
    live, _, model = finding.part.partition(" ")
    return f"{finding.name} of {model}" if live == "live" and model else finding.name


def _line(finding: Finding, width: int) -> str:
    line = f"  {_GLYPHS[finding.status]} {finding.name:<{width}}  {finding.value}"
    return f"{line}\n    {'':<{width}}  {finding.hint}" if finding.hint else line
