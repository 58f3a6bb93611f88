"""Databases: SQL, documents, a cache, vectors. All are reached by named connections."""

from .cache import redis_cache
from .documents import mongodb_query
from .inspection import database_inspector
from .query import sql_query
from .vectors import vector_search

__all__ = ["database_inspector", "mongodb_query", "redis_cache", "sql_query", "vector_search"]
