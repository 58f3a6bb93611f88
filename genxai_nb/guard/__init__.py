"""Decisions about what may be reached: folders, hosts, characters. Nothing here knows of runs."""

__all__: list[str] = []
