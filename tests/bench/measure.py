"""Measure genxai_nb beside its peers, and write docs/benchmarks.md.

    python tests/bench/measure.py [--rounds 5] [--repeats 5] [--only chain,fork] [--note TEXT]

Every cell is a fresh process; each peer has a virtual environment of its own under build/bench; the peers take
turns within a round, so that a ratio compares neighbours in time. Figures are medians over the rounds.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from report import Workload, write

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PLACE = ROOT / "build" / "bench"
OURS = "ours"
PEERS = (OURS, "bare", "burr", "langgraph", "pydantic_graph", "pydantic_ai", "autogen")
CELL = 120  # seconds that one process may take

WORKLOADS = (
    Workload("chain", "Chain of 1000 nodes", "us a node", 1e6 / 1000, {"n": 1000}, bar=5),
    Workload("loop", "Loop of 2 nodes, 1000 rounds", "us a round", 1e6 / 1000, {"n": 1000}, bar=10),
    Workload("fork", "200 branches of 10 ms, then a join", "ms", 1e3, {"k": 200, "delay": 0.01}, bar=12.4),
    Workload("step", "Durable step, small state, SQLite at FULL", "ms a step", 1e3 / 100, {"n": 100, "kb": 0}),
    Workload("large", "Durable step, 100 KB unchanged", "ms a step", 1e3 / 100, {"n": 100, "kb": 100}, work="step"),
    Workload("finish", "100 branches of 10 ms that end at once, SQLite at FULL", "ms", 1e3, {"k": 100, "delay": 0.01}, bar=16),
    Workload("disk", "Disk, 200 steps that carry 100 KB", "MB", 1 / 2**20, {"n": 200, "kb": 100}, bar=0.2, work="step", field="bytes"),
    Workload("resume", "Resume after SIGKILL at step 100", "ms to the first new step", 1e3, {"n": 200, "kb": 0}, bar=5),
    Workload("turn", "Agent turn with a tool call", "us a turn", 1e6 / 50, {"n": 50}, bar=60),
    Workload("tools", "20 parallel tool calls of 50 ms", "ms", 1e3, {"k": 20, "delay": 0.05}, bar=51.5),
    Workload("deltas", "2000 streamed deltas to one reader", "us a delta", 1e6 / 2000, {"n": 2000}, bar=1),
    Workload("import", "Import", "ms", 1e3, {}, bar=60),
    Workload("first", "First node, from process start", "ms", 1e3, {}, bar=120),
)  # fmt: skip


def adapter_of(peer):
    """The constants and the functions of an adapter, which only its own environment can import."""
    tree = ast.parse((HERE / "adapters" / f"{peer}.py").read_text("utf-8"))
    found = {"FUNCTIONS": set()}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found["FUNCTIONS"].add(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            found["FUNCTIONS"].add(name)
            if name in {"PACKAGES", "IMPORT", "FIRST"}:
                found[name] = ast.literal_eval(node.value)
            elif name == "INSTALL":
                values = node.value.elts
                found[name] = [one.value for one in values if isinstance(one, ast.Constant)]
    found["INSTALL"] = [*found["PACKAGES"], *found.get("INSTALL", [])] if peer != OURS else [str(ROOT)]
    return found


def python_of(peer):
    return PLACE / peer / "bin" / "python"


def prepare(adapters):
    """Make the environments that are not there yet; ours is installed anew, as anybody would install it."""
    for peer, adapter in adapters.items():
        if python_of(peer).exists() and peer != OURS:
            continue
        if not python_of(peer).exists():
            subprocess.run([sys.executable, "-m", "venv", PLACE / peer], check=True)
        pip = [python_of(peer), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, *adapter["INSTALL"]], check=True)
        if peer == OURS:
            subprocess.run([*pip, "--force-reinstall", "--no-deps", str(ROOT)], check=True)


def cell(peer, work, repeats, given):
    """One fresh process; its row, or None if it failed."""
    command = [python_of(peer), HERE / "worker.py", peer, work, str(repeats), json.dumps(given)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CELL, cwd=PLACE, check=False)
    except subprocess.TimeoutExpired:
        return None
    rows = [line for line in done.stdout.splitlines() if line.startswith("@@")]
    if not rows and work != "kill":
        sys.stderr.write(f"{peer} {work}: {done.stderr[-300:]}\n")
    return json.loads(rows[0][2:]) if rows else None


def resume(peer, given):
    """Kill a process inside step 100, and go on in another one."""
    with tempfile.TemporaryDirectory() as folder:
        more = {**given, "db": f"{folder}/runs.db"}
        cell(peer, "kill", 1, {**more, "at": 100})
        return cell(peer, "resume", 1, more)


def script(peer, text, inside):
    """Time a short script, inside of its process or around it."""
    if inside:
        text = f"import time\nbegun = time.perf_counter()\n{text}\nprint(time.perf_counter() - begun)"
    begun = time.perf_counter()
    done = subprocess.run(
        [python_of(peer), "-c", text], capture_output=True, text=True, cwd=PLACE, check=False
    )
    seconds = time.perf_counter() - begun
    if done.returncode:
        sys.stderr.write(f"{peer}: {done.stderr[-300:]}\n")
        return None
    said = done.stdout.split()[-1]
    return {"median": float(said) if inside else seconds}


def once(workload, peer, adapter, repeats):
    """Measure one workload of one peer."""
    if workload.name in {"import", "first"}:
        if workload.name.upper() not in adapter:
            return None
        return script(peer, adapter[workload.name.upper()], inside=workload.name == "import")
    if workload.work not in adapter["FUNCTIONS"]:
        return None
    if workload.work == "resume":
        return resume(peer, workload.given)
    return cell(peer, workload.work, min(repeats, 3) if workload.work == "step" else repeats, workload.given)


def measured(workloads, adapters, rounds, repeats):
    """All figures, in the unit of each workload: by workload, by peer, one a round."""
    figures = {workload.name: {peer: [] for peer in adapters} for workload in workloads}
    for number in range(rounds):
        for workload in workloads:
            for peer, adapter in adapters.items():
                row = once(workload, peer, adapter, repeats)
                figures[workload.name][peer].append(row and row[workload.field] * workload.factor)
        sys.stderr.write(f"round {number + 1} of {rounds}\n")
    return {
        name: {peer: values for peer, values in rows.items() if all(value is not None for value in values)}
        for name, rows in figures.items()
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--note", default="")
    asked = parser.parse_args()
    workloads = [one for one in WORKLOADS if not asked.only or one.name in asked.only.split(",")]
    adapters = {peer: adapter_of(peer) for peer in PEERS}
    PLACE.mkdir(parents=True, exist_ok=True)
    prepare(adapters)
    load = os.getloadavg()[0]
    versions = {peer: cell(peer, "versions", 1, {}) or {} for peer in adapters}
    figures = measured(workloads, adapters, asked.rounds, asked.repeats)
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    said = f"{machine}; {asked.rounds} rounds; load when it began {load:.1f}. {asked.note}".strip()
    (PLACE / "figures.json").write_text(json.dumps(figures, indent=1), "utf-8")
    write(ROOT / "docs", workloads, figures, versions, said)
    for workload in workloads:
        medians = {
            peer: round(statistics.median(values), 3) for peer, values in figures[workload.name].items()
        }
        sys.stdout.write(f"{workload.name:8} {workload.unit:26} {medians}\n")


if __name__ == "__main__":
    main()
