"""What a notebook's outputs say, without what differs from run to run: `told`, `differences`."""

from __future__ import annotations

import difflib
import re
from html.parser import HTMLParser
from typing import Any

# Columns of tables, and patterns in texts, that hold something else each time a notebook runs.
VOLATILE_COLUMNS = {
    "seconds": "how long it took",
    "time": "how long it took, in the record of a run, whose plain text leaves it out",
    "started": "when it began",
    "written": "when a memory was written",
    "until": "when a memory was replaced",
}
VOLATILE_TEXTS = {
    "TIME": re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z)?"),
    "DURATION": re.compile(r"(?<![\w.])\d+(\.\d+)? ?(µs|ms|s|min)\b"),
    "ADDRESS": re.compile(r"\b(127\.0\.0\.1|localhost):\d+|\bat 0x[0-9a-f]+"),
    "DIGEST": re.compile(r"\b[0-9a-f]{64}\b"),  # of files that another version of a package draws otherwise
    "PATH": re.compile(r"/[^\s'\"<>]*/tmp[^\s'\"<>]*|/tmp/[^\s'\"<>]*"),
}
IMAGES = ("image/png", "image/jpeg", "image/svg+xml")


class Page(HTMLParser):
    """The text of an HTML output, a line for each row of a table or block.

    Attributes:
        volatile: The words that stood in volatile columns.
    """

    def __init__(self) -> None:
        super().__init__()
        self.volatile: set[str] = set()
        self._parts: list[str] = []
        self._skipped = 0
        self._heads: list[list[str]] = []  # the rows of the head, of the table at hand
        self._row: list[str] | None = None
        self._in_head = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Begin a row or a cell, or skip what is drawn and not written."""
        if tag in {"style", "svg", "script"}:
            self._skipped += 1
            self._say(" [picture] " if tag == "svg" and self._skipped == 1 else "")
        elif tag == "table":
            self._heads = []
        elif tag == "thead":
            self._in_head = True
        elif tag == "tr":
            self._row = []
        elif tag in {"td", "th"} and self._row is not None:
            self._row.append("")
        elif tag in {"div", "p", "details", "summary", "section", "pre", "li", "br"}:
            self._say("\n")

    def handle_endtag(self, tag: str) -> None:
        """End what began."""
        if tag in {"style", "svg", "script"}:
            self._skipped -= 1
        elif tag == "thead":
            self._in_head = False
        elif tag == "tr" and self._row is not None:
            row, self._row = self._row, None
            if self._in_head:
                self._heads.append(row)
            self._parts.append(f"\n{' | '.join(self._steady(row))}\n")

    def handle_data(self, data: str) -> None:
        """Take a text."""
        if not self._skipped:
            self._say(data)

    def text(self, source: str) -> str:
        """What the page says."""
        self.feed(source)
        self.close()
        return "".join(self._parts)

    def _say(self, text: str) -> None:
        if self._row:
            self._row[-1] += " ".join(text.split()) if text.strip() else " "
        else:
            self._parts.append(text)

    def _steady(self, row: list[str]) -> list[str]:
        """A row without what its volatile columns hold; counted from the right, where no cell spans rows."""
        kept = list(row)
        for head in self._heads:
            for place, name in enumerate(reversed(head), start=1):
                if name.strip() in VOLATILE_COLUMNS and place <= len(row) and row is not head:
                    self.volatile.update(row[-place].split())
                    kept[-place] = "~"
        return kept


def told(output: Any) -> dict[str, str]:
    """What an output says by its kind or mime type: of an image, only that there is one."""
    if output.output_type == "stream":
        return {output.name: steady(output.text)}
    if output.output_type == "error":
        return {"error": f"{output.ename}: {output.evalue}"}
    page = Page()
    texts = {kind: text for kind, text in output.data.items() if kind not in IMAGES}
    says = {kind: "[picture]" for kind in output.data if kind in IMAGES}
    drawn = texts.pop("text/html", "")
    if drawn:
        says["text/html"] = steady(page.text(drawn))
    for kind, text in texts.items():
        plain = str(text)
        if page.volatile and "gx-record" not in drawn:  # pandas breaks lines by the width of its columns
            plain = "\n".join(sorted(word for word in plain.split() if word not in page.volatile | {"\\"}))
        says[kind] = steady(plain)
    return says


def steady(text: str) -> str:
    """A text without what its volatile parts hold, and with single spaces."""
    for name, pattern in VOLATILE_TEXTS.items():
        text = pattern.sub(name, text)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def said_by(cell: Any) -> list[dict[str, str]]:
    """What the outputs of a cell say; of a cell with the tag ``volatile`` only their kinds."""
    says: list[dict[str, str]] = []
    for output in cell.outputs:
        text = told(output)
        if says and output.output_type == "stream" and says[-1].keys() == text.keys():
            says[-1] = {output.name: f"{says[-1][output.name]}\n{text[output.name]}"}  # sent in two parts
        else:
            says.append(text)
    if "volatile" in cell.metadata.get("tags", ()):
        return [dict.fromkeys(text, "~") for text in says]
    return says


def differences(committed: Any, executed: Any) -> list[str]:
    """Where the outputs of a notebook's cells differ from those of its committed copy."""
    found = []
    for number, (before, after) in enumerate(zip(committed.cells, executed.cells, strict=False), start=1):
        if before.cell_type != "code":
            continue
        lines = [
            [
                f"[{kind}] {line}"
                for output in said_by(cell)
                for kind in sorted(output)
                for line in output[kind].split("\n")
            ]
            for cell in (before, after)
        ]
        changes = list(difflib.unified_diff(*lines, "committed", "executed", lineterm="", n=1))
        if changes:
            found.append("\n".join([f"Cell {number}, {before.source[:60]!r}:", *changes]))
    return found
