"""A script that is there already, also one that was edited by hand, compared with a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from genxai_nb.agents.recalled import forgotten_in
from genxai_nb.errors import DefinitionError, RunNotFound
from genxai_nb.graph.versions import in_force
from genxai_nb.journal.codec import encode_event
from genxai_nb.journal.events import Event
from genxai_nb.journal.opening import find_store
from genxai_nb.journal.store import Store

from .check import LIMIT, Difference, compared, parts_differ, tried
from .exporting import Exported, ended
from .kept import kept_script
from .trial import Outcome

__all__ = ["check_script"]


def check_script(
    script: str | Path,
    run: str | None = None,
    *,
    graph: str = "",
    store: str | None = None,
    limit: float = LIMIT,
) -> Exported:
    """Run a script's graph on the recorded calls of a run, and compare the two event by event.

    The script is run in a fresh interpreter, without what stands below ``if __name__ == "__main__"``. No call
    reaches the world; what functions do by themselves, they do. A script that would run a graph while it is loaded
    cannot be loaded.

    Args:
        script: A Python file that makes the graph, as an export writes it, edited or not.
        run: The run; None for the latest of the graph's name that has ended.
        graph: What the script calls its graph; empty for the one that has the name of the run's.
        store: Where runs are kept.
        limit: Seconds that the script is given.

    Returns:
        What came of it: ``checked``, ``difference``, ``verdict``.

    Raises:
        DefinitionError: There is no such file, or it cannot be loaded to find its graph's runs.
        RunNotFound: There is no such run.
        RunError: It has not ended.

    Example:
        >>> check_script("review.py", "r7").verdict  # doctest: +SKIP
        'same in 14 events as run r7'
    """
    place = Path(script).expanduser()
    if not place.is_file():
        raise DefinitionError(
            f"There is no file {str(place)!r}.", hint=f"The working folder is {Path.cwd()}."
        )
    if place.suffix != ".py":
        raise DefinitionError(f"{str(place)!r} is no Python file.", hint="Give a script, such as review.py.")
    kept = find_store(store)
    if not run:
        loaded = tried(place, graph, limit=limit)
        if loaded.error:
            raise DefinitionError(f"{str(place)!r} cannot be loaded: {loaded.error}", hint="Mend it first.")
        run = _latest(loaded.name, kept)
    recorded = ended(run, kept)
    lines = [encode_event(event) for event in recorded]
    outcome = tried(place, graph, lines, limit=limit)
    found = compared(outcome, None, lines, {}, find=kept.definition)
    difference = found.difference and (_by_kept(outcome, recorded, kept, limit=limit) or found.difference)
    return Exported(
        path=place,
        graph=kept.row(run).graph,
        run_id=run,
        checked=found.difference is None,
        events=found.events,
        difference=difference,
        lines=place.read_text("utf-8", "replace").count("\n"),
        earlier=found.earlier,
        forgotten=tuple(forgotten_in(recorded, kept.items)),
    )


def _by_kept(outcome: Outcome, recorded: Sequence[Event], store: Store, *, limit: float) -> Difference | None:
    """The first definition or constant in which a script is not the one that the journal has kept of a run.

    The journal knows a function by its text, which says nothing of the constants that it uses; its kept script does.
    """
    kept = kept_script(in_force(recorded), store)
    if kept is None or outcome.fingerprint is None:
        return None
    with TemporaryDirectory(prefix="genxai-") as folder:
        place = Path(folder) / "kept.py"
        place.write_text(kept.text, "utf-8")
        ran = tried(place, kept.graph, limit=limit).fingerprint
    return None if ran is None else parts_differ(ran, outcome.fingerprint, {**kept.places, **kept.labels})


def _latest(graph: str, store: Store) -> str:
    """The latest run of a graph that has ended.

    Raises:
        RunNotFound: There is none.
    """
    found = next((row.run for row in store.runs() if row.graph == graph and row.status == "done"), None)
    if found is None:
        raise RunNotFound(f"No run of graph {graph!r} has ended in this store.", hint="Name one by its id.")
    return found
