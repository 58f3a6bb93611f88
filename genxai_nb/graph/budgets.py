"""What a run may spend, and what it has spent by its journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from genxai_nb.calls.budget import PROCESS, Account
from genxai_nb.calls.spent import spent_in
from genxai_nb.errors import GenXAIError
from genxai_nb.guard.budget import Amount, Budget, budget_from
from genxai_nb.journal.events import Event, RunResumed, RunStarted
from genxai_nb.settings import read_settings

if TYPE_CHECKING:
    from .nodes import Lookup

__all__ = [
    "AgentAccounts",
    "account_for",
    "budget_in",
    "changed_budget",
    "process_account",
    "spent_by",
    "written",
]


def account_for(budget: Budget | None, events: Callable[[], Sequence[Event]], lookup: Lookup) -> Account:
    """The account of a run that goes on from its history, which is asked for only if there is a budget."""
    return Account("this run", budget, Amount() if budget is None else spent_by(events(), lookup))


class AgentAccounts:
    """What each agent may spend in a run: one account by its name, wherever in the run it answers.

    Args:
        events: The run's history, which is asked for only if an agent has a budget.
        lookup: Finds the models that were asked.
    """

    def __init__(self, events: Callable[[], Sequence[Event]], lookup: Lookup) -> None:
        self._events = events
        self._lookup = lookup
        self._accounts: dict[str, Account] = {}

    def __call__(self, agent: str, budget: Budget | None) -> Account | None:
        """The account of an agent that begins to answer; None as long as it never had a budget."""
        account = self._accounts.get(agent)
        if account is None and budget is not None:
            account = self._accounts[agent] = Account(agent, option="budget: ", agent=True)
        if account is not None and account.limit != budget:
            spent = spent_by(self._events(), self._lookup, agent) if account.limit is None else None
            account.allow(budget, spent)
        return account

    @contextmanager
    def driven(self) -> Iterator[None]:
        """Count the time of calls that are under way only while the run is driven."""
        for account in self._accounts.values():
            account.go_on()
        try:
            yield
        finally:
            for account in self._accounts.values():
                account.stand()


def budget_in(events: Iterable[Event]) -> Budget | None:
    """The budget that a run had last; None for no limit."""
    last: dict[str, Any] | None = None
    for event in events:
        if isinstance(event, RunStarted | RunResumed) and event.budget is not None:
            last = event.budget
    return budget_from(last) if last else None


def changed_budget(budget: Budget | None, events: Iterable[Event]) -> dict[str, Any] | None:
    """The limits of a run's budget, if the journal does not have it yet."""
    return None if budget == budget_in(events) else written(budget) or {}


def written(budget: Budget | None) -> dict[str, Any] | None:
    """The limits of a budget as they are recorded."""
    return None if budget is None else msgspec.to_builtins(budget)


def process_account() -> Account:
    """The account of all runs of this process, with the limit that ``GENXAI_BUDGET`` holds now.

    Raises:
        DefinitionError: It is no budget.
    """
    PROCESS.allow(budget_from(read_settings().budget or None))
    return PROCESS


def spent_by(events: Sequence[Event], lookup: Lookup, agent: str | None = None) -> Amount:
    """What a run, or an agent in it, has spent; the price of what was not known then is looked up now."""

    def price_of(model: str) -> Callable[[Any], float | None] | None:
        try:
            return lookup.resolve("model", model)[1].price
        except GenXAIError:  # its provider is not there any more
            return None

    return spent_in(events, price_of, agent)
