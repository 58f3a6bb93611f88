"""What an installation has, what it lacks, and what to do about it."""

from .checks import examine
from .finding import Finding
from .live import ask_models, configured_models
from .report import Report
from .servers import Place, find_servers

__all__ = ["Finding", "Place", "Report", "ask_models", "configured_models", "examine", "find_servers"]
