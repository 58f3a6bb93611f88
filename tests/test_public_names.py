"""What each room offers is written down in its `__all__`."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import pytest

import genxai_nb

ROOMS = pkgutil.walk_packages(genxai_nb.__path__, "genxai_nb.")
PACKAGES = ["genxai_nb", *sorted(found.name for found in ROOMS if found.ispkg)]
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


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_exist(name):
    """Every name in `__all__` of a package can be had; its order is checked by ruff."""
    package = importlib.import_module(name)

    assert [public for public in package.__all__ if not hasattr(package, public)] == []


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_are_complete(name):
    """Whatever a package defines in its own file without an underscore is in its `__all__`."""
    package = importlib.import_module(name)
    bound = {
        key
        for key, value in vars(package).items()
        if not key.startswith("_")
        and not isinstance(value, ModuleType)
        and str(getattr(value, "__module__", "")) == name
        and key not in {"load_ipython_extension", "unload_ipython_extension"}
    }

    assert bound - set(package.__all__) == set()


def test_the_promised_names_are_there():
    """The package root offers the names that others may count on."""
    assert set(genxai_nb.__all__) >= PROMISED
    assert set(dir(genxai_nb)) >= PROMISED
