"""Computing: arithmetic, digests, patterns, checks, and code in a sandbox."""

from .calculator import calculator
from .executor import code_executor
from .hashing import hash_generator
from .patterns import regex_matcher
from .validation import data_validator

__all__ = ["calculator", "code_executor", "data_validator", "hash_generator", "regex_matcher"]
