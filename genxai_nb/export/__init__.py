"""A workflow as a script, and the proof that it is the same workflow.

The room is also the function `export`, so that ``genxai_nb.export`` means it whatever was imported before.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

__all__: list[str] = []


class _Room(ModuleType):
    """A module that can be called as its main function."""

    def __call__(self, what: Any, path: Any, to: str = "script", check: Any = None, **more: Any) -> Any:
        """See `exporting.export`."""
        from .exporting import Origin, Wanted, export_graph

        origin = Origin(sys._getframe(1).f_globals)
        return export_graph(what, path, origin, Wanted(to=to, check=check, **more))


sys.modules[__name__].__class__ = _Room
