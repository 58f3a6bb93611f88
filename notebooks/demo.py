"""Execute quickstart.ipynb without a browser, on a topic drawn at random, print what came out, and run its script."""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from genxai_nb import Run, run_log

HERE = Path(__file__).parent
NOTEBOOK = HERE / "quickstart.ipynb"
WORTH_A_DRAFT = 2_000  # characters of an entry; of a shorter one a first draft misses little
PLACE = HERE.parent / "build" / "demo"


def main() -> int:
    """Run the demo and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topic", choices=sorted(topics), metavar="TOPIC", help="instead of a random one")
    drawn_from = sorted(name for name, text in topics.items() if len(text) >= WORTH_A_DRAFT)
    topic = parser.parse_args().topic or random.choice(drawn_from)  # noqa: S311 - nothing secret
    os.environ["GENXAI_QUICKSTART_TOPIC"] = topic
    print(f"Topic of this run, out of {len(drawn_from)} entries of the reference: {topic}")

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    PLACE.mkdir(parents=True, exist_ok=True)
    executed = PLACE / NOTEBOOK.name
    try:
        execute(notebook)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as exc:
        print(f"\nThe notebook stopped: {reason(exc)}", file=sys.stderr)
        return 1
    finally:
        nbformat.write(notebook, executed)
        print(f"\nExecuted notebook: {executed}")
    print(f"\n{result(notebook)}\n")
    agreed = check_script(PLACE / "review.py")
    print("\nTo open the notebooks in JupyterLab, type: make lab")
    return 0 if agreed else 1


def execute(notebook: nbformat.NotebookNode) -> None:
    """Execute all cells, with one line of progress each."""
    cells = [number for number, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    began = 0.0

    def start(cell: nbformat.NotebookNode, cell_index: int) -> None:
        nonlocal began
        began = time.perf_counter()
        if cell_index in cells:
            place = f"[{cells.index(cell_index) + 1}/{len(cells)}]"
            print(f"  cell {place:<8}{cell.source.partition(chr(10))[0][:70]:<72}", end="", flush=True)

    def finish(cell_index: int, **_: Any) -> None:
        if cell_index in cells:
            print(f"{time.perf_counter() - began:5.1f} s", flush=True)

    resources = {"metadata": {"path": str(PLACE)}}
    quiet = ["--log-level=ERROR"]  # the kernel warns that its sockets on this machine are not encrypted
    NotebookClient(
        notebook,
        timeout=120,
        resources=resources,
        extra_arguments=quiet,
        on_cell_start=start,
        on_cell_executed=finish,
    ).execute()


def reason(exc: Exception) -> str:
    """Say in a few lines why a cell stopped, without the traceback of the kernel."""
    if isinstance(exc, CellExecutionError):
        return f"{exc.ename}: {exc.evalue}"
    return str(exc) or type(exc).__name__


def result(notebook: nbformat.NotebookNode) -> str:
    """Return what the cells tagged ``result`` printed or showed."""
    outputs = [
        o for cell in notebook.cells if "result" in cell.metadata.get("tags", ()) for o in cell.outputs
    ]
    texts = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs]
    return "\n\n".join(text.strip("\n") for text in texts if text)


def check_script(script: Path) -> bool:
    """Run the exported script by plain Python on the topic of the notebook's last run, and compare the results."""
    journal = str(PLACE / ".genxai" / "journal.db")
    runs = run_log(store=journal)
    run_id = runs[(runs.graph == "review") & (runs.status == "done")].run_id.iloc[0]
    expected = Run.load(run_id, store=journal).state
    command = [sys.executable, str(script), "--topic", expected["topic"], "--store", ":memory:", "--json"]
    with tempfile.TemporaryDirectory() as empty:
        began = time.perf_counter()
        said = subprocess.run(command, cwd=empty, capture_output=True, text=True, check=False)
    print(f"The exported script, by plain Python, in {time.perf_counter() - began:.1f} s: {script}")
    if said.returncode:
        print(said.stderr, file=sys.stderr)
        return False
    found = json.loads(said.stdout)
    differing = [key for key, value in found.items() if value != expected[key]]
    if differing:
        print(f"It differs from run {run_id} of the notebook in: {', '.join(differing)}", file=sys.stderr)
        return False
    print(
        f"It came to the same as run {run_id} of the notebook: score {found['score']}, {found['draft'][:60]!r}..."
    )
    return True


if __name__ == "__main__":
    sys.exit(main())
