"""The budget in the chain: what a call may take is reserved before it is made, and settled by what it took.

A call that would fit if those under way took less than is reserved for them waits for their end. One that does not
fit then ends the run as it stands: nothing has failed, and what was answered is answered from the journal when the
run is resumed.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from time import monotonic
from typing import Any

from genxai_nb.errors import OverBudget
from genxai_nb.guard.budget import Amount, Budget
from genxai_nb.journal.cost import in_dollars
from genxai_nb.messages import ModelReply, ModelRequest, Usage, assistant
from genxai_nb.tokens import CAUTION, estimate_request, estimate_tokens

from .call import Call, Handler
from .gate import Gate

__all__ = ["ANSWER", "CHARGED", "PROCESS", "TIMED", "Account", "Price", "Spending", "answered"]

ANSWER = 1024  # tokens that are reserved for an answer without a limit of its own
LOOK = 0.05  # seconds between two looks at an account whose run stands
CHARGED = ("model", "embedding")
TIMED = (*CHARGED, "tool")
_UNTOLD: dict[str, Any] = {"model": "", "usage": {}}  # what a reply that is only expected tells of itself

Price = Callable[[Any], float | None]
Halt = Callable[[OverBudget], None]

_lock = threading.Lock()  # of all accounts: that of the process is shared by the loops of several threads


class Account:
    """What somebody may spend, and has spent.

    Args:
        owner: Whose it is, for errors: ``this run``, ``this process``, or an agent's name.
        limit: What may be spent; None for no limit.
        spent: What was spent before.
        option: What stands before a limit where it is written.
        agent: It is an agent's: what is driven at the same time counts once, and not each for itself.

    Attributes:
        limit: What may be spent.
        agent: It is an agent's.
        under_way: How many calls have reserved something.
    """

    def __init__(
        self,
        owner: str,
        limit: Budget | None = None,
        spent: Amount = Amount(),  # noqa: B008 - frozen
        *,
        option: str = "--budget ",
        agent: bool = False,
    ) -> None:
        self.owner = owner
        self.agent = agent
        self.limit = limit
        self.under_way = 0
        self._option = option
        self._spent = spent
        self._reserved = Amount()
        self._drives: dict[object, float] = {}
        self._stood: float | None = None  # since when nothing counts
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def spent(self) -> Amount:
        """What was spent, with the time of the drives that go on."""
        now = self._now()
        began = list(self._drives.values())  # other threads begin and end some
        if self.agent:
            began = [min(began)] if began else []
        return self._spent + Amount(seconds=sum(now - one for one in began))

    @property
    def left(self) -> float | None:
        """The seconds that are left; None for no limit."""
        limit = None if self.limit is None else self.limit.seconds
        return None if limit is None else max(0.0, limit - self.spent.seconds)

    def allow(self, limit: Budget | None, spent: Amount | None = None) -> None:
        """Change what may be spent. Without a limit before, counting begins now, at what was ``spent``."""
        if self.limit is None:
            self._spent = spent or Amount()
        self.limit = limit

    def lacking(self, amount: Amount) -> str | None:
        """Which limit an amount does not fit under beside what is spent and reserved; None if it fits."""
        return None if self.limit is None else self.limit.lacking(self.spent + self._reserved + amount)

    def may_yet_hold(self, amount: Amount) -> bool:
        """Whether an amount that does not fit now may fit when the calls under way have settled."""
        unknown = (self._spent + amount).money is None and self.lacking(amount) == "money"
        return self.under_way > 0 and not unknown

    def reserve(self, amount: Amount) -> None:
        """Set an amount apart."""
        self._reserved += amount
        self.under_way += 1

    def settle(self, reserved: Amount, used: Amount) -> None:
        """Give back what was set apart, and spend what was used of it."""
        self.under_way -= 1
        self._reserved = self._reserved - reserved if self.under_way else Amount()
        self._spent += used
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            with suppress(RuntimeError):  # its loop is closed, so that nobody waits any more
                future.get_loop().call_soon_threadsafe(_wake, future)

    def settled(self) -> asyncio.Future[None]:
        """Resolves when a call under way has settled."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return future

    @contextmanager
    def driven(self) -> Iterator[float | None]:
        """Count the time of a drive; gives the seconds that are left for it, None for no limit."""
        key, left = object(), self.left
        self._drives[key] = self._now()
        try:
            yield left
        finally:
            with _lock:
                began, until = self._drives.pop(key), self._now()
                if self.agent and self._drives:
                    until = max(began, min(self._drives.values()))
                self._spent += Amount(seconds=until - began)

    def stand(self) -> None:
        """Count no time from now on, as the run stands; what is under way holds."""
        with _lock:
            self._stood = monotonic()

    def go_on(self) -> None:
        """Count time again."""
        with _lock:
            if self._stood is not None:
                stood, self._stood = monotonic() - self._stood, None
                self._drives = {key: began + stood for key, began in self._drives.items()}

    def _now(self) -> float:
        return monotonic() if self._stood is None else self._stood

    def refusal(self, who: str, wanted: Amount, node: str = "", name: str | None = None) -> OverBudget:
        """Say what a call, or the run itself, would need that is not left of a limit, or of the first one it is above."""
        limit, spent = self.limit or Budget(), self.spent
        owner = f"agent {self.owner!r}" if self.agent else self.owner
        name = name or limit.lacking(spent + wanted) or "money"
        if name == "seconds":  # nobody knows how many more it takes
            who, wanted = "The run", Amount(seconds=limit.seconds or 0.0)
        if getattr(spent + wanted, name) is None:
            what = who if getattr(wanted, name) is None else f"What {owner} has spent"
            return OverBudget(
                f"{what} has no known price, so no budget of money can hold it.",
                hint=f"Limit what is known: {self._option}tokens=20000, or calls=10.",
                node=node,
            )
        needed = limit.raised(spent + wanted)
        most, left = getattr(limit, name), max(0, getattr(limit, name) - getattr(spent, name))
        short = getattr(spent + wanted, name) - most
        whose = f"in the budget of {owner}"
        what, more = {
            "money": (
                f"needs about {in_dollars(wanted.money or 0)}, and {in_dollars(left)} of {in_dollars(most)} are left",
                in_dollars(short),
            ),
            "tokens": (
                f"needs about {wanted.tokens:,} tokens, and {left:,} of {most:,} are left",
                f"{short:,} tokens",
            ),
            "calls": (f"is one too many: all {most:,} are made", f"{short:,} call"),
            "seconds": (f"was stopped after {spent.seconds:.3g} of {most:g} s", f"{short:.3g} s"),
        }[name]
        written = f"{self._option}{needed}"
        way = f"write {written} in {owner} and resume" if self.agent else f"resume with {written}"
        hint = f"With about {more} more it goes on: {way}."
        error = OverBudget(f"{who} {what} {whose}.", hint=hint, node=node)
        error.needed, error.agent = str(needed), self.owner if self.agent else ""
        return error


