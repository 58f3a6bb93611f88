"""Everything that touches the world: one type, one calling convention, one chain around it."""

__all__: list[str] = []
