"""Data: JSON, tables, XML, texts, and from one format to another."""

from .documents import json_processor, xml_processor
from .tables import csv_processor
from .texts import text_analyzer
from .transformer import data_transformer

__all__ = ["csv_processor", "data_transformer", "json_processor", "text_analyzer", "xml_processor"]
