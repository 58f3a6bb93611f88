"""Chains in which one tool's result feeds the next, five deep, whole and with one of them failing."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from typing import Any

import pytest

from genxai_nb import Agent, Graph
from genxai_nb.errors import NodeFailed
from genxai_nb.guard.policy import Policy
from genxai_nb.messages import ModelRequest, ToolCall
from genxai_nb.providers.scripted import Scripted

CHAIN = ("sql_query", "hash_generator", "regex_matcher", "code_executor", "calculator")


@pytest.fixture
def word(tmp_path, monkeypatch) -> str:
    """A word that only a database knows."""
    word = secrets.token_hex(8)
    with sqlite3.connect(tmp_path / "words.db") as database:
        database.execute("CREATE TABLE words (word TEXT)")
        database.execute("INSERT INTO words VALUES (?)", (word,))
    database.close()
    monkeypatch.setenv("GENXAI_CONNECTION_WORDS", f"sqlite:///{tmp_path}/words.db")
    return word


def expected(word: str) -> int:
    """What the chain comes to: the digits of the word's digest, added and doubled."""
    return 2 * sum(int(letter) for letter in hashlib.sha256(word.encode()).hexdigest() if letter.isdigit())


def arguments_of(tool: str, before: Any) -> dict[str, Any]:
    """The arguments of a tool, from the result of the one before it."""
    match tool:
        case "sql_query":
            return {"query": "SELECT word FROM words", "connection": "words"}
        case "hash_generator":
            return {"data": before["rows"][0]["word"]}
        case "regex_matcher":
            return {"text": before["digest"], "pattern": "[0-9]"}
        case "code_executor":
            digits = [match["text"] for match in before["matches"]]
            return {"code": "sum(int(digit) for digit in digits)", "inputs": {"digits": digits}}
    return {"expression": f"{before['value']} * 2"}


def chained(broken: str = "") -> Scripted:
    """A model that calls the five tools in turn; a broken one is called wrongly first, and then as its error says."""
    done: dict[str, Any] = {}

    def reply(request: ModelRequest) -> Any:
        last = request.messages[-1]
        if last.role == "tool":
            result = last.parts[0]
            if result.failed:
                done["said"] = result.text
            else:
                done[result.name] = json.loads(result.text)
        for before, tool in zip((None, *CHAIN), CHAIN, strict=False):
            if tool not in done:
                arguments = arguments_of(tool, done.get(before))
                if tool == broken and "said" not in done:
                    arguments["no_such_parameter"] = 1
                return ToolCall(f"c{len(request.messages)}", tool, arguments)
        return f"It is {done['calculator']}."

    return Scripted(reply, name=f"chain {broken}")


@pytest.mark.parametrize("broken", ["", *CHAIN])
def test_agent_goes_through_a_chain(word: str, broken: str):
    """Five results feed one another; wherever one call fails, its error lets the model go on."""
    script = chained(broken)
    answer = Agent("chain", model=script.model, tools=list(CHAIN)).ask("Go on.")
    assert answer.text == f"It is {expected(word)}."
    results = [message.parts[0] for message in script.requests[-1].messages if message.role == "tool"]
    assert [result.failed for result in results].count(True) == bool(broken)


LINES = """
node read = tool sql_query(query="SELECT word FROM words", connection="words"): into read
node digest = tool hash_generator(data=read["rows"][0]["word"]): into digest
node digits = tool regex_matcher(text=digest["digest"], pattern=pattern): into digits
node sum = tool code_executor(code=code, inputs={"found": digits["matches"]}): into sum
node twice = tool calculator(expression=str(sum["value"]) + " * 2"): into twice
START -> read -> digest -> digits -> sum -> twice -> END
"""
CODE = "sum(int(match['text']) for match in found)"


def test_graph_goes_through_a_chain(word: str):
    """The same as nodes of a graph, each with arguments from the state."""
    result = Graph("chain").parse(LINES).run({"pattern": "[0-9]", "code": CODE}, store=":memory:")
    assert result.state["twice"] == expected(word)


def test_failing_link_names_itself_and_can_be_mended(word: str):
    """A chain that breaks in the middle says where; what was done before stays done."""
    graph = Graph("chain").parse(LINES)
    with pytest.raises(NodeFailed, match="Node 'digits' failed: Pattern '\\(' cannot be used") as caught:
        graph.run({"pattern": "(", "code": CODE}, store="chain.db")
    assert caught.value.result.state["digest"]["algorithm"] == "sha256"
    assert "sum" not in caught.value.result.state


def test_denied_link_breaks_the_chain(word: str):
    """What the policy denies is told as such, whatever stands before and behind it."""
    policy = Policy(tables=("other",))
    with pytest.raises(NodeFailed, match="table 'words' is not among those"):
        Graph("chain").parse(LINES).run({"pattern": "[0-9]", "code": CODE}, store=":memory:", policy=policy)
