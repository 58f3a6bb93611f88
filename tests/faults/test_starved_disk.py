"""A disk that fails below SQLite, at every single write of a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parent.parent / "support"

pytestmark = [
    pytest.mark.needs("cc"),
    pytest.mark.skipif(sys.platform != "linux", reason="the failing disk is loaded before glibc"),
]


@pytest.fixture(scope="module")
def faulty_disk(tmp_path_factory):
    """The library that fails, made of its source."""
    made = tmp_path_factory.mktemp("disk") / "faulty_disk.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", made, SUPPORT / "faulty_disk.c", "-ldl"], check=True)
    return made


def sweep(disk, *how):
    """Run into the fault at each write, and go on; one row for each."""
    quick = (
        "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    )  # the errors are real, the waiting need not be
    with tempfile.TemporaryDirectory(dir=quick) as folder:
        done = subprocess.run(
            [sys.executable, SUPPORT / "starving.py", folder, *how],
            env={**os.environ, "LD_PRELOAD": str(disk)},
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) > 100
    assert {went_on for _, _, _, went_on, _ in rows} == {0}
    assert len({events for *_, events in rows}) > 8
    return rows


@pytest.mark.parametrize(
    "how",
    [
        "torn",
        pytest.param("exit", marks=pytest.mark.slow),
    ],
)
def test_a_process_may_end_at_any_write(faulty_disk, how):
    """Between two writes or half way through one: the journal is as before or as after, and the run goes on."""
    assert {code for _, code, *_ in sweep(faulty_disk, how)} == {9}


@pytest.mark.parametrize(
    "how",
    [
        ("ENOSPC", "lasting"),
        pytest.param(("ENOSPC",), marks=pytest.mark.slow),
        pytest.param(("EIO",), marks=pytest.mark.slow),
        pytest.param(("EIO", "lasting"), marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_any_write_may_fail(faulty_disk, how):
    """A full or broken disk is one StoreError, what was acknowledged is kept, and the run goes on later."""
    rows = sweep(faulty_disk, *how)
    errors = [error.split(":")[0] for _, _, error, _, _ in rows]
    assert set(errors) <= {"StoreError", ""}
    assert errors.count("StoreError") > 0.9 * len(errors)
