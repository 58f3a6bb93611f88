"""The command line: runs of files and notebooks, with people answering at the terminal."""

from .entry import main
from .exits import INTERRUPTED

__all__ = ["INTERRUPTED", "main"]
