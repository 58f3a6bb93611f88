"""What a run needs of its graph and of its caller."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

from msgspec import Struct

from genxai_nb.calls.cassette import Cassette
from genxai_nb.guard.budget import Budget
from genxai_nb.guard.policy import Policy
from genxai_nb.journal.store import Definition

from .nodes import Lookup, Prepared
from .plan import Plan
from .state import Schema

__all__ = ["RunOptions", "Workflow"]


class RunOptions(Struct, frozen=True, kw_only=True):
    """How a run is made.

    Attributes:
        model: The model for all agents of the run; None for each agent's own.
        store: Where the run is kept: None for the default, ``:memory:``, or a path.
        answers: Answers of people, by node name or prompt.
        interactive: Somebody is there to answer what ``answers`` does not.
        policy: What tools may do in the run; None for the default.
        recorded: The policy that the journal has of a run that was loaded; the stricter of both holds.
        budget: What the run may spend; None for no limit.
        cassette: Where models' answers are recorded, or taken from; None for neither.
    """

    model: str | None = None
    store: str | None = None
    answers: dict[str, Any] = {}
    interactive: bool = False
    policy: Policy | None = None
    recorded: Policy | None = None
    budget: Budget | None = None
    cassette: Cassette | None = None


class Workflow(Protocol):
    """What a run needs of its graph."""

    name: str
    schema: Schema
    lookup: Lookup

    def build(self) -> Plan:
        """Check the graph and compute its plan."""

    @property
    def structure(self) -> str:
        """Content hash of nodes, edges, conditions, limits, joins and reducers."""

    def definition_of(self, node: str) -> Prepared:
        """The body of a node as its definition is now, with the node's options."""

    def own_record(self) -> Definition:
        """The graph itself as the journal keeps it, by its structure."""

    def all_nodes(self) -> list[str]:
        """Names of its nodes, and of those of its subgraphs."""

    def record_of(self, node: str) -> Definition:
        """The definition of a node as it is now, to be kept."""

    def known_definitions(self, nodes: Collection[str]) -> list[Definition]:
        """The definitions of some nodes as they are now, and of those that have been looked at before."""

    def definitions(self) -> list[Definition]:
        """All definitions as they are now, to be kept with the run."""
