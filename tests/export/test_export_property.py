"""Random graphs: the script's run is equal to the graph's, event by event."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import suppress

import hypothesis
import hypothesis.strategies as st
from random_graphs import graphs

from genxai_nb.errors import GenXAIError, GraphInvalid
from genxai_nb.export.check import compared
from genxai_nb.export.fingerprint import fingerprint_of
from genxai_nb.export.script import script_of
from genxai_nb.export.trial import Outcome
from genxai_nb.export.units import Units
from genxai_nb.journal.codec import encode_event

HEAD = "from genxai_nb import Graph\n"


def loaded(path, name: str, text: str):
    """Load a module of a text."""
    path.write_text(text, "utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def module_text(lines: str, weights: list[int], limit: int, kinds: list[int]) -> str:
    """A module whose graph has these lines; its nodes use helpers and constants in different ways."""
    names = sorted(
        {word for line in lines.splitlines() for word in line.split() if word[0] == "n" and "_" not in word}
    )
    parts = [HEAD, f"LIMIT = {limit}\nWEIGHTS = {weights!r}\ndef bump(x, by=1):\n    return x + by\n"]
    nodes = ["graph = Graph('g', reducers={'log': 'append'})\n"]
    for number, name in enumerate(names):
        weight = weights[number % len(weights)]
        value = ("bump(n)", f"bump(n, {weight})", "n + WEIGHTS[0] % 2 + 1", "min(bump(n), LIMIT + n)")[
            kinds[number % len(kinds)]
        ]
        body = f"    n = state.get('{name}_n', 0)\n    return {{'{name}_n': {value}, 'log': ['{name}']}}\n"
        parts.append(f"{'async ' if kinds[number % len(kinds)] else ''}def f_{name}(state):\n{body}")
        nodes.append(f"graph.node('{name}', f_{name})\n")
    return "".join([*parts, *nodes, f"graph.parse('''{lines}''')\n"])


@hypothesis.settings(max_examples=15)
@hypothesis.given(
    graphs(),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.integers(0, 5),
    st.lists(st.integers(0, 3), min_size=1, max_size=5),
)
def test_a_random_graph_and_its_script_agree(tmp_path_factory, lines, weights, limit, kinds):
    """A script made from a random graph has its fingerprint, and runs to an equal journal."""
    folder = tmp_path_factory.mktemp("random")
    module = loaded(folder / "made.py", "random_flow", module_text(lines, weights, limit, kinds))
    try:
        module.graph.build()
    except GraphInvalid:
        hypothesis.assume(condition=False)
    run = module.graph.start({"log": []}, store=":memory:")
    with suppress(GenXAIError):  # such as a dead end: then both come to it
        run.resume()

    made = script_of(module.graph, Units(vars(module)), formats=False)
    script = loaded(folder / "script.py", "random_script", made.text)
    again = script.graph.start({"log": []}, store=":memory:")
    again.replaying(run.events())
    with suppress(GenXAIError):
        again.resume()

    outcome = Outcome([encode_event(event) for event in again.events()], fingerprint_of(script.graph))
    found = compared(outcome, module.graph, [encode_event(event) for event in run.events()], {})
    assert str(found.difference) == "None"
    assert found.events >= 3
