"""HTTP for all tools: one client whose every connection is checked."""

from .client import Answer, Client, client_for

__all__ = ["Answer", "Client", "client_for"]