PROCESS = Account("this process", option="GENXAI_BUDGET=")


class Spending:
    """Middleware that makes only calls of models and embeddings that fit under all accounts.

    Args:
        accounts: Under which; those of the agents whose call it is stand in its context.
        gate: Tells that the run has been stopped elsewhere.
        halt: Ends the run where it stands.
        expire: Ends what is under way in the run too, as the time of an account is over.
    """

    def __init__(
        self,
        accounts: Sequence[Account],
        gate: Gate,
        halt: Halt,
        expire: Callable[[Account], None] | None = None,
    ) -> None:
        self._accounts = accounts
        self._gate = gate
        self._halt = halt
        self._expire = expire

    def __call__(self, call: Call, proceed: Handler) -> Awaitable[Any]:
        """Make a call within the budgets; without any, or of what costs nothing, as it is."""
        agents = getattr(call.context, "accounts", ())
        if agents and call.kind in TIMED:
            proceed = partial(self._time, agents, proceed)
        accounts = (*self._accounts, *agents)
        if call.kind not in CHARGED or all(account.limit is None for account in accounts):
            return proceed(call)
        return self._make(call, proceed, accounts)

    async def _time(self, agents: Sequence[Account], proceed: Handler, call: Call) -> Any:
        """Make a call of an agent, whose time goes on meanwhile."""
        with ExitStack() as stack:
            for account in agents:
                left = stack.enter_context(account.driven())
                if left is not None and self._expire is not None:
                    stack.callback(_watched(account, left, self._expire))
            return await proceed(call)

    async def _make(self, call: Call, proceed: Handler, accounts: Sequence[Account]) -> Any:
        price = call.traits.price
        expected = asked(call.kind, call.request, price)
        await self._reserve(call, expected, accounts)
        used = Amount(calls=1)
        try:
            reply = await proceed(call)
            used = answered(call.kind, call.request, reply, None, price)
        finally:
            with _lock:
                for account in accounts:
                    account.settle(expected, used)
        return reply

    async def _reserve(self, call: Call, expected: Amount, accounts: Sequence[Account]) -> None:
        """Wait until a call fits.

        Raises:
            CancelledError: It never will, so the run is halted, or the run was stopped meanwhile.
        """
        while True:
            if self._gate.stopped:
                raise asyncio.CancelledError
            with _lock:
                account = next((one for one in accounts if one.lacking(expected)), None)
                if account is None:
                    for one in accounts:
                        one.reserve(expected)
                    return
                settled = account.settled() if account.may_yet_hold(expected) else None
            if settled is None:
                node = call.scope.node
                who = f"The call of {call.kind} {call.name!r} by node {node!r}"
                self._halt(account.refusal(who, expected, node))
                raise asyncio.CancelledError
            await settled


