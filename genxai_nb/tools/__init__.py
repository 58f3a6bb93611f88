"""Typed functions that models, nodes and people can call."""

from .base import Tool, tool

__all__ = ["Tool", "tool"]
