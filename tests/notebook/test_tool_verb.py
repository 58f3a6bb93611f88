"""``%genxai tool``: a tool run by hand."""

from __future__ import annotations

import pytest

from genxai_nb.notebook.extension import session_of


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("tool calculator expression=2 + 3 * 4", 14),
        ('tool calculator expression="2 + 2"', 4),
        ("tool hash_generator data=abc algorithm=md5", "900150983cd24fb0d6963f7d28e17f72"),
        ("tool regex_matcher text=a=1 b=2 pattern=[a-z]=\\d operation=findall", 2),
        ('tool code_executor code=sum(values) inputs={"values": [1, 2]} timeout=5', 3),
        ("tool twice number=$counted", 10),
    ],
)
def test_arguments_are_read_by_the_schema(run, shell, line: str, value: object):
    """Text goes on to the next parameter, other values are YAML, `$name` inserts, and the value can be taken."""
    run(
        "counted = 5\nfrom genxai_nb import tool\n@tool\ndef twice(number: int) -> int:\n    'Double.'\n    return 2 * number"
    )
    reply = run(f"taken = %genxai {line}")
    assert reply.status == "ok", reply.text
    taken = shell.user_ns["taken"]
    if isinstance(taken, dict):
        taken = taken.get("digest", taken.get("count", taken.get("value")))
    assert taken == value
    assert shell.user_ns["result"] == shell.user_ns["taken"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tool calculater expression=1", "Unknown tool 'calculater'"),
        (
            "tool calculator",
            "Tool 'calculator' needs 'expression'.\nWrite: %genxai tool calculator expression=...",
        ),
        ("tool calculator expresion=1", "Tool 'calculator' has no parameter 'expresion'"),
        ("tool calculator 2 + 2", "'2 + 2' is no argument"),
        ("tool calculator", "Tool 'calculator' needs 'expression'"),
        ("tool calculator expression=1 / 0", "division by zero"),
        ("tool code_executor code=1 inputs={", "inputs={ cannot be read"),
        ("tool", "The TOOL is missing"),
        ("tool writer", "'writer' is no tool"),
    ],
)
def test_mistakes_are_told(run, line: str, said: str):
    """What is no tool, no parameter or no value is one clear error."""
    run("%%genxai agent writer\nrole: x")
    reply = run(f"%genxai {line}")
    assert reply.status == "error"
    assert said in reply.text


def test_policy_holds(run):
    """A tool that needs leave is denied where nobody can be asked, with the reason."""
    reply = run("%genxai tool code_executor code=1 level=isolated")
    assert reply.status == "error"
    assert "it needs 'execute'" in reply.text


def test_it_is_a_run(run, shell):
    """What the tool was asked and said is in the journal like any run."""
    run("%genxai tool calculator expression=6 * 7")
    session = session_of(shell)
    assert session.run().state["value"] == 42


def test_table_tells_permissions(run, shell):
    """`%genxai tools` has category, tags, permissions and description of each tool, those of the notebook too."""
    run(
        "from genxai_nb import tool\n@tool(tags=['x'], permissions=['send'])\ndef ring(bell: str) -> str:\n    'Ring.'\n    return bell"
    )
    run("table = %genxai tools")
    table = shell.user_ns["table"]
    assert list(table.columns) == ["category", "tags", "permissions", "description", "origin"]
    assert table.loc["ring"].tolist() == ["general", "x", "send", "Ring.", "this notebook"]
    assert table.loc["email_sender", "permissions"] == "network, secret, send"


def test_code_runs_among_the_variables_of_the_notebook(run, shell):
    """Level kernel sees and sets the notebook's variables, once a person has allowed it; else it is denied."""
    run("%genxai")
    run("from genxai_nb import Graph\nfrom genxai_nb.tools.registry import find\nage = 41")
    run("graph = Graph('g').node('t', find('code_executor'), into='made').parse('START -> t -> END')")
    run("given = {'code': 'age = age + 1\\nage', 'level': 'kernel'}")
    denied = run("graph.run(given, store=':memory:')")
    assert "nobody is there to ask" in denied.text
    assert shell.user_ns["age"] == 41
    run("made = graph.run(given, store=':memory:', answers={'t': 'run it'}).state['made']")
    assert (shell.user_ns["age"], shell.user_ns["made"]["value"]) == (42, 42)
    assert shell.user_ns["made"]["sandbox"].startswith("kernel")
