"""Cell heads and bodies to definitions; knows no notebook, so that other doors can read cells too."""

from genxai_nb.graph.lexer import identifier as identifier

from .definitions import AGENT_FIELDS as AGENT_FIELDS
from .definitions import agent_fields as agent_fields
from .definitions import agent_from as agent_from
from .definitions import graph_from as graph_from
from .definitions import input_from as input_from
from .definitions import prompt_from as prompt_from
from .fields import Absent as Absent
from .fields import FieldKind as FieldKind
from .fields import Insert as Insert
from .fields import parse_fields as parse_fields
from .head import CELLS as CELLS
from .head import CellKind as CellKind
from .head import Head as Head
from .head import Option as Option
from .head import parse_head as parse_head
from .schema import schema_from as schema_from

__all__ = [
    "AGENT_FIELDS",
    "CELLS",
    "Absent",
    "CellKind",
    "FieldKind",
    "Head",
    "Insert",
    "Option",
    "agent_fields",
    "agent_from",
    "graph_from",
    "identifier",
    "input_from",
    "parse_fields",
    "parse_head",
    "prompt_from",
    "schema_from",
]
