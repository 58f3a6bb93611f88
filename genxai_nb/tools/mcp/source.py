"""A server of the Model Context Protocol whose tools agents can use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genxai_nb.calls.call import Call, Traits, digest
from genxai_nb.errors import Denied, GenXAIError, ToolFailed
from genxai_nb.guard.policy import Policy, policies_of
from genxai_nb.guard.urls import read_url, refuse_host, written_inside
from genxai_nb.guard.visible import visible
from genxai_nb.loop import run_sync
from genxai_nb.messages import ToolSpec
from genxai_nb.tools.base import Tool
from genxai_nb.tools.node import ToolNode

from .link import Link
from .listing import read_listing, told_whole
from .pins import Listed, Pins

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from genxai_nb.tools.http.transport import Resolve
    from genxai_nb.tools.node import Options

    from .link import Job

__all__ = ["McpServer", "McpTool"]

LONGEST_RESULT = 200_000
MOST_PAGES = 20

_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,30}")
_ODD = re.compile(r"[^A-Za-z0-9_-]")


class McpServer:
    """A server whose tools agents can use, started as a process or reached at a URL.

    What its tools say of themselves is pinned when it is first seen: a tool that is new or described otherwise later
    is refused until it is accepted. What a server says of its own tools' harmlessness counts for nothing: by default
    a policy is asked about each call as for a tool that writes.

    Args:
        name: What it is called; its tools are named ``name_tool``.
        command: The words that start it, such as ``["python", "server.py"]``.
        url: Where it is, such as ``https://example.org/mcp``.
        environment: Variables that a started server sees, beside the usual ones.
        connection: The name of a connection that holds credentials for the URL.
        permissions: What its tools need, as the policy knows it.
        timeout: Seconds that a call may take.
        pins: The file of accepted descriptions; None for ``.genxai/mcp.json``.
        private: The name in the URL may lead to a private address, as that of a container or of a company's server
            does. An address in the URL, or localhost, says so itself.
        resolve: Finds the addresses of that name; None for the system's way.

    Raises:
        ToolFailed: It has no proper name, or not exactly one of command and url.

    Example:
        >>> server = McpServer("docs", url="https://docs.example.org/mcp", permissions=["network"])
        >>> server
        McpServer('docs')
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str] = (),
        *,
        url: str = "",
        environment: Mapping[str, str] | None = None,
        connection: str | None = None,
        permissions: Iterable[str] = ("network", "write"),
        timeout: float = 60,
        pins: Path | None = None,
        private: bool = False,
        resolve: Resolve | None = None,
    ) -> None:
        if _NAME.fullmatch(name) is None:
            raise ToolFailed(
                f"{name!r} cannot be a server's name.", hint="Take letters, digits, '_' and '-'."
            )
        if bool(command) == bool(url):
            raise ToolFailed(f"MCP server {name!r} needs either a command or a url.")
        target = read_url(url, bounded=False, hosts=[_host_of(url)]) if url else None
        clear = target is not None and target.scheme == "http" and target.host not in _LOCAL
        if connection is not None and clear:
            raise Denied(f"Credentials for {name!r} would go out in the clear.", hint="Take an https URL.")
        self.name = name
        self.permissions = frozenset(permissions)
        self.timeout = timeout
        self._pins = Pins(pins)
        self._connection, self._url, self._target = connection, url, target
        self._private, self._resolve = private, resolve
        self._link = Link(name, list(command), url, dict(environment or {}), self._open_http)

    def __repr__(self) -> str:
        return f"McpServer({self.name!r})"

    def tools(self, *names: str) -> list[McpTool]:
        """The server's tools, all or those of the given names, for ``Agent(tools=[...])``.

        Raises:
            Denied: A tool is new or described otherwise than it was accepted.
            ToolFailed: The server cannot be reached, or has no tool of a name.
        """
        return run_sync(self.atools(*names))

    async def atools(self, *names: str) -> list[McpTool]:
        """The same as `tools`, on the caller's loop.

        Raises:
            Denied: A tool is new or described otherwise than it was accepted.
            ToolFailed: The server cannot be reached, or has no tool of a name.
        """
        listed = await self._listed(names)
        changed = self._pins.changed(self.name, listed)
        if changed:
            raise Denied(
                f"MCP server {self.name!r} describes {', '.join(map(repr, changed))} otherwise than was accepted.",
                hint=f"Read what it says now (server.describe()), then: server.accept({changed[0]!r}).",
            )
        self._pins.accept(self.name, listed)
        return [McpTool(self, tool) for tool in listed]

    def describe(self) -> dict[str, str]:
        """What the server says of its tools and their parameters now, by name, with what is hidden in it made visible."""
        return {tool.name: told_whole(tool) for tool in run_sync(self._listed(()))}

    def accept(self, *names: str) -> None:
        """Accept what the server says of its tools now: of all, or of those of the given names.

        Raises:
            ToolFailed: The server cannot be reached, or has no tool of a name.
        """
        self._pins.accept(self.name, run_sync(self._listed(names)))

    async def close(self) -> None:
        """Close its connections of this loop."""
        await self._link.close()

    async def call(self, tool: str, arguments: dict[str, Any], seconds: float) -> Any:
        """Call one of its tools.

        Raises:
            ToolFailed: The tool failed, or the server did.
        """

        async def ask(client: Any) -> Any:
            return await client.call_tool(tool, arguments, read_timeout_seconds=seconds)

        result = await self._ask(f"tool {tool!r}", ask, seconds)
        text = _text_of(result.content)
        if result.is_error:
            raise ToolFailed(f"MCP tool {tool!r} failed: {text[:2000] or 'it does not say why'}")
        return text if result.structured_content is None else _bounded(result.structured_content, text)

    def refuse_unlisted(self, policies: Iterable[Policy]) -> None:
        """Keep to policies that list hosts; one that lists none allows the server that a person chose.

        Raises:
            Denied: The server's host is not listed.
        """
        if self._target is not None:
            for policy in policies:
                refuse_host(
                    self._target.host,
                    self._target.port,
                    policy.hosts,
                    f"The host of MCP server {self.name!r}",
                )

    async def _listed(self, names: Sequence[str]) -> list[Listed]:
        tools: list[Any] = []

        async def ask(client: Any) -> None:
            cursor = None
            for _ in range(MOST_PAGES):
                page = await client.list_tools(cursor=cursor, cache_mode="bypass")
                tools.extend(page.tools)
                cursor = page.next_cursor
                if cursor is None:
                    return

        await self._ask("its list of tools", ask, self.timeout)
        unknown = [name for name in names if name not in {tool.name for tool in tools}]
        if unknown:
            known = ", ".join(tool.name for tool in tools) or "none"
            raise ToolFailed(f"MCP server {self.name!r} has no tool {unknown[0]!r}.", hint=f"Tools: {known}.")
        chosen = [tool for tool in tools if not names or tool.name in names]
        return [read_listing(tool.name, tool.description or "", tool.input_schema) for tool in chosen]

    async def _ask(self, about: str, job: Job, seconds: float) -> Any:
        try:
            return await self._link.ask(job, seconds)
        except GenXAIError:
            raise
        except Exception as exc:  # what the library makes of a server's answers
            raise ToolFailed(f"MCP server {self.name!r}, {about}: {visible(str(exc), 500)}") from exc

    def _open_http(self) -> AbstractAsyncContextManager[Any]:
        from genxai_nb.tools.builtin.web.credentials import credentials_for
        from genxai_nb.tools.http import open_endpoint
        from genxai_nb.tools.http.transport import resolve

        host = self._target.host if self._target is not None else ""
        named = self._private or written_inside(host)
        return open_endpoint(
            self._url,
            [Policy(hosts=(host,) if named else None)],
            credentials=credentials_for(self._connection, self._url),
            seconds=self.timeout,
            resolve=self._resolve or resolve,
        )


