"""Running a graph: once, for each row of a DataFrame, for many inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Unpack, cast

from genxai_nb.errors import SetupError, StateInvalid
from genxai_nb.loop import run_here, run_sync

from .columns import Columns, inputs_of, with_results
from .options import RunChoices, as_input, run_options
from .result import Result
from .rows import Batch, Row
from .run import Run
from .workflow import Workflow

if TYPE_CHECKING:
    from pathlib import Path

    from pandas import DataFrame
    from pydantic import BaseModel

    from genxai_nb.calls.cassette import Cassette
    from genxai_nb.guard.budget import Budget
    from genxai_nb.guard.policy import Policy

    from .definition import Node

__all__ = ["Running"]


class MapChoices(RunChoices, total=False):
    """What `Graph.map` takes by name."""

    take: str | None
    limit: int
    sample: int
    max_cost: float | None
    again: bool


class Running(Workflow):
    """The verbs of a graph that run it."""

    nodes: dict[str, Node]

    def start(self, given: Mapping[str, Any] | BaseModel | None = None, **options: Unpack[RunChoices]) -> Run:
        """Record a new run that stands before its first node. Arguments as for `run`."""
        chosen = run_options(self.nodes, **options)
        if chosen.model is not None and chosen.cassette is None:
            with suppress(SetupError):  # a package or a key can still be brought, and the run resumed
                self.lookup.resolve("model", chosen.model)
        return Run.begin_new(self, as_input(given, self.schema.model), chosen)

    def run(
        self,
        given: Mapping[str, Any] | BaseModel | None = None,
        *,
        model: str | None = None,
        store: str | None = None,
        answers: Mapping[str, Any] | None = None,
        interactive: bool = False,
        policy: Policy | Mapping[str, Any] | str | None = None,
        budget: Budget | Mapping[str, Any] | str | float | None = None,
        cassette: Cassette | Path | str | None = None,
    ) -> Result:
        """Run the graph to its end and return its result.

        Args:
            given: The input: the state's first values by key, or an instance of the schema.
            model: The model for all agents of this run.
            store: Where the run is kept: None for the default, ``:memory:``, or a path.
            answers: Answers of people, by node name or prompt; a list has one for each visit.
            interactive: Somebody is there to answer the rest; the run waits for `Run.answer`.
            policy: What tools may do: ``safe``, ``open``, a Policy or its fields; None for the default.
            budget: What the run may spend: US dollars, or limits by name: ``money tokens calls seconds``.
            cassette: A file with models' answers. If it is there, the run is answered from it and asks no model; else
                what they answer is recorded there.

        Raises:
            UnknownName: There is no such model.
            OverBudget: The next call does not fit the budget; with a larger one the run can be resumed.
            NodeFailed: A node failed; has ``.result`` and ``.run_id``.
            GenXAIError: The graph or the input is not sound.
        """
        return self.start(
            given,
            model=model,
            store=store,
            answers=answers,
            interactive=interactive,
            policy=policy,
            budget=budget,
            cassette=cassette,
        ).resume()

    async def arun(
        self, given: Mapping[str, Any] | BaseModel | None = None, **options: Unpack[RunChoices]
    ) -> Result:
        """Run the graph on the caller's loop. Arguments and errors as for `run`."""
        return await run_here(self.start(given, **options).drive())

    def map(
        self,
        frame: DataFrame,
        column: Columns = None,
        **how: Unpack[MapChoices],
    ) -> DataFrame:
        """Run the graph once for each row of a DataFrame, side by side.

        What fails stays in its row. A few rows are run before the others, to tell what all will cost. After an
        interrupt, or with rows that were added, the same call goes on where it stopped: rows that are done are
        not run again as long as the graph, its definitions, the model, the answers and the row are the same.

        Args:
            frame: The DataFrame.
            column: The column that is the input, under its own name; several; or keys of the state by column.
                None for all that the state knows. Missing cells are left out.
            how: ``take``, the key of the final state that goes into ``result``, by default the whole state;
                ``limit``, how many rows are run at the same time (8); ``sample``, how many are run first (5);
                ``max_cost`` in US dollars: no row is begun once they are spent, or if the sample says that they
                would be; ``again``: also run rows that are done; the rest as for `run`, ``budget`` for each row.

        Returns:
            A copy with the columns ``result``, ``status``, ``cost`` (US dollars, missing if not known) and ``run_id``.

        Raises:
            UnknownName: There is no such column; the nearest one is named.
            StateInvalid: It is no DataFrame.
            GenXAIError: The graph is not sound.
        """
        return run_sync(self.amap(frame, column, **how))

    async def amap(self, frame: DataFrame, column: Columns = None, **how: Unpack[MapChoices]) -> DataFrame:
        """Run the graph for each row on the caller's loop. Arguments and errors as for `map`."""
        given = inputs_of(frame, column, self.schema.fields)
        chosen = cast("RunChoices", {n: value for n, value in how.items() if n in RunChoices.__annotations__})
        batch = Batch(
            self,
            given,
            run_options(self.nodes, **chosen),
            limit=how.get("limit", 8),
            sample=how.get("sample", 5),
            max_cost=how.get("max_cost"),
            again=how.get("again", False),
            take=how.get("take"),
        )
        return with_results(frame, await run_here(batch.run()))

    def batch(
        self,
        inputs: Iterable[Mapping[str, Any] | BaseModel],
        *,
        on: str = "local",
        limit: int = 32,
        again: bool = False,
        **options: Unpack[RunChoices],
    ) -> list[Row]:
        """Run the graph once for each input, side by side; what fails stays in its row.

        Args:
            inputs: What each run is given.
            on: Where: ``local``.
            limit: How many are run at the same time.
            again: Also run what is done. See `map`.
            options: As for `run`.

        Raises:
            StateInvalid: An input is none, or ``on`` is not known.
            GenXAIError: The graph is not sound.
        """
        if on != "local":
            raise StateInvalid(f"A batch on {on!r} is not known.", hint='Write on="local".')
        given = [as_input(one, self.schema.model) for one in inputs]
        made = Batch(self, given, run_options(self.nodes, **options), limit=limit, again=again)
        return run_sync(made.run())
