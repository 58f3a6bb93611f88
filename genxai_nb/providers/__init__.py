"""Models behind one protocol: a request in, a stream of deltas and one whole reply out."""

from .base import Provider
from .scripted import Scripted

__all__ = ["Provider", "Scripted"]
