"""The verbs that look, and the Python functions that do the same."""

from __future__ import annotations

import keyword

import pytest

from genxai_nb import notebook
from genxai_nb.notebook.completion import offer_at
from genxai_nb.notebook.extension import session_of
from genxai_nb.notebook.verbs import VERBS

GRAPH = """%%genxai graph count
START -> one -> two -> END
"""
NODES = """
async def one(state):
    return {"one": 1}
def two(state):
    return {"two": [state["one"], 2]}
"""


@pytest.fixture
def counted(run):
    """A graph that was run twice."""
    for code in (NODES, GRAPH, "%%genxai run count\nname: first", "%%genxai run count\nname: second"):
        reply = run(code)
        assert reply.status == "ok", reply.text
    return run


def test_an_empty_notebook_says_how_to_begin(run):
    """With nothing defined, `%genxai` alone names the first cell to write."""
    assert run("%genxai").text == "defined    nothing yet: %%genxai agent NAME\nhelp       %genxai help"


def test_alone_it_says_what_is_there(counted):
    """`%genxai` lists what is defined and what was spent."""
    counted("%%genxai agent writer\nrole: x")
    lines = counted("%genxai").text.splitlines()

    assert lines[0] == "defined    agent writer · graph count · functions one, two"
    assert lines[1] == "spent      0 tokens in 2 runs of this notebook"


def test_tables_are_dataframes(counted, shell):
    """agents, tools, graphs, runs, state and timeline give DataFrames that can be taken."""
    counted("%%genxai agent fact-checker\nrole: Checker\ntools: calculator")
    for verb in ("agents", "tools", "graphs", "runs", "state", "timeline"):
        counted(f"{verb}_table = %genxai {verb}")
    table = {name: shell.user_ns[f"{name}_table"] for name in ("agents", "tools", "graphs", "runs", "state")}

    assert table["agents"].loc["fact_checker", "tools"] == "calculator"
    assert table["tools"].loc["calculator", "origin"] == "builtin"
    assert table["graphs"].loc["count", ["nodes", "edges", "last run"]].tolist() == [2, 3, "r2"]
    assert table["runs"][["run_id", "status", "here", "resumable"]].to_numpy().tolist() == [
        ["r2", "done", True, False],
        ["r1", "done", True, False],
    ]
    assert table["state"].loc["two"].tolist() == [[1, 2], "list"]
    assert shell.user_ns["timeline_table"]["node"].tolist() == ["one", "two"]


def test_a_run_that_is_not_the_latest_is_named(counted):
    """Verbs act on the latest run; for another one they print its id first."""
    latest, other = counted("%genxai state"), counted("%genxai state --run r1")

    assert latest.shown == []
    assert other.shown[0]["text/plain"] == "Run r1"
    assert other.content["result"].loc["name", "value"] == "first"
    assert counted("%genxai state r1").content["result"].loc["name", "value"] == "first"


def test_show_gives_records_pictures_and_definitions(counted):
    """`show` alone shows the latest record; by name a run, a graph, an agent, a function."""
    counted("%%genxai agent writer\nrole: Writer\ntask: Write about {{topic}}")

    assert counted("%genxai show").text.startswith("count: ✓ Done · 2 steps")
    assert counted("%genxai show r1").text.startswith("Run r1\ncount: ✓ Done")
    assert "START -> one -> two -> END" in counted("%genxai show count").text
    assert (
        counted("%genxai show writer").text
        == "%%genxai agent writer\nrole: Writer\ntask: Write about {{topic}}"
    )
    assert counted("%genxai show calculator").text.startswith("calculator(expression")
    assert "return {" in counted("%genxai show two").text


def test_show_takes_the_variable_of_a_result(counted):
    """It stands for its run, also where that has failed and there is no result yet."""
    counted("%%genxai run count --as other\nn: 0")
    counted("def two(state):\n    raise ValueError('no')")
    counted("%%genxai run count --as third\nn: 0")

    assert counted("%genxai show other").text.startswith("Run r3\ncount: ✓ Done · 2 steps")
    assert counted("%genxai show third").text.startswith("count: ✕ Failed")
    assert counted("print(third.run_id)").text == "r4\n"


def test_before_the_first_run_verbs_say_so(run):
    """Looking at a run before there is one is one sentence with what to type."""
    for verb in ("show", "state", "timeline", "wait", "resume"):
        reply = run(f"%genxai {verb}")
        assert reply.error == "✕ Nothing has run in this notebook yet.\nStart with: %%genxai run GRAPH"
    assert "No run 'r9'" in run("%genxai state r9").error


def test_doctor_tells_what_is_there_and_what_the_notebook_runs_in(run):
    """The report shows itself as text; asking a model takes the explicit wish."""
    told = run("%genxai doctor").text
    assert "  ✓ Python" in told
    assert "front end" in told
    assert "live" not in told.splitlines()
    asked = run("%genxai doctor --live --model local:http://127.0.0.1:9/v1#m").text
    assert "Nothing answers at http://127.0.0.1:9/v1." in asked


