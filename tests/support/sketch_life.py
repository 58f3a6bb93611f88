"""Starts or resumes a run of a random graph, in a process that may be killed.

    python sketch_life.py SKETCH STORE SEED [RUN]

SKETCH is a pickled `Sketch`. A line comes out for each fact; the last one says ``end``.
"""

from __future__ import annotations

import pickle
import random
import sys
from contextlib import suppress
from pathlib import Path

from random_graphs import Pace

from genxai_nb import Run
from genxai_nb.errors import NodeFailed, NoWayOn, WriteConflict


def main():
    path, store, seed, *run_id = sys.argv[1:]
    sketch = pickle.loads(Path(path).read_bytes())
    graph = sketch.graph(Pace(random.Random(int(seed))))
    run = Run.load(run_id[0], graph, store) if run_id else graph.start(sketch.given(), store=store)
    run.subscribe(lambda event: print(type(event).__name__, flush=True))
    failed = True
    while failed:
        failed = False
        with suppress(NoWayOn, WriteConflict):
            try:
                run.resume()
            except NodeFailed:
                failed = True
    print("end", flush=True)


if __name__ == "__main__":
    main()
