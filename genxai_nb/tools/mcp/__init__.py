"""The Model Context Protocol: tools of other servers as ours, and ours as a server."""

from .source import McpServer

__all__ = ["McpServer"]
