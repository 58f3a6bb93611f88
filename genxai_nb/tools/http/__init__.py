"""HTTP for all tools: one client whose every connection is checked."""

from .client import MOST_BYTES, Answer, Client, client_for
from .endpoint import open_endpoint

__all__ = ["MOST_BYTES", "Answer", "Client", "client_for", "open_endpoint"]
