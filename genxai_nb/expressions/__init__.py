"""The safe evaluator: conditions of edges, arguments of tool nodes, the calculator."""

from .expression import Expression as Expression
from .expression import compile_expression as compile_expression
from .values import FUNCTIONS as FUNCTIONS
from .values import declared_fields as declared_fields
from .values import read_part as read_part

__all__ = ["FUNCTIONS", "Expression", "compile_expression", "declared_fields", "read_part"]
