"""The vendors that are known by name, and what each needs before its models can answer."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import NamedTuple

from genxai_nb.errors import Authentication, MissingPackage, SetupError


class Vendor(NamedTuple):
    """A vendor: the SDK's module and package, the extra that installs it, its key's variable.

    ``adapter`` is the class in the module of the vendor's name that asks it; empty if there is none yet.
    ``small`` is a cheap model to try a key with.
    """

    module: str
    package: str
    extra: str
    variable: str
    families: tuple[str, ...]
    adapter: str = ""
    small: str = ""


VENDORS = {
    "openai": Vendor(
        "openai", "openai", "openai", "OPENAI_API_KEY", ("gpt", "o1", "o3", "o4"), "OpenAI", "gpt-4.1-nano"
    ),
    "anthropic": Vendor("anthropic", "anthropic", "anthropic", "ANTHROPIC_API_KEY", ("claude",)),
    "google": Vendor("google.genai", "google-genai", "google", "GOOGLE_API_KEY", ("gemini", "gemma")),
    "cohere": Vendor("cohere", "cohere", "cohere", "CO_API_KEY", ("command",)),
}


def lacking(name: str) -> SetupError | Authentication | None:
    """Say what a vendor's models lack before they can answer: the package, the key; None if nothing.

    Args:
        name: A key of ``VENDORS``.
    """
    vendor = VENDORS[name]
    has_key = bool(os.environ.get(vendor.variable))
    if not is_installed(vendor.module):
        return MissingPackage(vendor.package, vendor.extra, variable="" if has_key else vendor.variable)
    if not has_key:
        return Authentication(
            f"Provider {name!r} has no key: the environment variable {vendor.variable} is not set.",
            hint=f"Set {vendor.variable} before the model is asked.",
        )
    return None


def without_adapter(name: str) -> SetupError:
    """Say that a vendor is known, and that this version cannot ask it."""
    return SetupError(
        f"This version of genxai_nb has no adapter for {name!r} yet.",
        hint="Use model 'offline', or offer an adapter by an entry point in the group 'genxai_nb.providers'.",
    )


def extra_of(model: str) -> str | None:
    """Name the extra of this package that a model needs; None if it needs none.

    Example:
        >>> extra_of("openai:gpt-5"), extra_of("local:http://localhost:11434/v1#llama3.2"), extra_of("offline")
        ('openai', 'openai', None)
    """
    name = model.partition(":")[0]
    vendor = VENDORS.get("openai" if name == "local" else name)
    return vendor.extra if vendor else None


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
