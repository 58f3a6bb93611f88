"""Many tools at once: all of a category or tag, or those of them that are nearest to what is asked.

Among an agent's tools ``@data`` stands for all tools of category or tag ``data``, ``@all`` for all tools there are,
and ``@data/3`` for the three of them whose descriptions are most like the message that the agent answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from genxai_nb.errors import DefinitionError, UnknownName

if TYPE_CHECKING:
    from genxai_nb.messages import ToolSpec

__all__ = ["Group", "is_group", "nearest", "read_group"]

_GROUP = re.compile(r"@([A-Za-z][\w-]*)(?:/([1-9][0-9]{0,2}))?")
EVERY = "all"


class Group(NamedTuple):
    """Tools that one word stands for: their names, and how many of them are told of at most; None for all."""

    names: tuple[str, ...]
    most: int | None


def is_group(word: object) -> bool:
    """Whether a word among an agent's tools stands for many."""
    return isinstance(word, str) and word.startswith("@")


def read_group(word: str) -> Group:
    """The tools that a word such as ``@data`` or ``@data/3`` stands for.

    Raises:
        DefinitionError: It cannot be read.
        UnknownName: No tool is of that category or tag; the nearest one is suggested.

    Example:
        >>> "sql_query" in read_group("@database").names, read_group("@all/5").most
        (True, 5)
    """
    from genxai_nb.tools import registry

    found = _GROUP.fullmatch(word)
    if found is None:
        raise DefinitionError(
            f"{word!r} stands for no tools.", hint="Write @data, or @data/3 for the nearest three."
        )
    name, count = found[1], int(found[2]) if found[2] else None
    rows = registry.describe()
    names = tuple(row.name for row in rows if name in (EVERY, row.category, *row.tags))
    if not names:
        known = {EVERY, *(row.category for row in rows), *(tag for row in rows for tag in row.tags)}
        raise UnknownName("category or tag of tools", name, sorted(known))
    return Group(names, count)


def nearest(text: str, specs: Sequence[ToolSpec], count: int) -> set[str]:
    """The names of the tools whose names and descriptions are most like a text; equal ones in their order.

    They are compared by meaning and words, or by words alone where no sentence encoder is installed.
    """
    from genxai_nb.journal.items import Entry
    from genxai_nb.memory.embed import installed_model, vectors_of
    from genxai_nb.memory.index import Index
    from genxai_nb.memory.vectors import Matrix

    if len(specs) <= count:
        return {spec.name for spec in specs}
    told = [f"{spec.name.replace('_', ' ')}: {spec.description.partition('Args:')[0]}" for spec in specs]
    model = installed_model()
    query, *vectors = vectors_of(model, [text, *told]) if model else [b""] * (len(told) + 1)
    index = Index(Matrix(len(query) // 4))
    index.extend([Entry(number, *row) for number, row in enumerate(zip(told, vectors, strict=True))])
    found = [match.number for match in index.search(text, query, count)]
    rest = [number for number in range(len(specs)) if number not in found]
    return {specs[number].name for number in [*found, *rest][:count]}
