"""Variables of the notebook that definitions and results are bound to."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Mapping
from typing import Any

from genxai_nb.agents.naming import kind_of, variable_of
from genxai_nb.errors import DefinitionError

RESULT = "result"  # the variable of a run's result, if none is named


def bindable(variables: Mapping[str, Any], name: str, *, ours: bool, result: bool = False) -> str:
    """Return the variable for a name, if it may be bound.

    Args:
        variables: The notebook's variables.
        name: The name.
        ours: What the variable holds now was bound by us.
        result: A result is to be bound, which never takes a definition's place, nor one a result's.

    Raises:
        DefinitionError: The variable holds something else, or cannot be a variable.
    """
    variable = variable_of(name)
    if not variable.isidentifier() or keyword.iskeyword(variable):
        raise DefinitionError(
            f"{name!r} cannot be a variable of the notebook.",
            hint="Take letters, digits and '_', a letter first, and no word of Python's own.",
        )
    if variable in variables and not ours:
        kind = type(variables[variable]).__name__
        raise DefinitionError(
            f"The notebook has a {variable!r} of its own already, of type {kind}.",
            hint=f"Choose another name, or type: del {variable}",
        )
    if result and (kind := kind_of(variables.get(variable))):
        raise DefinitionError(
            f"{variable!r} is the {kind} of that name; a result would replace it.",
            hint="Choose another name for the result: --as NAME.",
        )
    if not result and variable == RESULT:
        raise DefinitionError(f"{variable!r} is where results go.", hint="Choose another name.")
    if variable not in variables and hasattr(builtins, variable):
        raise DefinitionError(f"{name!r} would hide Python's own {variable!r}.", hint="Choose another name.")
    return variable
