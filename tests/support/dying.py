"""Processes that die amid a write of what an agent remembers."""

from __future__ import annotations

import os
import subprocess
import sys

DIED = 9


class Dying:
    """The items of a store whose process dies, as if killed, right after one of their methods.

    Args:
        items: The items.
        after: The method's name.
    """

    def __init__(self, items, after="add"):
        self._items = items
        self._after = after

    def __getattr__(self, name):
        asked = getattr(self._items, name)
        if name != self._after:
            return asked

        def last(*args, **options):
            asked(*args, **options)
            os._exit(DIED)

        return last


def let_die(flow: str) -> None:
    """Run some lines of Python in a process that dies by what they do."""
    words = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{flow}"]
    died = subprocess.run(words, capture_output=True, text=True, check=False)
    assert died.returncode == DIED, died.stderr
