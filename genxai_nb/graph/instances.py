"""Instances of a map that wait until others have ended, where only so many may be under way at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence

from .tokens import Visit


class Waiting:
    """The instances that have not been started yet, by visit.

    Example:
        >>> waiting = Waiting()
        >>> bool(waiting), list(waiting.startable(()))
        (False, [])
    """

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left: dict[Visit, deque[int]] = {}

    def __bool__(self) -> bool:
        return bool(self._left)

    def first(self, visit: Visit, missing: Sequence[int]) -> Sequence[int]:
        """Of the instances of a visit those that start now; the others wait."""
        most = visit.ready.options.at_once
        if most is None or len(missing) <= most:
            return missing
        self._left[visit] = deque(missing[most:])
        return missing[:most]

    def startable(self, under_way: Collection[tuple[Visit, int | None]]) -> Iterator[tuple[Visit, int]]:
        """Take out the instances for which others have made room.

        Args:
            under_way: The visits and instances that are under way.
        """
        for visit, left in list(self._left.items()):
            room = (visit.ready.options.at_once or 1) - sum(one is visit for one, _ in under_way)
            for _ in range(min(room, len(left))):
                yield visit, left.popleft()
            if not left:
                del self._left[visit]
