"""Running a graph for many inputs, side by side, and going on where that was interrupted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from genxai_nb.calls.call import digest
from genxai_nb.errors import GenXAIError, StateInvalid
from genxai_nb.journal import open_store
from genxai_nb.journal.codec import encode_request
from genxai_nb.journal.cost import in_dollars

from .options import whole
from .progress import Progress
from .run import Run
from .workflow import RunOptions, Workflow

__all__ = ["Batch", "Row"]


class Row(Struct, frozen=True):
    """What one input came to.

    Attributes:
        result: The final state, or the key of it that was asked for; if it failed, why.
        status: ``done``, ``failed``, ``paused``, ``empty`` (there was no input) or ``not run`` (it would
            have cost too much).
        cost: US dollars; None if that is not known, or nothing was run.
        run_id: The run, if there is one.
    """

    result: Any
    status: str
    cost: float | None = None
    run_id: str | None = None


class Batch:
    """One run for each input, at most ``limit`` at a time.

    A row is known again by the graph's structure, its definitions, the model, the answers and the input;
    of equal ones by which of them it is. Its run is kept under that key, so that a batch that was
    interrupted goes on with it.

    Args:
        graph: The graph.
        inputs: What each run is given; None for a row that has nothing.
        options: How the runs are made.
        limit: How many may be under way.
        sample: How many rows are run before the others, to tell what all will cost.
        max_cost: US dollars; no row is begun once that is spent, or if the sample says that it would be.
        again: Also run what was done before.
        take: The key of the final state that is the result; None for the whole.

    Raises:
        GenXAIError: The graph is not sound.
        StateInvalid: An option is none that can be followed.
    """

    def __init__(
        self,
        graph: Workflow,
        inputs: Sequence[Mapping[str, Any] | None],
        options: RunOptions,
        *,
        limit: int,
        sample: int = 0,
        max_cost: float | None = None,
        again: bool = False,
        take: str | None = None,
    ) -> None:
        if whole("limit", limit) < 1:
            raise StateInvalid(f"limit is {limit!r}, which is no number from 1.", hint="Write limit=8.")
        graph.build()
        self._graph = graph
        self._inputs = inputs
        self._options = options
        self._limit = limit
        self._sample = sample
        self._max_cost = max_cost
        self._take = take
        self._rows: dict[int, Row] = {}
        self._refused: dict[int, Row] = {}
        self._keys = self._find_keys()
        self._known = {} if again else open_store(options.store).keyed(set(self._keys.values()))
        self._turn = asyncio.Lock()  # rows begin one after the other, so that their runs are in their order
        self._reused = 0
        self._spent = 0.0
        self._projected = ""
        self._note = ""
        self._progress = Progress()

    def _find_keys(self) -> dict[int, str]:
        """The key of each row that can be run; the others are refused or empty."""
        versions = sorted(f"{one.name}={one.hash}" for one in self._graph.definitions())
        answers = encode_request(self._options.answers)
        same = [self._graph.structure.encode(), *map(str.encode, versions), answers]
        same.append((self._options.model or "").encode())
        keys: dict[int, str] = {}
        times: Counter[bytes] = Counter()
        for number, given in enumerate(self._inputs):
            if given is None:
                self._refused[number] = Row(None, "empty")
                continue
            try:
                body = encode_request(dict(given))
            except GenXAIError as exc:
                self._refused[number] = Row(str(exc), "failed")
                continue
            keys[number] = digest(*same, body, str(times[body]).encode())
            times[body] += 1
        return keys

    async def run(self) -> list[Row]:
        """Run all rows and give what they came to, in the order of the inputs."""
        self._rows = dict(self._refused)
        order = list(self._keys)
        fresh = [number for number in order if self._keys[number] not in self._known]
        first = set(fresh[: self._sample]) if len(fresh) > self._sample else set()
        try:
            if first:
                await self._run(iter([number for number in order if number in first]))
                self._project(first, len(fresh) - len(first))
            await self._run(number for number in order if number not in first)
        except asyncio.CancelledError:
            self._note = "interrupted; call it again to go on"
            raise
        finally:
            self._tell(last=True)
        return [self._rows.get(number, Row(None, "not run")) for number in range(len(self._inputs))]

    async def _run(self, numbers: Iterator[int]) -> None:
        async def work() -> None:
            for number in numbers:
                if self._too_dear(number):
                    continue
                self._rows[number] = await self._run_one(number)
                self._tell()

        async with asyncio.TaskGroup() as group:
            for _ in range(self._limit):
                group.create_task(work())

    def _too_dear(self, number: int) -> bool:
        if self._max_cost is None or self._keys[number] in self._known:
            return False
        if not self._note and self._spent >= self._max_cost:
            self._note = f"stopped: {in_dollars(self._max_cost)} are spent"
        return bool(self._note)

    async def _run_one(self, number: int) -> Row:
        run: Run | None = None
        try:
            run = await self._made(number)
            if run.status == "done":
                self._reused += 1
                result = run.result()
            else:
                result = await run.drive()
                self._spent += result.cost or 0.0
            value = result.state if self._take is None else _part(result.state, self._take)
            return Row(value, result.status, result.cost, run.run_id)
        except GenXAIError as exc:
            if run is None:
                return Row(str(exc), "failed")
            cost = run.result().cost
            self._spent += cost or 0.0
            return Row(str(exc), "failed", cost, run.run_id)

    async def _made(self, number: int) -> Run:
        """The row's run: the one that was begun before, or a new one."""
        key, given = self._keys[number], self._inputs[number]
        before = self._known.get(key)
        if before is None:
            async with self._turn:
                return await Run.begin_beside(self._graph, given or {}, self._options, key)
        run = Run.load(before, self._graph, self._options.store)
        run.options = self._options
        return run

    # ── what it costs, and how far it is ─────────────────────────────────────────────────────

    def _project(self, first: set[int], left: int) -> None:
        """Say what all rows will cost by what the first ones did; stop if that is too much."""
        costs = [self._rows[number].cost for number in first]
        known = [cost for cost in costs if cost is not None]
        about = self._spent + left * sum(known) / len(known) if known else 0.0
        unknown = len(known) < len(costs)
        if unknown:
            self._projected = "cost unknown"
        elif about:
            self._projected = f"about {in_dollars(about)} for all"
        if self._max_cost is not None and (unknown or about > self._max_cost):
            why = "what a row costs is not known" if unknown else f"all would cost about {in_dollars(about)}"
            self._note = f"stopped after {len(first)} rows: {why}"

    def _tell(self, *, last: bool = False) -> None:
        rows = self._rows.values()
        done = sum(row.status != "not run" for row in rows)
        failed = sum(row.status == "failed" for row in rows)
        parts = [f"{self._graph.name}: {done} of {len(self._inputs)} rows"]
        if failed:
            parts.append(f"{failed} failed")
        if self._reused:
            parts.append(f"{self._reused} done before")
        line = ", ".join(parts)
        money = [in_dollars(self._spent)] if self._spent else []
        money += [self._projected] if self._projected and not (last and self._spent) else []
        line += f" · {', '.join(money)}" if money else ""
        self._progress.tell(line + (f" · {self._note}" if self._note else ""), last=last)


def _part(state: Any, key: str) -> Any:
    return state.get(key) if isinstance(state, Mapping) else getattr(state, key, None)
