"""``genxai-nb prune``: runs are taken out of a journal."""

from __future__ import annotations

import json

FLOW = "from genxai_nb import Graph\ngraph = Graph('g').node('a', lambda state: {'n': 1}).edge('START', 'a')"


def test_runs_are_told_first_and_taken_out_with_yes(command, written):
    """Without --yes nothing goes; exit code 2 where it is not said which."""
    path = written("flow.py", FLOW)
    for _ in range(3):
        assert command("run", path).returncode == 0
    told = command("prune", "--last", "1", "--older", "0s")
    assert (told.returncode, told.stdout) == (0, "2 runs would go: r2, r1.\n")
    assert "add --yes. It cannot be undone." in told.stderr
    done = command("prune", "r1", "r2", "--yes", "--json")
    assert json.loads(done.stdout)["gone"] == ["r2", "r1"]
    assert [row["run_id"] for row in json.loads(command("runs", "--json").stdout)] == ["r3"]
    assert command("prune").returncode == 2
    assert command("prune", "r1").returncode == 2
