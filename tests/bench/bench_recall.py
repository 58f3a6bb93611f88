"""Measure what paraphrased questions recall, by kind and by how items are found.

python tests/bench/bench_recall.py [--tuning]

500 items, and 100 questions that were held back from tuning; with --tuning the 100 others. See
tests/support/recall_data.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from recall_measure import LASTING, measured

from genxai_nb.memory.embed import installed_model

if __name__ == "__main__":
    tuning = "--tuning" in sys.argv
    print(f"{'kind':<12}{'questions':<14}{'found by':<28}{'first':>7}{'five':>7}{'rank':>7}")
    for model in dict.fromkeys((installed_model(), "")):
        for in_words in (False, True):
            for kind in LASTING:
                found = measured(kind, model, held_back=not tuning, in_words=in_words)
                print(
                    f"{kind:<12}{'own words' if in_words else 'paraphrased':<14}{model or 'words (BM25)':<28}"
                    f"{found.first:7.2f}{found.five:7.2f}{found.rank:7.3f}"
                )
