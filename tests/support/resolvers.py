"""Resolvers that answer what a test says."""

from __future__ import annotations

__all__ = ["resolving"]


def resolving(*answers: list[str]):
    """A resolver that gives these answers one after the other, and what it was asked."""
    asked: list[str] = []

    async def look_up(host: str, _port: int) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return look_up, asked
