"""Writes ``docs/tools.md`` from the tools and from the tests that try them: ``python tests/support/tool_table.py``."""

from __future__ import annotations

import ast
import functools
import json
from pathlib import Path
from typing import Any

from tool_cases import CASES

from genxai_nb.tools.registry import ToolRow, describe, find

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tools.md"
CATEGORIES = ("computation", "file", "web", "database", "communication", "data")

HEAD = """\
# The tools

An agent takes tools by name: `tools: calculator, web_scraper` in its cell, `tools=["calculator"]` in Python. Their
names, categories and tags are listed by `%genxai tools` and `genxai-nb tools`. Most need
`pip install "genxai-nb[tools]"`; a tool whose package is missing says what to type. `%genxai tool NAME key=value` runs one
by hand, as a run of its own; what it returns is shown as tables, texts and images.

## What tools may do

A tool declares what it needs: `read network write execute send secret`. The policy decides on each call: allowed,
denied, or put to a person with the real arguments, hidden characters shown as escapes. Reading and computing are
allowed; all else is asked about, and where nobody is there to ask, it is denied and the model is told why. A run's
`answers` may have the answer by the node's name: `send: allow`. Functions of yours that declare nothing are allowed.

```yaml
policy: safe                        # in the agent's cell; or --policy safe, or graph.run(policy="safe")
```
```yaml
policy:
  allow: network, write             # permissions or tools that need no question
  deny: send
  roots: [data, out]                # the folders in which files are opened; default: the working folder
  hosts: [api.example.com, "*.example.org", localhost:8000]
  recipients: ["*@example.com"]
  tables: [orders, customers]
```

`default` reads and computes and asks for the rest, `safe` refuses the rest, `open` asks for nothing. A policy of the run
and one of the agent both hold, and so does that of the environment: `GENXAI_POLICY=safe` bounds every run of a server
or a Binder. Under all of them files stay under the roots and requests away from private addresses and from this machine;
only a host that `hosts` names exactly may be there. The answers of people, and what was denied, are in the journal.

All arguments of a call hold 12 million characters at most, a list's items counting as 12; each tool has limits of its own
below that for what it reads, tells and takes of time and memory, and says so where one is reached. Queries, patterns, pages,
documents and images are worked on in processes of their own, which end with their call, also with one that is cancelled or
late.

The tables say for each tool which test shows that it works, where it ends, what it does with input made to harm, and
its use of a real thing. They are written by `python tests/support/tool_table.py`.
"""


def page() -> str:
    """The whole page."""
    rows = [row for row in describe() if row.origin == "builtin"]
    return "\n".join(
        [HEAD, *(_section(name, [row for row in rows if row.category == name]) for name in CATEGORIES)]
    )


def _section(category: str, rows: list[ToolRow]) -> str:
    lines = [
        f"## {category.capitalize()}",
        "",
        "| tool | works | ends | is not harmed | for real |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| [`{row.name}`](#{row.name}) | " + " | ".join(map(_case, CASES[row.name])) + " |" for row in rows
    ]
    return "\n".join([*lines, "", *map(_tool, rows)])


def _case(test: str) -> str:
    """A test as a sentence with a link to its file."""
    return f"{said(test)} [↗](../tests/tools/{test.partition('::')[0]})"


def said(test: str) -> str:
    """What a test says that it shows.

    Raises:
        KeyError: There is no such test.
    """
    file, _, name = test.partition("::")
    return _docstrings(file)[name]


@functools.cache
def _docstrings(file: str) -> dict[str, str]:
    tree = ast.parse((ROOT / "tests" / "tools" / file).read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {node.name: " ".join((ast.get_docstring(node) or "").split()) for node in functions}


def _tool(row: ToolRow) -> str:
    tool = find(row.name)
    description = " ".join(tool.description.split())
    needs = ", ".join(sorted(row.permissions)) or "nothing"
    lines = [f"### {row.name}", "", f"{description} Needs {needs}. Tags: {', '.join(row.tags)}.", ""]
    lines += ["| parameter | type | default | |", "|---|---|---|---|"]
    schema = tool.spec.parameters
    required = schema.get("required", [])
    for name, about in schema.get("properties", {}).items():
        default = (
            "required" if name in required else f"`{json.dumps(about.get('default'), ensure_ascii=False)}`"
        )
        lines.append(
            f"| `{name}` | {_type(about, schema)} | {default} | {_cell(about.get('description', ''))} |"
        )
    return "\n".join([*lines, ""])


def _type(about: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in about:
        about = schema["$defs"][about["$ref"].rpartition("/")[2]]
    if "anyOf" in about:
        kinds = [_type(kind, schema) for kind in about["anyOf"] if kind.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in about:
        return _cell(", ".join(f"`{value}`" for value in about["enum"]))
    if "const" in about:
        return f"`{about['const']}`"
    low, high = about.get("minimum"), about.get("maximum")
    bounds = (
        f" {low if low is not None else ''}..{high if high is not None else ''}"
        if (low, high) != (None, None)
        else ""
    )
    kind = about.get("type", "any")
    inner = f" of {_type(about['items'], schema)}" if kind == "array" and about.get("items") else ""
    return f"{kind}{bounds}{inner}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
