"""The options of a node and of a run, checked as they are given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from math import inf
from typing import TYPE_CHECKING, Any, TypedDict

from genxai_nb.calls.cassette import Cassette, cassette_from
from genxai_nb.errors import DefinitionError, StateInvalid, UnknownName
from genxai_nb.guard.budget import Budget, budget_from
from genxai_nb.guard.policy import Policy, policy_from

from .nodes import NodeOptions
from .workflow import RunOptions

if TYPE_CHECKING:
    from pathlib import Path

    from .definition import Node

__all__ = ["as_input", "instances_at_once", "node_options", "run_options", "several", "whole"]

OPTIONS = (
    "retry",
    "timeout",
    "on_error",
    "join",
    "at_once",
    "cache",
    "reads",
    "into",
    "choices",
    "arguments",
)


def whole(name: str, value: object) -> int:
    """A count that was given.

    Raises:
        DefinitionError: It is no whole number from 0.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise DefinitionError(
            f"{name} is {value!r}, which is no whole number from 0.", hint=f"Write {name}=3."
        )
    return value


def several(name: str, given: object, example: str) -> tuple[str, ...]:
    """Texts that were given, or a single one.

    Raises:
        DefinitionError: It is nothing of the kind.
    """
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, Iterable) or isinstance(given, bytes):
        raise DefinitionError(
            f"{name} is {given!r:.80}, which is no list of texts.", hint=f"Write {example}."
        )
    return tuple(str(one) for one in given)


def node_options(
    name: str,
    *,
    retry: object,
    timeout: object,
    on_error: object,
    join: object,
    cache: object,
    reads: object,
    into: object,
    choices: object,
    arguments: Mapping[str, str],
) -> NodeOptions:
    """Check what is said of a node.

    Raises:
        DefinitionError: A value is none that the option takes.
    """
    if timeout is not None and (
        not isinstance(timeout, int | float) or isinstance(timeout, bool) or not 0 < timeout < inf
    ):
        raise DefinitionError(
            f"timeout is {timeout!r}, which is no time in seconds.", hint="Write timeout=5."
        )
    if cache is not False:
        raise DefinitionError(f"Node {name!r} has cache={cache!r}.", hint="This version knows cache=False.")
    if str(on_error) not in {"fail", "continue"} and not re.fullmatch(r"goto:.+", str(on_error)):
        raise DefinitionError(
            f"Node {name!r} has on_error={on_error!r}.", hint='Write "fail", "continue" or "goto:NODE".'
        )
    number = isinstance(join, int) and not isinstance(join, bool) and join > 0
    if str(join) not in {"all", "any", "each"} and not number:
        raise DefinitionError(
            f"Node {name!r} has join={join!r}.", hint='Write "all", "any", "each" or a number from 1.'
        )
    if into is not None and (not isinstance(into, str) or not into):
        raise DefinitionError(f"Node {name!r} has into={into!r}, which is no key.", hint='Write into="key".')
    return NodeOptions(
        name=name,
        retry=whole("retry", retry),
        timeout=None if timeout is None else float(timeout),
        on_error=str(on_error),
        join=join if isinstance(join, int) else str(join),
        reads=None if reads is None else several("reads", reads, 'reads=["key"]'),
        into=into,
        arguments=dict(arguments),
        choices=several("choices", choices, 'choices=["yes", "no"]'),
    )


def instances_at_once(name: str, at_once: object) -> int | None:
    """How many instances of a node may be under way; None for all.

    Raises:
        DefinitionError: It is no number from 1.
    """
    if at_once is None:
        return None
    if not (most := whole("at_once", at_once)):
        raise DefinitionError(
            f"Node {name!r} has at_once={at_once!r}, so that nothing could start.", hint="Write at_once=8."
        )
    return most


def refuse_arguments(name: str, kind: str, arguments: Mapping[str, str]) -> None:
    """Refuse arguments for a node that is no tool: mostly an option that is misspelt.

    Raises:
        DefinitionError: There are some.
    """
    for argument in arguments:
        near = get_close_matches(argument, OPTIONS, n=1)
        hint = f"Did you mean {near[0]}=?" if near else "Only tools take arguments."
        raise DefinitionError(f"Node {name!r}, a {kind}, was given {argument}=.", hint=hint)


class RunChoices(TypedDict, total=False):
    """What `Graph.run` takes by name."""

    model: str | None
    store: str | None
    answers: Mapping[str, Any] | None
    interactive: bool
    policy: Policy | Mapping[str, Any] | str | None
    budget: Budget | Mapping[str, Any] | str | float | None
    cassette: Cassette | Path | str | None


def run_options(
    nodes: Mapping[str, Node],
    *,
    model: object = None,
    store: object = None,
    answers: object = None,
    interactive: bool = False,
    policy: object = None,
    budget: object = None,
    cassette: object = None,
) -> RunOptions:
    """Check how a run is asked for; answers may name a node as it is written in cells, with hyphens.

    Raises:
        StateInvalid: A value is none that the option takes.
        UnknownName: There is an answer for what is neither a node nor a question, or no such policy.
        DefinitionError: The policy or the budget cannot be read.
        InputError: The cassette cannot be read.
    """
    for option, value in (("model", model), ("store", store)):
        if value is not None and not isinstance(value, str):
            raise StateInvalid(f"{option} is {value!r}, which is no text.", hint=f'Write {option}="...".')
    if answers is not None and not isinstance(answers, Mapping):
        raise StateInvalid(
            f"answers are {answers!r:.80}, which is no dict.", hint='Write answers={"node": "yes"}.'
        )
    given: dict[str, Any] = {}
    for name, answer in dict(answers or {}).items():
        node = str(name) if name in nodes else str(name).replace("-", "_")
        if node not in nodes and " " not in node and "?" not in node:
            raise UnknownName("node for an answer", str(name), nodes)
        given[node if node in nodes else str(name)] = answer
    return RunOptions(
        model=model if isinstance(model, str) else None,
        store=store if isinstance(store, str) else None,
        answers=given,
        interactive=interactive,
        policy=policy_from(policy),
        budget=budget_from(budget),
        cassette=cassette_from(cassette),
    )


def as_input(given: object, model: Any) -> Mapping[str, Any]:
    """A run's input as keys and values: a dict, or an instance of the graph's schema.

    Raises:
        StateInvalid: It is neither.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return given
    if model is not None and isinstance(given, model):
        return {name: getattr(given, name) for name in model.model_fields}
    what = f"The input is {given!r:.80}, which is a {type(given).__name__}."
    raise StateInvalid(what, hint='Give a dict of the state\'s first values, such as {"topic": "..."}.')
