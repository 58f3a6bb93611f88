"""Measure one workload of one adapter in this fresh process, and print one line of JSON.

python worker.py ADAPTER WORK REPEATS '{"n": 1000}'
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
import logging
import os
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
import warnings
from importlib.metadata import version
from pathlib import Path

QUIET = {"OTEL_SDK_DISABLED": "true", "LANGSMITH_TRACING": "false", "OPENAI_API_KEY": "x"}


def loaded(name):
    path = Path(__file__).parent / "adapters" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"adapter_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def made(build, *args):
    run = build(*args)
    return await run if inspect.isawaitable(run) else run


async def timed(run, expected):
    begun = time.process_time()
    value = await run()
    seconds = time.process_time() - begun
    assert value == expected, (value, expected)
    return seconds


def repeated(build, repeats, given):
    """Build outside of the timed part, run once to warm up, then so many times."""

    async def work():
        run = await made(build, *given.values())
        expected = next(iter(given.values()))
        return [await timed(run, expected) for _ in range(repeats + 1)][1:]

    seconds = asyncio.run(work())
    return {"median": statistics.median(seconds), "least": min(seconds), "most": max(seconds)}


def durable(build, repeats, n, kb):
    """Commit each step; the bytes are counted once the log is written back, without what goes with the process."""
    seconds, sizes = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(repeats):
            db, steps = f"{folder}/{number}.db", []

            async def work(db=db, steps=steps):
                run = await made(build, n, db, kb, steps.append)
                return await timed(run, n)

            seconds.append(asyncio.run(work()))
            assert len(steps) == n
            with sqlite3.connect(db) as connection:
                connection.execute("pragma wal_checkpoint(truncate)")
            connection.close()
            sizes.append(
                sum(path.stat().st_size for path in Path(folder).glob(f"{number}.db*") if is_kept(path))
            )
    return {
        "median": statistics.median(seconds),
        "least": min(seconds),
        "most": max(seconds),
        "bytes": sizes[-1],
    }


def is_kept(path):
    return path.is_file() and not path.name.endswith("-shm")


def killed(build, n, db, kb, at):
    """Run until a step, and die inside it by SIGKILL."""

    def on(number):
        if number == at:
            os.kill(os.getpid(), signal.SIGKILL)

    async def work():
        await (await made(build, n, db, kb, on))()

    asyncio.run(work())


def resumed(build, n, db, kb):
    """Go on, in a started process: how long it takes to the first new step, and which steps ran."""
    steps, first = [], []

    def on(number):
        first.append(time.process_time())
        steps.append(number)

    async def work():
        run = await made(build, n, db, kb, on)
        begun = time.process_time()
        assert await run() == n
        return begun

    begun = asyncio.run(work())
    return {"median": first[0] - begun, "first": steps[0]}


def main():
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    os.environ.update(QUIET)
    name, work, repeats, given = sys.argv[1], sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
    adapter = loaded(name)
    if work == "versions":
        row = {package: version(package) for package in adapter.PACKAGES}
    elif work == "step":
        row = durable(adapter.step, repeats, **given)
    elif work == "finish":
        with tempfile.TemporaryDirectory() as folder:
            row = repeated(adapter.finish, repeats, {**given, "db": f"{folder}/runs.db"})
    elif work == "kill":
        killed(adapter.step, **given)
    elif work == "resume":
        row = resumed(adapter.resume, **given)
    else:
        row = repeated(getattr(adapter, work), repeats, given)
    sys.stdout.write(f"\n@@{json.dumps(row)}\n")


if __name__ == "__main__":
    main()
