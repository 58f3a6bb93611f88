"""The rule-based stand-in for a language model."""

from .provider import NOTICE, Offline, claim_notice

__all__ = ["NOTICE", "Offline", "claim_notice"]
