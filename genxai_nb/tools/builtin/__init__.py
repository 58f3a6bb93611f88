"""The tools that come with the package, one module per category."""

__all__: list[str] = []
