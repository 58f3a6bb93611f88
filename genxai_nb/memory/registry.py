"""Kinds of memory by name: those that come with the package and those that installed packages offer.

Another package offers a kind by an entry point in the group ``genxai_nb.memory`` whose name is the
kind's and whose value is ``module:class``.
"""

from __future__ import annotations

import functools
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

from genxai_nb.errors import SchemaInvalid, UnknownName

from . import occasions, own_rules, scopes
from .base import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.metadata import EntryPoint

    from .base import Kind, Shelf

GROUP = "genxai_nb.memory"
DEFAULT = "short_term"

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})

_PLACES = get_args(Place)
_BUILTIN = {
    "short_term": "genxai_nb.memory.short_term:ShortTerm",
    "working": "genxai_nb.memory.working:Working",
    "long_term": "genxai_nb.memory.long_term:LongTerm",
    "episodic": "genxai_nb.memory.episodic:Episodic",
    "semantic": "genxai_nb.memory.semantic:Semantic",
    "procedural": "genxai_nb.memory.procedural:Procedural",
}


def names() -> list[str]:
    """List the names of all kinds, those that come with the package first."""
    return [*_BUILTIN, *sorted({*_entries()} - {*_BUILTIN})]


def is_known(name: str) -> bool:
    """Whether there is a kind of that name."""
    return name in _BUILTIN or name in _entries()


@functools.cache
def find(name: str) -> Any:
    """Return the class of a kind, which is made with the shelf that its items stand on.

    Raises:
        UnknownName: There is no kind of that name; the nearest one is suggested.
        SchemaInvalid: An entry point leads to something that is no kind.

    Example:
        >>> find("semantic").place
        'store'
    """
    if name in _BUILTIN:
        module, _, attribute = _BUILTIN[name].partition(":")
        return getattr(import_module(module), attribute)
    if name in _entries():
        found = _entries()[name].load()
        if not isinstance(found, type) or getattr(found, "place", None) not in _PLACES:
            raise SchemaInvalid(
                f"The entry point {name!r} of group {GROUP!r} is {found!r:.60}, which is no kind of memory.",
                hint="Let it lead to a class such as genxai_nb.memory.semantic.Semantic.",
            )
        return found
    raise UnknownName("kind of memory", name, names())


def open_kind(name: str, shelf: Shelf, options: Mapping[str, Any] = NO_OPTIONS) -> Kind:
    """Make a kind with the shelf that its items stand on.

    Raises:
        UnknownName: There is no kind of that name.
        DefinitionError: An option does not hold what it should.
    """
    common = (*scopes.OPTIONS, own_rules.OPTION, occasions.OPTION)
    own = {option: value for option, value in options.items() if option not in common}
    made: Kind = find(name)(shelf, **own)
    return made


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Refuse options that a kind does not have, or that hold something else.

    Raises:
        UnknownName: There is no such kind, or it has no such option.
        DefinitionError: An option does not hold what it should.
    """
    from .shelves import ListShelf

    kind = find(name)
    known = (
        *getattr(kind, "options", ()),
        *(scopes.OPTIONS if kind.place == "store" else ()),
        *((own_rules.OPTION, occasions.OPTION) if kind.recalls else ()),
    )
    for option in options:
        if option not in known:
            raise UnknownName(f"option of {name} memory", str(option), known)
    scopes.check_scope(name, options)
    own_rules.check_rule(name, options)
    occasions.check_occasion(name, options)
    open_kind(name, ListShelf(name), options)


def extras_of(kinds: Iterable[str]) -> set[str]:
    """The extras of this package that kinds use here: those of the embedder and of the index of embeddings."""
    if not any(find(kind).embeds for kind in kinds):
        return set()
    from .embed import find_embedder, installed_model
    from .spaces import chosen

    model, index = installed_model(), chosen().partition(":")[0].partition("+")[0]
    extras = {find_embedder(model).extra} if model else set()
    return extras | ({index} if model and index == "chroma" else set())


@functools.cache
def _entries() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP)}
