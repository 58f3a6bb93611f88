"""Where watchers of a run listen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from .events import Event, Hint

Watcher = Callable[[Event | Hint], object]

_log = logging.getLogger("genxai_nb")


class EventStream:
    """Hand the facts and hints of a run to whoever watches.

    A watcher that raises changes nothing for the run or the other watchers. Its first error is logged
    under ``genxai_nb``; it is still called for what follows.

    Attributes:
        watched: Whether anybody watches, so that nothing need be made for nobody.

    Example:
        >>> from genxai_nb.journal.events import Logged
        >>> stream, seen = EventStream(), []
        >>> unsubscribe = stream.subscribe(seen.append)
        >>> stream.publish([Logged("writer", "half way")])
        >>> unsubscribe()
        >>> seen
        [Logged(node='writer', text='half way')]
    """

    __slots__ = ("_failed", "_watchers", "watched")

    def __init__(self) -> None:
        self._watchers: tuple[Watcher, ...] = ()
        self._failed: list[Watcher] = []
        self.watched = False

    def subscribe(self, watcher: Watcher) -> Callable[[], None]:
        """Call the watcher with each fact and hint from now on.

        Returns:
            A function that ends the subscription; calling it again does nothing.
        """
        self._watchers = (*self._watchers, watcher)
        self.watched = True
        ended = False

        def unsubscribe() -> None:
            nonlocal ended
            if not ended:
                ended = True
                watchers = list(self._watchers)
                watchers.remove(watcher)
                self._watchers = tuple(watchers)
                self.watched = bool(watchers)

        return unsubscribe

    def publish(self, events: Iterable[Event | Hint]) -> None:
        """Hand events to all watchers, in order."""
        if not self._watchers:
            return
        for event in events:
            for watcher in self._watchers:
                try:
                    watcher(event)
                except (Exception, SystemExit) as exc:  # noqa: BLE001 - what a watcher raises is its own affair
                    self._report(watcher, exc)

    def _report(self, watcher: Watcher, exc: BaseException) -> None:
        if watcher not in self._failed:
            self._failed.append(watcher)
            _log.error("A watcher of the run failed: %r. The run is not affected.", watcher, exc_info=exc)
