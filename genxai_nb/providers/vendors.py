"""The vendors that are known by name, and what each needs before its models can answer."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import NamedTuple

from genxai_nb.errors import Authentication, MissingPackage, SetupError


class Vendor(NamedTuple):
    """A vendor, and what its models need.

    Attributes:
        module: The SDK's module.
        package: The SDK's package.
        extra: The extra of this package that installs it.
        variable: The variable of the environment that holds the key.
        others: Further ones that are looked at if it is not set, since people have the key there.
        address: The variable that may hold another address than ``home``.
        home: Where the vendor's own models are asked.
        families: What the names of its models start with.
        adapter: The class in the module of the vendor's name that asks it.
        small: A cheap model to try a key with.
    """

    module: str
    package: str
    extra: str
    variable: str
    address: str
    home: str
    families: tuple[str, ...]
    adapter: str
    small: str
    others: tuple[str, ...] = ()

    @property
    def key_variable(self) -> str:
        """The variable that holds the key now, else the one that should."""
        return next((name for name in (self.variable, *self.others) if os.environ.get(name)), self.variable)


VENDORS = {
    "openai": Vendor(
        module="openai",
        package="openai",
        extra="openai",
        variable="OPENAI_API_KEY",
        address="OPENAI_BASE_URL",
        home="https://api.openai.com/v1",
        families=("gpt", "o1", "o3", "o4"),
        adapter="OpenAI",
        small="gpt-4.1-nano",
    ),
    "anthropic": Vendor(
        module="anthropic",
        package="anthropic",
        extra="anthropic",
        variable="ANTHROPIC_API_KEY",
        address="ANTHROPIC_BASE_URL",
        home="https://api.anthropic.com",
        families=("claude",),
        adapter="Anthropic",
        small="claude-haiku-4-5",
    ),
    "google": Vendor(
        module="google.genai",
        package="google-genai",
        extra="google",
        variable="GOOGLE_API_KEY",
        address="GOOGLE_GEMINI_BASE_URL",
        home="https://generativelanguage.googleapis.com",
        families=("gemini", "gemma"),
        adapter="Google",
        small="gemini-2.5-flash-lite",
        others=("GEMINI_API_KEY",),
    ),
    "cohere": Vendor(
        module="cohere",
        package="cohere",
        extra="cohere",
        variable="CO_API_KEY",
        address="CO_API_URL",
        home="https://api.cohere.com",
        families=("command",),
        adapter="Cohere",
        small="command-r7b-12-2024",
        others=("COHERE_API_KEY",),
    ),
}


def lacking(name: str) -> SetupError | Authentication | None:
    """Say what a vendor's models lack before they can answer: the package, the key; None if nothing.

    Args:
        name: A key of ``VENDORS``.
    """
    vendor = VENDORS[name]
    has_key = bool(os.environ.get(vendor.key_variable))
    if not is_installed(vendor.module):
        return MissingPackage(vendor.package, vendor.extra, variable="" if has_key else vendor.variable)
    if not has_key:
        return without_key(name)
    return None


def without_key(name: str) -> Authentication:
    """Say that a vendor's key is not set."""
    variable = VENDORS[name].variable
    return Authentication(
        f"Provider {name!r} has no key: the environment variable {variable} is not set.",
        hint=f"Set {variable} before the model is asked.",
    )


def extras_of(model: str) -> set[str]:
    """Name the extras of this package that a model needs.

    Example:
        >>> extras_of("openai:gpt-5"), extras_of("local:http://localhost:11434/v1#llama3.2"), extras_of("offline")
        ({'openai'}, {'openai'}, set())
    """
    name, _, rest = model.partition(":")
    if name == "route":
        return {extra for place in rest.split(",") for extra in extras_of(place.strip())}
    vendor = VENDORS.get("openai" if name == "local" else name)
    return {vendor.extra} if vendor else set()


def vendor_of(model: str) -> str | None:
    """Guess which vendor a bare model name belongs to."""
    for name, vendor in VENDORS.items():
        if model.lower().startswith(vendor.families):
            return name
    return None


def is_installed(module: str) -> bool:
    """Tell whether a module can be imported, without importing it."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package above it is missing
        return False