class McpTool(Tool):
    """A tool of another server; the server checks its arguments.

    Args:
        server: Whose it is.
        listed: As the server describes it.
    """

    def __init__(self, server: McpServer, listed: Listed) -> None:
        self._server, self._listed = server, listed
        self.name = _ODD.sub("_", f"{server.name}_{listed.name}")[:64]
        self.description = listed.description
        self.category, self.tags = "mcp", (server.name,)
        self.timeout: float | None = server.timeout
        self.idempotent = self.read_only = False
        self.permissions = server.permissions
        self.effect = True
        self.parameters = tuple(listed.schema.get("properties", {}))
        self.traits = Traits(effect=True, timeout=server.timeout, permissions=self.permissions)
        self.function = self._called
        self.spec = ToolSpec(self.name, self.description, listed.schema)

    @property
    def version(self) -> str:
        """Content hash of what its server says of it."""
        return digest(self.name.encode(), self._listed.hash.encode())

    def _called(self, **arguments: Any) -> Any:
        return run_sync(self._server.call(self._listed.name, arguments, self._server.timeout))

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Check that arguments have names that the tool knows and that none is missing.

        Raises:
            ToolFailed: They do not fit.
        """
        given = dict(arguments)
        missing = [name for name in self._listed.schema.get("required", ()) if name not in given]
        if missing:
            raise ToolFailed(
                f"The arguments of tool {self.name!r} do not fit.\n- Parameter {missing[0]!r} is missing."
            )
        if self._listed.schema.get("additionalProperties", False) is False:
            unknown = [name for name in given if name not in self.parameters]
            if unknown:
                raise ToolFailed(
                    f"The arguments of tool {self.name!r} do not fit.\n- There is no parameter {unknown[0]!r}."
                )
        return given

    async def handler(self, call: Call) -> Any:
        """Answer a call by the server.

        Raises:
            Denied: A policy lists hosts, and the server's is none of them.
            ToolFailed: The arguments do not fit, or the tool or its server failed.
        """
        self._server.refuse_unlisted(policies_of(call.context))
        return await self._server.call(self._listed.name, self.validate(call.request), self._server.timeout)

    def as_node(self, options: Options) -> ToolNode:
        """Make the body for a node that calls this tool.

        Raises:
            UnknownName: An argument is given that is no parameter.
            GraphInvalid: A required parameter has no argument though others are given.
        """
        return ToolNode(self, options, required=tuple(self._listed.schema.get("required", ())))


def _text_of(content: Iterable[Any]) -> str:
    parts = []
    for part in content:
        if getattr(part, "type", "") == "text":
            parts.append(part.text)
        else:
            parts.append(
                f"[{getattr(part, 'mime_type', None) or getattr(part, 'type', 'something')}, not shown]"
            )
    text = "\n".join(parts)
    return (
        text
        if len(text) <= LONGEST_RESULT
        else f"{text[:LONGEST_RESULT]}... ({len(text) - LONGEST_RESULT} more)"
    )


def _bounded(value: Any, text: str) -> Any:
    from msgspec import json

    return value if len(json.encode(value)) <= LONGEST_RESULT else text


def _host_of(url: str) -> str:
    from urllib.parse import urlsplit

    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
