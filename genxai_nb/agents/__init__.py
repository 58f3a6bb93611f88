"""Agents: what they are, how they answer, and how they are nodes of a graph."""

__all__: list[str] = []
