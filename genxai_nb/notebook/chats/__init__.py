"""Chats with agents: each message is a run, a panel shows them as one conversation, a record keeps it."""

from .conversation import Chat, Turn, told_turns
from .record import chat_record

__all__ = ["Chat", "Turn", "chat_record", "told_turns"]
