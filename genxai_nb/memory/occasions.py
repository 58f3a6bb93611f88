"""When a kind of memory is recalled: before each call of the model, or once for a visit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genxai_nb.errors import DefinitionError

OPTION = "recall"
EACH, ONCE = "each call", "once"


def check_occasion(kind: str, options: Mapping[str, Any]) -> None:
    """Refuse an occasion that there is not.

    Raises:
        DefinitionError: Says what to write.
    """
    if options.get(OPTION, EACH) not in (EACH, ONCE):
        raise DefinitionError(
            f"{kind} memory is to be recalled {options[OPTION]!r}.", hint=f"Write one of {EACH}, {ONCE}."
        )


def is_each_call(options: Mapping[str, Any]) -> bool:
    """Whether a kind with these options is asked again before each later call of a visit.

    Example:
        >>> is_each_call({}), is_each_call({"recall": "once"})
        (True, False)
    """
    return bool(options.get(OPTION, EACH) == EACH)
