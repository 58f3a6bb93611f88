"""The tests themselves cannot cost money."""

from __future__ import annotations

import socket

import pytest

from genxai_nb.errors import ProviderError
from genxai_nb.messages import ModelRequest, user
from genxai_nb.providers.registry import find_provider
from genxai_nb.providers.vendors import VENDORS


def test_no_other_machine_can_be_reached():
    """A connection to any other machine is refused before a byte is sent."""
    with socket.socket() as one, pytest.raises(PermissionError, match="tried to reach 192.0.2.1"):
        one.connect(("192.0.2.1", 443))


@pytest.mark.parametrize("vendor", VENDORS)
async def test_no_vendor_can_be_asked(monkeypatch: pytest.MonkeyPatch, vendor: str):
    """Even with a key and an address beyond this machine nothing is asked."""
    monkeypatch.setenv(VENDORS[vendor].variable, "sk-canary-0123456789")
    monkeypatch.setenv(VENDORS[vendor].address, "https://192.0.2.1/v1")
    request = ModelRequest(model="m", messages=(user("Hello"),))
    with pytest.raises(ProviderError):
        async for _ in find_provider(f"{vendor}:m").stream(request):
            pass
