"""How SDKs are imported."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from genxai_nb.providers.remote import load


async def test_sdks_are_imported_one_after_the_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Two at once may find what they share half imported, so the second waits for the first."""
    (tmp_path / "meeting.py").write_text("import threading\nplace, met = threading.Barrier(2), []\n")
    for name in ("one_sdk", "other_sdk"):
        (tmp_path / f"{name}.py").write_text(
            "import threading, meeting\n"
            "try:\n    meeting.place.wait(0.5)\n    meeting.met.append(__name__)\n"
            "except threading.BrokenBarrierError:\n    pass\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    await asyncio.gather(load("one_sdk"), load("other_sdk"))

    assert sys.modules["meeting"].met == []
