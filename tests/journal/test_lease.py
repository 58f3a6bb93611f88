"""The right to drive a run."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from genxai_nb.errors import RunBusy, StoreError
from genxai_nb.journal.lease import held, hold

HOLD = """
import os, sys, pathlib
from genxai_nb.journal.lease import hold
with hold(pathlib.Path(sys.argv[1]), "r1"):
    if len(sys.argv) > 2 and os.fork() == 0:
        os.write(1, b"child\\n")
        sys.stdin.read()
        os._exit(0)
    os.write(1, b"held\\n")
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds run r1 until it is told to go."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_holder_in_another_process_is_named(tmp_path, holder):
    """Whoever comes second is told within 100 ms which process drives the run."""
    words, waits = rf"'r1' is being driven already, by process {holder.pid}\.", []
    for _ in range(3):
        begun = time.monotonic()
        with pytest.raises(RunBusy, match=words) as caught, hold(tmp_path, "r1"):
            pass
        waits.append(time.monotonic() - begun)
    assert min(waits) < 0.1
    assert caught.value.run_id == "r1"
    assert held(tmp_path, "r1")
    with hold(tmp_path, "r2"):
        assert held(tmp_path, "r2")


def test_killed_holder_lets_go(tmp_path, holder):
    """A run can be taken up the moment that its process is dead."""
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert not held(tmp_path, "r1")
    with hold(tmp_path, "r1"):
        pass


def test_forked_child_does_not_keep_the_lock(tmp_path):
    """A child of the holder that outlives it does not keep the run locked."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path, "fork"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert {process.stdout.readline(), process.stdout.readline()} == {"child\n", "held\n"}
    assert held(tmp_path, "r1")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not held(tmp_path, "r1")
    process.stdin.close()
    process.stdout.close()


def test_second_holder_in_this_process(tmp_path):
    """Another thread or task of this process is refused as well, and the first one keeps the run."""
    refused = []

    def attempt() -> None:
        try:
            with hold(tmp_path, "r1"):
                pass
        except RunBusy as exc:
            refused.append(str(exc))

    with hold(tmp_path, "r1"):
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
        attempt()
        assert held(tmp_path, "r1")
    assert len(refused) == 2
    assert all("in this process" in text for text in refused)


def test_nothing_is_left_behind(tmp_path):
    """A run that was let go, after an error too, leaves no file, and can be held again."""
    for _ in range(2):
        with pytest.raises(ValueError, match="oops"), hold(tmp_path / "leases", "r1"):
            raise ValueError("oops")
    assert list((tmp_path / "leases").iterdir()) == []


WORK = """
import os, pathlib, sys
from genxai_nb.errors import RunBusy
from genxai_nb.journal.lease import hold
folder, done = pathlib.Path(sys.argv[1]), 0
while done < 300:
    try:
        with hold(folder, "r1"):
            (folder / "inside").mkdir()
            (folder / "inside").rmdir()
            done += 1
    except RunBusy:
        pass
"""


def test_one_at_a_time(tmp_path):
    """Of several processes that take the run and let it go all the time, never two hold it together."""
    rivals = [
        subprocess.Popen([sys.executable, "-c", WORK, tmp_path], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [rival.communicate()[1] for rival in rivals] == [""] * 3


def test_who_looks_whether_a_run_is_driven_is_in_nobodys_way(tmp_path):
    """The lists of runs that others show at that moment do not make a dead run busy."""
    (tmp_path / "r1.lock").touch()  # as a process leaves it that was killed
    descriptor = os.open(tmp_path / "r1.lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_SH)  # as held() does for a moment
    threading.Timer(0.05, os.close, (descriptor,)).start()
    with hold(tmp_path, "r1"):
        assert held(tmp_path, "r1")


def test_who_only_looks_for_long_is_taken_for_a_holder(tmp_path):
    """A lock that is never free is told after a second."""
    (tmp_path / "r1.lock").touch()
    with (tmp_path / "r1.lock").open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        with pytest.raises(RunBusy), hold(tmp_path, "r1"):
            pass


def test_a_run_is_held_on_a_full_disk(tmp_path):
    """Who holds it cannot be written then, and need not be."""
    text = """
import pathlib, resource, signal, sys
from genxai_nb.journal.lease import held, hold
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
with hold(pathlib.Path(sys.argv[1]), "r1"):
    print(held(pathlib.Path(sys.argv[1]), "r1"))
"""
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", text, tmp_path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=unmeasured,
    )
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_place_that_cannot_be_written(tmp_path):
    """A lock file that cannot be made is an error of ours."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="lock file"), hold(tmp_path / "file", "r1"):
        pass
    assert not held(tmp_path / "file", "r1")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
