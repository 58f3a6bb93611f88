"""What the tests of providers share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from chat_server import ChatServer, serving

from genxai_nb.messages import Message, ModelRequest, user
from genxai_nb.providers.base import Provider

KEY = "sk-canary-0123456789abcdef"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A server of ours in the place of the vendor's."""
    with serving() as made:
        monkeypatch.setenv("OPENAI_BASE_URL", made.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield made


@pytest.fixture
def ask():
    """Ask a provider and return all that it streamed."""

    async def asked(provider: Provider, *messages: Message, **more: Any) -> list[Any]:
        given = messages or (user("Where does moss grow?"),)
        request = ModelRequest(model=f"{provider.name}:m", messages=given, **more)
        return [item async for item in provider.stream(request)]

    return asked
