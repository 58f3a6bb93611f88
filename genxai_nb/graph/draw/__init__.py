"""Pictures of graphs: what is shown, where it lies, and how it is written down."""

from .depiction import picture_of, status_words, way_label
from .dot import dot
from .layout import Layout, layout
from .mermaid import mermaid
from .picture import Arrow, Card, Picture
from .svg import svg

__all__ = [
    "Arrow",
    "Card",
    "Layout",
    "Picture",
    "dot",
    "layout",
    "mermaid",
    "picture_of",
    "status_words",
    "svg",
    "way_label",
]
