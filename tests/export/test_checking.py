"""A script that was edited by hand, compared with a recorded run."""

from __future__ import annotations

import pytest

from genxai_nb.errors import DefinitionError, RunError, RunNotFound
from genxai_nb.export.checking import check_script
from genxai_nb.journal import open_store

FLOW = """
    from genxai_nb import Agent, Graph
    LIMIT = 3
    def count(state):
        return {"n": min(len(state["text"]), LIMIT)}
    def more(state):
        return {"m": state["n"] + 1}
    inner = Graph("inner").node("more", more).parse("START -> more -> END")
    clerk = Agent("clerk", model="offline", task="Say {{n}}.", memory="none")
    graph = Graph("flow").node("count", count).node("clerk", clerk).node("part", inner)
    graph.parse("START -> count -> clerk -> part -> END")
"""


@pytest.fixture
def exported(flow):
    """A script, the run that it was made from, and how it is edited."""
    made = flow(FLOW)
    run = made.run({"text": "moss grows"})
    path = made.export(run=run.run_id).path

    def edit(before: str, after: str) -> None:
        text = path.read_text("utf-8")
        assert before in text
        path.write_text(text.replace(before, after), "utf-8")

    return made, path, run.run_id, edit


def test_script_that_was_edited_without_changing_anything_is_the_same(exported):
    """Comments, layout and what stands beside the graph do not count; the graph is found by the run's name."""
    made, path, run, edit = exported
    edit("LIMIT = 3", "# how long\nLIMIT = 3\nunused = 4")
    found = check_script(path, run, store=made.store)
    assert (found.checked, found.graph, found.run_id) == (True, "flow", run)
    assert found.verdict == f"same in {found.events} events as run {run}"
    assert found.events > 5
    assert check_script(path, store=made.store).verdict == found.verdict  # the latest run of the graph


@pytest.mark.parametrize(
    ("before", "after", "where", "run", "script"),
    [
        ("LIMIT = 3", "LIMIT = 4", "definition of count", "by something that it uses", "version "),
        ("Say {{n}}.", "Tell {{n}}.", "definition of clerk", "Say {{n}}.", "Tell {{n}}."),
        ('.edge("part", END)', "", "nodes, edges or reducers", "part -> END", ""),
        ('["n"] + 1', '["n"] + 2', "definition of part", "", ""),
    ],
)
def test_what_was_edited_is_told_with_both_sides(exported, before, after, where, run, script):
    """A constant, a prompt, an edge, a function of a subgraph."""
    made, path, run_id, edit = exported
    edit(before, after)
    found = check_script(path, run_id, store=made.store)
    assert found.checked is False
    assert where in found.difference.where
    assert run in found.difference.run
    assert script in found.difference.script
    assert found.verdict.startswith(f"differs from run {run_id}: ")


def test_script_that_is_broken_is_told(exported):
    """What Python says of it is the difference; without a run, there is nothing to look for one by."""
    made, path, run, edit = exported
    edit("LIMIT = 3", "LIMIT = 3 +")
    assert "cannot be loaded" in check_script(path, run, store=made.store).verdict
    with pytest.raises(DefinitionError, match=r"cannot be loaded: SyntaxError.*Mend it first"):
        check_script(path, store=made.store)


@pytest.mark.parametrize(
    "line",
    ["graph.run(dict(text='moss'), store={store!r})", "Run.load({run!r}, graph, {store!r}).fork(1).resume()"],
)
def test_script_that_would_run_a_graph_while_it_is_loaded_is_refused(exported, line):
    """Neither a run nor a call is made, and the verdict is not about a run of its own."""
    made, path, run, _ = exported
    store = open_store(made.store)
    before = [row for row in store.runs() if row.parent is None]
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\nfrom genxai_nb import Run\n{line.format(store=made.store, run=run)}\n")
    verdict = check_script(path, run, store=made.store).verdict
    assert f"{path.name} would run a graph while it is loaded." in verdict
    with pytest.raises(DefinitionError, match="Mend it first"):
        check_script(path, store=made.store)
    assert [row for row in store.runs() if row.parent is None] == before
    assert {row.status for row in store.runs() if row.parent is not None} <= {"paused"}


def test_graph_of_a_script_can_be_named(exported):
    """One of another name than the run's is compared all the same; a name that is none is told with those there are."""
    made, path, run, _ = exported
    other = check_script(path, run, graph="inner", store=made.store)
    assert other.checked is False
    assert "nodes, edges or reducers" in other.difference.where
    unknown = check_script(path, run, graph="inne", store=made.store)
    assert "Unknown graph of the script 'inne'. Name it: graph, inner." in unknown.verdict


def test_what_cannot_be_checked_is_said(flow, exported, tmp_path):
    """A file that is not there or no script, a run that is none or has not ended."""
    made, path, _, _ = exported
    with pytest.raises(DefinitionError, match=r"There is no file '.*none\.py'"):
        check_script(tmp_path / "none.py", "r1", store=made.store)
    (tmp_path / "table.csv").touch()
    with pytest.raises(DefinitionError, match="is no Python file"):
        check_script(tmp_path / "table.csv", "r1", store=made.store)
    with pytest.raises(RunNotFound):
        check_script(path, "r99", store=made.store)
    standing = made.graph.start({"text": "a"}, store=made.store)
    with pytest.raises(RunError, match="only one that has ended can be compared with"):
        check_script(path, standing.run_id, store=made.store)
    with pytest.raises(RunNotFound, match="No run of graph 'flow' has ended"):
        check_script(path, store=str(tmp_path / "empty.db"))