def test_help_names_every_verb_and_tells_about_each(run):
    """`help` lists all verbs; `help VERB` and `VERB?` tell usage, options, an example and the Python way."""
    every = run("%genxai help").text
    for verb in VERBS:
        if verb.name:
            assert f"  {verb.name} " in every
            told = run(f"%genxai help {verb.name}").text
            assert verb.example.splitlines()[0] in told
            assert f"In Python: {verb.python}" in told
            assert run(f"%genxai {verb.name}?").text == told
    assert "Did you mean 'state'?" in run("%genxai help stat").error


def test_every_verb_has_a_python_twin(shell):
    """The functions of `genxai_nb.notebook` are the verbs of the table, and no other."""
    assert {name.removesuffix("_") for name in notebook.__all__} == {
        verb.name or "overview" for verb in VERBS
    }
    assert not any(keyword.iskeyword(name) for name in notebook.__all__)
    assert set(dir(notebook)) == set(notebook.__all__)
    with pytest.raises(AttributeError):
        _ = notebook.nothing


def test_python_twins_do_what_the_verbs_do(counted, shell):
    """A twin takes the verb's name, body and options, and waits where the verb waits."""
    notebook.agent("clerk", "role: Clerk")
    result = notebook.run("count", "name: third", as_="third")

    assert shell.user_ns["clerk"].role == "Clerk"
    assert result.state["name"] == shell.user_ns["third"].state["name"] == "third"
    assert notebook.state("r1").loc["name", "value"] == "first"
    assert notebook.timeline(run="r3")["node"].tolist() == ["one", "two"]


def test_a_twin_needs_the_extension_and_knows_its_options(shell):
    """Without the extension, and with an option that is none, a twin raises one sentence."""
    from genxai_nb.errors import SetupError, UnknownName

    with pytest.raises(UnknownName, match="option 'rum'"):
        notebook.state(rum="r1")
    shell.run_line_magic("unload_ext", "genxai_nb")
    with pytest.raises(SetupError, match="load_ext"):
        notebook.runs()
    shell.run_line_magic("load_ext", "genxai_nb")


def test_unloading_takes_everything_out_and_loading_again_keeps_what_was_run(counted, shell):
    """After unload no trace of the magic is left; definitions, runs and names are there after a reload."""
    counted("%reload_ext genxai_nb")
    again = counted("%%genxai schema Draft\ntopic: str")
    counted("%reload_ext genxai_nb")
    once_more = counted("%%genxai schema Draft\ntopic: str")
    latest = counted("%genxai show")
    shell.run_line_magic("unload_ext", "genxai_nb")
    gone = (
        "genxai" in shell.magics_manager.magics["line"],
        any("genxai" in hook.__module__ for hook in shell.input_transformers_post),
        any("genxai" in hook.__module__ for hook in shell.input_transformers_cleanup),
        any("genxai" in hook.__module__ for hook in shell.Completer.custom_matchers),
    )
    shell.run_line_magic("load_ext", "genxai_nb")

    assert again.status == once_more.status == "ok"
    assert latest.text.startswith("count: ✓ Done")
    assert gone == (False, False, False, False)


def test_a_run_of_another_kernel_can_be_looked_at_without_its_cells(counted):
    """`show` draws the record of a stored run without a picture; `state`, which needs the cells, names itself."""
    counted("del count, one, two\nfrom genxai_nb.notebook.extension import session_of")
    counted("session_of().started.clear()")
    shown, state = counted("%genxai show r1"), counted("%genxai state r1")

    assert shown.shown[-1]["text/plain"].startswith("count: ✓ Done · 2 steps")
    assert "<svg" not in shown.shown[-1]["text/html"]
    assert "definitions, which this notebook has not run yet: graph count" in state.error
    assert state.error.endswith("Run their cells, or %genxai restore, then: %genxai state r1")


def test_a_table_without_rows_is_one_calm_line(run, shell):
    """Where there is nothing yet, the table that is given is empty and shows itself as a sentence."""
    for verb, said in {
        "agents": "This notebook defines no agent yet: %%genxai agent NAME",
        "graphs": "This notebook defines no graph yet: %%genxai graph NAME",
        "runs": "Nothing has run yet: %%genxai run GRAPH",
    }.items():
        table = run(f"%genxai {verb}").content["result"]
        assert shell.display_formatter.format(table)[0] == {"text/plain": said}
        assert len(table) == 0
    for code in (
        "def nothing(state):\n    return {}",
        "%%genxai graph g\nSTART -> nothing",
        "%%genxai run g\n",
    ):
        run(code)
    state = run("%genxai state").content["result"]

    assert shell.display_formatter.format(state)[0] == {"text/plain": "The state of run r1 is empty."}
    assert list(state.columns) == ["value", "type"]


def test_looking_makes_no_journal(run, tmp_path):
    """Where nothing has run, `%genxai`, `runs`, `resume` and Tab on run ids leave the folder as it is."""
    for line in ("%genxai", "%genxai runs", "%genxai resume"):
        run(line)
    offer = offer_at(session_of(), ["%genxai resume r"], 0, "%genxai resume r")

    assert offer is not None
    assert offer.words == {}
    assert not (tmp_path / ".genxai").exists()
