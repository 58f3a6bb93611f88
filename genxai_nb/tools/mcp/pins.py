"""Descriptions of other servers' tools, kept by their hash, so that a changed one is noticed before a model reads it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from genxai_nb.calls.call import digest
from genxai_nb.errors import SetupError
from genxai_nb.journal.places import FOLDER

__all__ = ["Listed", "Pins"]

FILE = "mcp.json"


class Listed(NamedTuple):
    """A tool as its server describes it now."""

    name: str
    description: str
    schema: dict[str, Any]

    @property
    def hash(self) -> str:
        """The hash of all that a model would be told of it."""
        said = json.dumps([self.name, self.description, self.schema], sort_keys=True, ensure_ascii=True)
        return digest(said.encode())


class Pins:
    """The hashes that were accepted, by server and tool, in a file beside the journal.

    Args:
        path: The file; None for ``.genxai/mcp.json`` in the working folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or Path(FOLDER, FILE)

    def changed(self, server: str, tools: Iterable[Listed]) -> list[str]:
        """The tools that are new or other than accepted; none for a server that is seen for the first time."""
        accepted = self._read().get(server)
        return (
            [] if accepted is None else [tool.name for tool in tools if accepted.get(tool.name) != tool.hash]
        )

    def accept(self, server: str, tools: Iterable[Listed]) -> None:
        """Take the descriptions as they are now for accepted."""
        known = self._read()
        known[server] = {**known.get(server, {}), **{tool.name: tool.hash for tool in tools}}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(known, indent=1, sort_keys=True)
        other = self.path.with_suffix(".new")
        other.write_text(text, "utf-8")
        other.replace(self.path)

    def _read(self) -> dict[str, dict[str, str]]:
        if not self.path.is_file():
            return {}
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except (ValueError, OSError) as exc:
            raise SetupError(
                f"The accepted descriptions in {str(self.path)!r} cannot be read: {exc}.",
                hint="Delete the file to accept all servers anew.",
            ) from exc
        return found if isinstance(found, dict) else {}
