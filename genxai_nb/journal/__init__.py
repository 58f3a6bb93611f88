"""The journal: what happened in a run, kept in order, and the readers of it."""

from __future__ import annotations
