"""The graph engine: declaring, planning, scheduling, running and drawing."""

__all__: list[str] = []
