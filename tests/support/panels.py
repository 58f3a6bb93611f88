"""A panel's desk for tests, and how to wait for what it shows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from genxai_nb.graph.run import Run
from genxai_nb.notebook.panel.desk import Desk


class Watched:
    """What a desk shows, kept, so that a test can wait for a change instead of sleeping."""

    def __init__(self, run: Run, **options: Any) -> None:
        self.run = run
        self.shown: dict[str, Any] = {}
        self.updates: list[set[str]] = []
        self._changed = threading.Condition()
        self._numbers = iter(range(1, 1000))
        self.desk = Desk(run, self._put, **options)
        self.desk.open()

    def _put(self, new: dict[str, Any]) -> None:
        with self._changed:
            self.shown |= new
            self.updates.append(set(new))
            self._changed.notify_all()

    def press(self, what: str, **more: Any) -> None:
        """Press a button, at the stand that is shown."""
        message = {"view": "v", "id": next(self._numbers), "stands": self.shown["run"]["stands"], **more}
        self.desk.press({**message, "do": what})

    def wait(self, holds: Callable[[dict[str, Any]], Any], timeout: float = 10.0) -> Any:
        """Wait until what is shown is so, and give what made it so."""
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self.shown), timeout), self.shown["run"]["words"]
            return holds(self.shown)

    def wait_for(self, words: str) -> None:
        """Wait until the head says these words."""
        self.wait(lambda shown: shown["run"]["words"] == words)

    def cards(self) -> dict[str, str]:
        """The status of each card."""
        return {key: entry[0] for key, entry in self.shown["status"]["cards"].items()}

    def state(self) -> dict[str, str]:
        """The state at a glance."""
        return {row["key"]: row["glance"] for row in self.shown["state"]["rows"]}
