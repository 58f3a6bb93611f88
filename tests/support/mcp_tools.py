"""A server of MCP for tests: run as a process, it offers tools whose descriptions come from a file."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

ABOUT = Path(sys.argv[1])


async def list_tools(_context: Any, _params: Any) -> types.ListToolsResult:
    """The tools as the file describes them now: each by a text, or by one and what is said of its parameter."""
    about = json.loads(await anyio.Path(ABOUT).read_text("utf-8"))
    tools = []
    for name, told in about.items():
        said, of_text = (told, {}) if isinstance(told, str) else told
        schema = {
            "type": "object",
            "properties": {"text": {"type": "string", **of_text}},
            "required": ["text"],
        }
        tools.append(types.Tool(name=name, description=said, input_schema=schema))
    return types.ListToolsResult(tools=tools)


async def call_tool(_context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Do what the text says."""
    text = (params.arguments or {})["text"]
    if text == "die":
        os._exit(3)
    if text == "fail":
        return types.CallToolResult(
            content=[types.TextContent(type="text", text="no such word")], is_error=True
        )
    if text == "wait":
        await anyio.sleep(60)
    if text == "environment":
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=json.dumps(dict(os.environ)))]
        )
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=f"{text[::-1]} by {os.getpid()}")]
    )


async def main() -> None:
    """Serve one client."""
    server = Server("mirror", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(main)
