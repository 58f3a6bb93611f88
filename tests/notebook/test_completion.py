"""What Tab offers in our lines and cells, and nowhere else."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter

from genxai_nb.memory import registry
from genxai_nb.notebook.verbs import VERBS

AGENTS = """%%genxai agent writer
writes: topic"""
SCHEMA = """%%genxai schema Draft
topic: str = ""
score: float = 0"""
GRAPH = """%%genxai graph review --state Draft
START -> writer -> END"""


@pytest.fixture
def complete(run, shell):
    """What is offered at the end of a text, or at the mark ‸ in it, as the whole text that would stand there."""
    for code in (AGENTS, SCHEMA, GRAPH, "def count(text: str) -> int:\n    return 1\nlimit = 3"):
        assert run(code).status == "ok"

    def offered(code: str) -> list[str]:
        at = code.index("‸") if "‸" in code else len(code)
        with provisionalcompleter():
            found = list(shell.Completer.completions(code.replace("‸", ""), at))
        return [item.text for item in found if item._origin.endswith("genxai_matcher")]

    return offered


def test_a_line_offers_verbs_then_names_then_options(complete):
    """After %genxai come verbs that have no body needed, then what the verb names, then its options."""
    assert complete("%genxai ") == [verb.name for verb in VERBS if verb.line and verb.name]
    assert complete("%genxai ")[:4] == ["run", "ask", "chat", "resume"]
    assert complete("%genxai stat") == ["state"]
    assert complete("x = %genxai ti") == ["timeline"]
    assert complete("%genxai run ") == [
        "review", "--as", "--model", "--store", "--policy", "--budget", "--cassette", "--answers", "--detach", "--breaks", "--interactive", "--input",
    ]  # fmt: skip
    assert complete("%genxai help ti") == ["timeline"]
    assert complete("%genxai show ") == ["writer", "review", "count", "Draft", "--run"]
    assert complete("%genxai memory wr") == ["writer"]
    assert complete("%genxai memory writer --kind s") == ["short_term", "semantic"]
    assert complete("%genxai ask writer ") == ["--as", "--model", "--budget", "--cassette", "--interactive"]


def test_verbs_of_the_session_offer_kinds_settings_and_what_is_kept(complete, run):
    """A kind to begin with, the short name of a setting, and what cells have defined, also when it is gone."""
    run("%%genxai agent critic\nrole: Critic")
    run("del critic")

    assert complete("%genxai new ") == ["agent", "graph", "schema", "tool", "--name"]
    assert complete("%genxai config MOD") == ["MODEL"]
    assert "OPENAI_API_KEY" in complete("%genxai config ")
    assert "critic" in complete("%genxai restore ")
    assert complete("%genxai restore writer, cri") == ["critic"]
    assert complete("%genxai undo --r") == ["--redo"]
    assert complete("%genxai close ") == ["--force"]


def test_the_head_of_a_cell_offers_kinds_names_and_options(complete):
    """After %%genxai come the kinds of cells; an option's value is completed by what it takes."""
    assert complete("%%genxai ") == ["agent", "graph", "schema", "run", "ask", "chat", "debug"]
    assert complete("%%genxai ru") == ["run"]
    assert complete("%%genxai run re‸\ntopic: x") == ["review"]
    assert complete("%%genxai graph g --‸\nSTART -> writer") == ["--state", "--reduce", "--limit"]
    assert complete("%%genxai graph g --state ") == ["Draft"]
    assert complete("%%genxai graph g --state=D") == ["Draft"]
    assert complete("%%genxai graph g --reduce a=") == ["append", "add", "merge", "last", "count"]
    assert complete("%%genxai graph g --reduce=a=append,b=me") == ["merge"]
    assert "offline" in complete("%%genxai run review --model ")
    assert complete("%%genxai run review --model openai:gpt-4o-m") == ["openai:gpt-4o-mini"]
    assert complete("%%genxai run review --model local:http://localhost:1234/v1#m") == []


def test_the_body_of_an_agent_offers_fields_and_what_they_hold(complete):
    """At the beginning of a line come fields; after tools:, model:, memory: and output: what may stand there."""
    assert complete("%%genxai agent x\nro") == ["role: "]
    assert "tools: " in complete("%%genxai agent x\nrole: y\n")
    assert complete("%%genxai agent x\ntools: calculator, co") == ["count", "code_executor"]
    assert complete("%%genxai agent x\nmodel: off") == ["offline"]
    assert complete("%%genxai agent x\nmodel: openai:gpt-4.1-") == [
        "openai:gpt-4.1-mini",
        "openai:gpt-4.1-nano",
    ]
    assert complete("%%genxai agent x\nmemory: ") == [*registry.names(), "none"]
    assert complete("%%genxai agent x\noutput: ") == ["Draft"]
    assert complete("%%genxai agent x\npolicy: s") == ["safe"]
    assert complete("%%genxai agent x\nreasoning: ") == ["low", "medium", "high"]
    assert complete("%%genxai agent x\nbudget: calls=9,to") == ["tokens="]
    assert complete("%%genxai agent x\nrole: ") == []
    assert complete("%%genxai agent x\noutput: $lim") == ["limit"]


def test_the_body_of_a_graph_offers_nodes_and_words_of_the_language(complete):
    """Names stand at the ends of arrows, keywords after them, keys of the schema in conditions."""
    assert complete("%%genxai graph g\nSTART -> wr") == ["writer"]
    assert complete("%%genxai graph g\nwriter -> writer ") == ["if", "else", "max", "for each"]
    assert complete("%%genxai graph g --state Draft\nwriter -> END if sc") == ["score"]
    assert complete("%%genxai graph g\nnode sum = ") == ["agent", "function", "tool", "graph", "human"]
    assert complete("%%genxai graph g\nnode sum = tool calculator: re") == ["retry", "reads"]
    assert "START" in complete("%%genxai graph g\n")


def test_the_bodies_of_schemas_and_runs_offer_types_and_keys(complete):
    """A schema's line is completed by types and reducers, a run's body by the keys of its graph's state."""
    assert complete("%%genxai schema S\nx: fl") == ["float"]
    assert complete("%%genxai schema S\nx: list[str] = [] | app") == ["append"]
    assert complete("%%genxai run review\nto") == ["topic: "]
    assert complete("%%genxai run review\ntopic: ") == []
    assert complete("%%genxai ask writer\nwhat ") == []


def test_nothing_is_offered_elsewhere(complete):
    """Other cells and lines are completed by IPython alone."""
    assert complete("ru") == []
    assert complete("%%timeit\nru") == []
    assert complete("text = 'genxai'\nru") == []
    assert complete("%%genxai agnt x\nro") == []


def test_debug_verbs_offer_nodes_runs_and_keys(complete, shell):
    """Break and why offer nodes, debug graphs and runs; what names the state offers its keys once a run is there."""
    assert complete("%genxai break wr") == ["writer"]
    assert complete("%genxai why ") == ["writer", "--run"]
    assert complete("%genxai debug re") == ["review"]
    assert complete("%%genxai debug review\nto") == ["topic: "]
    shell.run_cell("%%genxai debug review --interactive\ntopic: cats")
    assert complete("%genxai set sc") == ["score="]
    assert complete("%genxai watch sc") == ["score"]
    assert complete("%genxai break writer --when sc") == ["score"]
    assert complete("%genxai debug r1") == []
    assert complete("%genxai debug r") == ["review", "r1"]
    assert complete("%genxai call 1 --sk") == ["--skip"]
