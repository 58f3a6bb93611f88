"""What the tests of providers share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from model_server import ModelServer, serving

from genxai_nb.messages import Message, ModelRequest, user
from genxai_nb.providers.base import Provider
from genxai_nb.providers.vendors import VENDORS

KEY = "sk-canary-0123456789abcdef"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """A server of ours in the place of all vendors'."""
    with serving() as made:
        for vendor in VENDORS.values():
            monkeypatch.setenv(vendor.address, made.url)
            monkeypatch.setenv(vendor.variable, KEY)
        yield made


@pytest.fixture
def ask():
    """Ask a provider and return all that it streamed."""

    async def asked(provider: Provider, *messages: Message, **more: Any) -> list[Any]:
        given = messages or (user("Where does moss grow?"),)
        request = ModelRequest(model=f"{provider.name}:m", messages=given, **more)
        return [item async for item in provider.stream(request)]

    return asked
