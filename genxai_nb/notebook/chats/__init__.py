"""Chats with agents: each message is a run, a panel shows them as one conversation, a record keeps it."""
