"""Agents: what they are, how they answer, and how they are nodes of a graph."""

from .agent import Agent

__all__ = ["Agent"]
