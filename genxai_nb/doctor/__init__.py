"""What an installation has, what it lacks, and what to do about it."""

from .checks import examine
from .finding import Finding
from .live import ask_models
from .report import Report

__all__ = ["Finding", "Report", "ask_models", "examine"]
