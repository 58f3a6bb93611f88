"""Tools by name: the ones that come with the package and those that installed packages offer.

Names, categories and descriptions of builtin tools stand in one table, so listing them imports
nothing. Another package offers a tool by an entry point in the group ``genxai_nb.tools`` whose name
is the tool's and whose value is ``module:attribute``.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, NamedTuple

from genxai_nb.errors import SchemaInvalid, UnknownName

from .base import Tool

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "genxai_nb.tools"


class ToolRow(NamedTuple):
    """A tool as a list of tools shows it; ``origin`` is ``builtin`` or the package that offers it."""

    name: str
    category: str
    tags: tuple[str, ...]
    description: str
    origin: str = "builtin"
    permissions: tuple[str, ...] = ()


_BUILTIN = (
    ToolRow("calculator", "computation", ("math",), "Evaluate an arithmetic expression."),
    ToolRow("code_executor", "computation", ("code", "sandbox"),
            "Run code in a sandbox and return the value of its last expression and what it printed.",
            permissions=("execute",)),
    ToolRow("data_validator", "computation", ("check",),
            "Check that a text is a valid address, number, date, JSON or the like."),
    ToolRow("hash_generator", "computation", ("hash", "security"),
            "Compute the digest of a text, or its HMAC with a named key."),
    ToolRow("regex_matcher", "computation", ("text", "regex"),
            "Find, replace or split text by a regular expression."),
    ToolRow("directory_scanner", "file", ("list", "read"),
            "List a folder and what lies below it.", permissions=("read",)),
    ToolRow("file_compressor", "file", ("archive",),
            "Pack a file or a folder into an archive, unpack one, or list what one holds.",
            permissions=("read", "write")),
    ToolRow("file_reader", "file", ("text", "read"),
            "Read a text file, or some lines of it.", permissions=("read",)),
    ToolRow("file_writer", "file", ("text", "write"), "Write a text file.", permissions=("write",)),
    ToolRow("image_processor", "file", ("image",),
            "Look at an image, or write a changed copy of it.", permissions=("read", "write")),
    ToolRow("pdf_parser", "file", ("pdf", "read"),
            "Read the text and the metadata of a PDF document.", permissions=("read",)),
    ToolRow("email_sender", "communication", ("mail",), "Send a mail by a named mail server.",
            permissions=("network", "secret", "send")),
    ToolRow("notification_manager", "communication", ("notify",),
            "Send one message by mail, Slack, text message and webhook at once.", permissions=("network", "secret", "send")),
    ToolRow("slack_notifier", "communication", ("slack", "chat"),
            "Post a message to Slack by a named incoming webhook.", permissions=("network", "secret", "send")),
    ToolRow("sms_sender", "communication", ("sms", "phone"),
            "Send a text message to a phone by a named account of Twilio.", permissions=("network", "secret", "send")),
    ToolRow("webhook_caller", "communication", ("webhook", "http"), "Call a webhook with JSON.",
            permissions=("network", "secret", "send")),
    ToolRow("database_inspector", "database", ("sql", "schema"),
            "Tell what a named SQL database holds.", permissions=("read",)),
    ToolRow("mongodb_query", "database", ("documents",),
            "Find, count, insert, update or delete documents of a named MongoDB database.",
            permissions=("read", "write")),
    ToolRow("redis_cache", "database", ("cache",), "Read and write keys of a named Redis.",
            permissions=("read", "write")),
    ToolRow("sql_query", "database", ("sql",), "Make one SQL statement in a named database and return its rows.",
            permissions=("read", "write")),
    ToolRow("vector_search", "database", ("search", "vectors"), "Find what is nearest in meaning to a query.",
            permissions=("read",)),
    ToolRow("api_caller", "web", ("http", "api"), "Call a web service once.",
            permissions=("network", "send")),
    ToolRow("html_parser", "web", ("html", "page"), "Take HTML apart that is given."),
    ToolRow("http_client", "web", ("http", "session"),
            "Make a request in a session: cookies that a server sets go along with the next ones of the same run.",
            permissions=("network", "send")),
    ToolRow("url_validator", "web", ("url", "check"),
            "Check that a URL is well formed, leads outside, and is answered.", permissions=("network",)),
    ToolRow("web_scraper", "web", ("page", "read"),
            "Fetch a web page and tell its readable text, and its links, images and tables if wanted.",
            permissions=("network",)),
    ToolRow("csv_processor", "data", ("csv", "table"),
            "Read a table in CSV, filter it, compute columns, group and sum up, or check it."),
    ToolRow("data_transformer", "data", ("convert", "text"),
            "Change the case of a text, or convert data between JSON, CSV, XML, YAML and Parquet.",
            permissions=("read", "write")),
    ToolRow("json_processor", "data", ("json",), "Read, check, query or rewrite JSON."),
    ToolRow("text_analyzer", "data", ("text",), "Count, measure and look through a text."),
    ToolRow("xml_processor", "data", ("xml",),
            "Read, check, query or rewrite XML. Document types and entities are refused."),
)  # fmt: skip
_ROWS = {row.name: row for row in _BUILTIN}


def names() -> list[str]:
    """List the names of all tools, sorted, without importing their modules."""
    return sorted({*_ROWS, *_entries()})


def describe() -> list[ToolRow]:
    """List all tools, sorted by name, without importing their modules.

    The category of another package's tool is ``plugin`` and its description names the package, since
    its own words are known only after an import.
    """
    rows = dict(_ROWS)
    for name, entry in _entries().items():
        origin = entry.dist.name if entry.dist else entry.module
        rows.setdefault(name, ToolRow(name, "plugin", (), f"A tool of package {origin}.", origin))
    return sorted(rows.values())


def find(name: str) -> Tool:
    """Return the tool of that name, importing its module at the first call.

    A builtin tool wins over another package's of the same name.

    Raises:
        UnknownName: There is no tool of that name; the nearest one is suggested.
        SchemaInvalid: An entry point leads to something that is no tool.

    Example:
        >>> find("calculator")(expression="2 + 3 * 4")
        14
    """
    row = _ROWS.get(name)
    if row is not None:
        module = importlib.import_module(f"genxai_nb.tools.builtin.{row.category}")
        found = getattr(module, name)
    elif name in _entries():
        found = _entries()[name].load()
    else:
        raise UnknownName("tool", name, names())
    if not isinstance(found, Tool):
        raise SchemaInvalid(
            f"The entry point {name!r} of group {GROUP!r} is a {type(found).__name__}, not a tool.",
            hint="Put @tool above the function that it names.",
        )
    return found


@functools.cache
def _entries() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP)}
