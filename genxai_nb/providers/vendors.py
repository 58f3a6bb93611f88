"""The vendors that are known by name, and what each needs before its models can answer."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import NamedTuple

from genxai_nb.errors import Authentication, MissingPackage, SetupError


class Vendor(NamedTuple):
    """A vendor: the SDK's module and package, the extra that installs it, its key's variable."""

    module: str
    package: str
    extra: str
    variable: str
    families: tuple[str, ...]


VENDORS = {
    "openai": Vendor("openai", "openai", "openai", "OPENAI_API_KEY", ("gpt", "o1", "o3", "o4")),
    "anthropic": Vendor("anthropic", "anthropic", "anthropic", "ANTHROPIC_API_KEY", ("claude",)),
    "google": Vendor("google.genai", "google-genai", "google", "GOOGLE_API_KEY", ("gemini", "gemma")),
    "cohere": Vendor("cohere", "cohere", "cohere", "CO_API_KEY", ("command",)),
}


def refuse(name: str) -> SetupError | Authentication:
    """Say what a vendor's model lacks: its package and its key, or, with both, an adapter.

    Args:
        name: A key of ``VENDORS``.
    """
    vendor = VENDORS[name]
    has_key = bool(os.environ.get(vendor.variable))
    if not _installed(vendor.module):
        return MissingPackage(vendor.package, vendor.extra, variable="" if has_key else vendor.variable)
    if not has_key:
        return Authentication(
            f"Provider {name!r} has no key: the environment variable {vendor.variable} is not set.",
            hint=f"Set {vendor.variable} before the model is asked.",
        )
    return SetupError(
        f"Package {vendor.package!r} and {vendor.variable} are there, but this version of genxai_nb "
        f"has no adapter for {name!r} yet.",
        hint="Use model 'offline', or offer an adapter by an entry point in the group 'genxai_nb.providers'.",
    )


def vendor_of(model: str) -> str | None:
    """Guess which vendor a bare model name belongs to."""
    for name, vendor in VENDORS.items():
        if model.lower().startswith(vendor.families):
            return name
    return None


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package above it is missing
        return False
