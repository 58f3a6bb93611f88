"""Two runs beside each other, from Python."""

from __future__ import annotations

from pydantic import BaseModel

from genxai_nb import Graph, Run


class Draft(BaseModel):
    text: str
    words: int = 0


def test_runs_are_compared_by_state_and_by_what_their_nodes_wrote(tmp_path):
    """A row for each value that differs, under the names of the runs; the state of a model has its fields."""
    graph = Graph("count", state=Draft).node("count", lambda state: {"words": len(state.text.split())})
    graph.parse("START -> count -> END")
    store = str(tmp_path / "journal.db")
    first, second = (graph.start({"text": text}, store=store) for text in ("one", "one two"))
    first.resume()
    second.resume()
    differences = first.diff(second)
    assert differences["state"].loc["words"].tolist() == [1, 2]
    assert list(differences["outputs"].columns) == [first.run_id, second.run_id]
    assert differences["outputs"].loc[("count", 1, "words")].tolist() == [1, 2]

    read_only = Run.load(first.run_id, store=store)
    assert read_only.diff(second)["state"].empty
    assert not read_only.diff(second)["outputs"].empty
