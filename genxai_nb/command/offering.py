"""The command ``mcp``: our tools for other programs."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from importlib import metadata
from typing import Any

from genxai_nb.agents.toolbox import equip
from genxai_nb.agents.workflow import Graph
from genxai_nb.errors import InputError, NodeFailed, ToolFailed
from genxai_nb.guard.policy import policy_from
from genxai_nb.tools.base import Tool
from genxai_nb.tools.mcp.serving import make_server, serve_http, serve_stdio

from .exits import DONE
from .printing import tell

__all__ = ["offer_tools"]

USUAL = ("@computation", "@data", "@file")
VALUE = "value"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def offer_tools(given: Namespace) -> int:
    """Serve tools until the client hangs up, or until interrupted.

    Returns:
        The exit code.

    Raises:
        UnknownName: There is no tool, category, tag or policy of a name.
        InputError: The address is none.
        MissingPackage: mcp is not installed.
    """
    policy = policy_from(given.policy)
    tools = list(equip(given.tools or USUAL).values())

    async def perform(tool: Tool, arguments: dict[str, Any]) -> Any:
        graph = Graph(tool.name).node("tool", tool, into=VALUE).parse("START -> tool -> END")
        try:
            result = await graph.arun(_checked(tool, arguments), store=given.store, policy=policy)
        except NodeFailed as exc:
            raise ToolFailed(exc.cause, hint=exc.hint) from exc
        return result.state[VALUE]

    server = make_server(tools, perform, version=metadata.version("genxai-nb"))
    if given.http is None:
        asyncio.run(serve_stdio(server))
        return DONE
    host, port = _address(given.http)
    tell(f"{len(tools)} tools at http://{host}:{port}/mcp")
    serve_http(server, host, port)
    return DONE


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise InputError(f"{text!r} is no address to serve at.", hint="Write: --http 127.0.0.1:8000")
    host = host.strip("[]")
    if host not in LOOPBACK:
        raise InputError(
            f"Tools are not served at {host!r}: whoever reaches that address could use them.",
            hint="Serve at 127.0.0.1, and put a server that asks who it is before it.",
        )
    return host, int(port)


def _checked(tool: Tool, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments, which become the state that the tool takes its parameters from."""
    tool.validate(arguments)
    return arguments
