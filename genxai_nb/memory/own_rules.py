"""Rules of one's own: a function that says what a kind of memory writes, in place of the kind's rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from genxai_nb.errors import DefinitionError, SchemaInvalid
from genxai_nb.journal.items import Draft

from .base import Kind, Turn

OPTION = "rule"

_READING = {
    "never",
    "recalled",
    "by hand",
    "time",
    "confidence",
    "merged",
    "faded",
    "dropped",
}  # rules that stay


def check_rule(kind: str, options: Mapping[str, Any]) -> None:
    """Refuse a rule that is no function of one turn.

    Raises:
        DefinitionError: Says what to write.
    """
    rule = options.get(OPTION)
    if rule is None:
        return
    if not inspect.isfunction(rule) or inspect.iscoroutinefunction(rule) or _takes(rule) != 1:
        raise DefinitionError(
            f"The rule of {kind} memory is {rule!r:.60}, not a function of one turn.",
            hint=f"Write def my_rule(turn): return [...], and {kind}: {{rule: $my_rule}}.",
        )


def _takes(rule: Callable[..., Any]) -> int:
    needed = [one for one in inspect.signature(rule).parameters.values() if one.default is one.empty]
    return len([one for one in needed if one.kind not in {one.VAR_KEYWORD, one.VAR_POSITIONAL}])


def noticed(rule: Callable[[Turn], Any], kind: Kind, turn: Turn) -> list[Draft]:
    """What a rule finds worth remembering of a turn, as drafts of a kind.

    A text is taken apart like one that a person tells by hand, and is the agent's; a draft is taken as it is. Both
    bear the rule's name.

    Raises:
        SchemaInvalid: The rule returned something else.

    Example:
        >>> from genxai_nb.memory.semantic import Semantic
        >>> from genxai_nb.memory.shelves import ListShelf
        >>> def towns(turn):
        ...     return [f"The town of the user is {word}." for word in turn.asked.split() if word.istitle()]
        >>> noticed(towns, Semantic(ListShelf("semantic")), Turn(agent="guide", asked="off to Ulm"))[0].fields["object"]
        'Ulm'
    """
    name = rule.__name__
    found = rule(turn)
    items = [] if found is None else [found] if isinstance(found, str | Draft) else found
    if not isinstance(items, list | tuple) or not all(isinstance(one, str | Draft) for one in items):
        raise SchemaInvalid(
            f"The rule {name!r} returned {found!r:.80}.",
            hint="Return sentences: a list of texts, or of genxai_nb.journal.items.Draft.",
        )
    return [
        structs.replace(one, rule=name, source=one.source or turn.agent)
        if isinstance(one, Draft)
        else structs.replace(kind.draft(one), rule=name, source=turn.agent)
        for one in items
        if (one.text if isinstance(one, Draft) else one).strip()
    ]


def rules_of(kind: Any, options: Mapping[str, Any]) -> dict[str, str]:
    """The rules of a kind in words; with a rule of one's own, that one and those by which the kind is recalled."""
    rule = options.get(OPTION)
    if rule is None:
        return dict(kind.rules)
    said = inspect.getdoc(rule) or "A function of one's own."
    kept = {name: text for name, text in kind.rules.items() if name in _READING}
    return {rule.__name__: said.partition("\n")[0], **kept}
