"""Our tools as a server of the Model Context Protocol."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from msgspec import json

from genxai_nb.errors import GenXAIError, MissingPackage
from genxai_nb.tools.base import Tool

if TYPE_CHECKING:
    import mcp_types as types
    from mcp.server.lowlevel import Server

__all__ = ["Perform", "make_server", "serve_http", "serve_stdio"]

Perform = Callable[[Tool, dict[str, Any]], Awaitable[Any]]


def make_server(tools: Sequence[Tool], perform: Perform, *, version: str = "") -> Server[Any]:
    """A server that offers tools.

    Args:
        tools: The tools.
        perform: Calls one with arguments, by way of the policy.
        version: What it says its version is.

    Raises:
        MissingPackage: mcp is not installed.
    """
    try:
        import mcp_types as known
        from mcp.server.lowlevel import Server as Made
    except ImportError as exc:
        raise MissingPackage("mcp", "mcp") from exc
    by_name = {tool.name: tool for tool in tools}

    async def list_tools(_context: Any, _params: Any) -> types.ListToolsResult:
        return known.ListToolsResult(tools=[_described(tool) for tool in tools])

    async def call_tool(_context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = by_name.get(params.name)
        if tool is None:
            return _failed(f"There is no tool {params.name!r}. Tools: {', '.join(by_name)}.")
        try:
            value = await perform(tool, dict(params.arguments or {}))
        except GenXAIError as exc:
            return _failed(str(exc))
        text = value if isinstance(value, str) else json.encode(value).decode()
        return known.CallToolResult(
            content=[known.TextContent(type="text", text=text)],
            structured_content=value if isinstance(value, dict) else None,
        )

    return Made("genxai-nb", version=version, on_list_tools=list_tools, on_call_tool=call_tool)


async def serve_stdio(server: Server[Any]) -> None:
    """Serve one client over standard input and output, until it hangs up."""
    from mcp.server.stdio import stdio_server

    async with stdio_server() as (reading, writing):
        with redirect_stdout(sys.stderr):  # what a tool prints is no message of the protocol
            await server.run(reading, writing, server.create_initialization_options())


def serve_http(server: Server[Any], host: str, port: int) -> None:
    """Serve at ``http://host:port/mcp`` until interrupted; other hosts' names and origins are refused on loopback."""
    import uvicorn

    uvicorn.run(server.streamable_http_app(host=host), host=host, port=port, log_level="warning")


def _described(tool: Tool) -> types.Tool:
    import mcp_types as known

    hints = known.ToolAnnotations(read_only_hint=tool.read_only, idempotent_hint=tool.idempotent)
    return known.Tool(
        name=tool.name, description=tool.description, input_schema=tool.spec.parameters, annotations=hints
    )


def _failed(text: str) -> types.CallToolResult:
    import mcp_types as known

    return known.CallToolResult(content=[known.TextContent(type="text", text=text)], is_error=True)
