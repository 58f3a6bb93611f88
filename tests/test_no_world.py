"""The tests themselves cannot cost money."""

from __future__ import annotations

import socket

import pytest

from genxai_nb.errors import ProviderError
from genxai_nb.messages import ModelRequest, user
from genxai_nb.providers.openai import OpenAI


def test_no_other_machine_can_be_reached():
    """A connection to any other machine is refused before a byte is sent."""
    with socket.socket() as one, pytest.raises(PermissionError, match="tried to reach 192.0.2.1"):
        one.connect(("192.0.2.1", 443))


async def test_no_vendor_can_be_asked(monkeypatch: pytest.MonkeyPatch):
    """Even with a key and the vendor's own address nothing is asked."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://192.0.2.1/v1")
    with pytest.raises(ProviderError):
        async for _ in OpenAI("gpt-5").stream(ModelRequest(model="m", messages=(user("Hello"),))):
            pass
