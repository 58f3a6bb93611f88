"""What each room offers is written down in its `__all__`."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import pytest

import genxai_nb

ROOMS = pkgutil.walk_packages(genxai_nb.__path__, "genxai_nb.")
PACKAGES = ["genxai_nb", *sorted(found.name for found in ROOMS if found.ispkg)]
HOOKS = {"annotations", "TYPE_CHECKING", "load_ipython_extension", "unload_ipython_extension"}
PROMISED = {
    "Agent",
    "END",
    "GenXAIError",
    "Graph",
    "Result",
    "Run",
    "START",
    "human",
    "run_log",
    "tool",
}


def place(name: str) -> tuple[int, str]:
    """Where a name stands in a sorted list: constants, then classes, then the rest, as ruff sorts them."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def is_own(value: object) -> bool:
    """Whether a package binds a value of this project, not one that it imported from elsewhere."""
    return not isinstance(value, ModuleType) and getattr(value, "__module__", "genxai_nb").startswith(
        "genxai_nb"
    )


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_are_sorted_and_exist(name):
    """`__all__` of a package is sorted and every name in it can be had."""
    package = importlib.import_module(name)

    assert list(package.__all__) == sorted(package.__all__, key=place)
    assert [public for public in package.__all__ if not hasattr(package, public)] == []


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_are_complete(name):
    """Whatever a package binds without an underscore is in its `__all__`."""
    package = importlib.import_module(name)
    bound = {key for key, value in vars(package).items() if not key.startswith("_") and is_own(value)}

    assert bound - set(package.__all__) - HOOKS == set()


def test_the_promised_names_are_there():
    """The package root offers the names that others may count on."""
    assert set(genxai_nb.__all__) >= PROMISED
    assert set(dir(genxai_nb)) >= PROMISED