def asked(kind: str, request: Any, price: Price | None) -> Amount:
    """What a call is expected to take at most: the prompt by estimate, the answer by its limit."""
    tokens = _estimated(request)
    if kind != "model":
        return Amount(tokens=tokens, calls=1)
    limit, thoughts = ANSWER, None
    if isinstance(request, ModelRequest):
        limit, thoughts = request.max_tokens or ANSWER, request.reasoning
    if isinstance(thoughts, int) and limit <= thoughts:  # the vendor's limit is raised by them
        limit += thoughts
    usage = Usage(input=round(tokens * CAUTION), output=limit)
    return Amount(_priced(price, usage), usage.total, calls=1)


def answered(kind: str, request: Any, reply: Any, cost: float | None, price: Price | None) -> Amount:
    """What a call took. Where its usage is not told, as in an answer that was left, it is what was expected."""
    if kind != "model":
        return Amount(cost or 0.0, _estimated(request), calls=1)
    usage = reply.usage if isinstance(reply, ModelReply) else Usage()
    if not usage.total:
        return asked(kind, request, price)
    if cost is None and price is not None:
        try:
            cost = price(reply)
        except Exception:  # noqa: BLE001 - as in the record of the call
            cost = None
    return Amount(_priced(price, usage) if cost is None else cost, usage.total, calls=1)


def _estimated(request: Any) -> int:
    if isinstance(request, ModelRequest):
        return estimate_request(request)
    texts = request.get("texts", ()) if isinstance(request, dict) else (request,)
    return sum(estimate_tokens(str(text)) for text in texts)


def _priced(price: Price | None, usage: Usage) -> float | None:
    """The price of a reply of which no more is known than its tokens."""
    try:
        return (
            None
            if price is None
            else price(ModelReply(message=assistant(""), usage=usage, raw=dict(_UNTOLD)))
        )
    except Exception:  # noqa: BLE001 - a price that cannot be told is not known
        return None


def _watched(account: Account, left: float, expire: Callable[[Account], None]) -> Callable[[], None]:
    """Look at an account when its time should be over; gives what ends that. A run that stood has some left then."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def look() -> None:
        nonlocal timer
        if (more := account.left) is not None and more > 0:
            timer = loop.call_later(max(more, LOOK), look)
        elif more is not None:
            expire(account)

    timer = loop.call_later(left, look)
    return lambda: timer.cancel()


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
