"""Tools whose packages are not installed say what to type."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import asyncio, sys, warnings
gone = ("httpx2", "httpcore2", "selectolax", "trafilatura", "pypdf", "PIL", "defusedxml", "jsonpath", "pyarrow", "vaderSentiment")
for name in gone:
    sys.modules[name] = None
from genxai_nb.errors import MissingPackage
from genxai_nb.tools.registry import describe, find
open("a.txt", "w").write("x")
uses = {
    "web_scraper": {"url": "https://example.com/"},
    "api_caller": {"url": "https://example.com/", "method": "GET"},
    "http_client": {"url": "https://example.com/"},
    "url_validator": {"url": "https://example.com/"},
    "html_parser": {"html": "<p>"},
    "pdf_parser": {"file_path": "a.txt"},
    "image_processor": {"file_path": "a.txt", "operation": "analyze"},
    "json_processor": {"data": "{}", "operation": "query", "query_path": "$"},
    "xml_processor": {"data": "<a/>", "operation": "parse"},
    "data_transformer": {"data": "[]", "operation": "convert", "target_format": "parquet"},
    "text_analyzer": {"text": "x", "operation": "sentiment"},
}
for name, arguments in uses.items():
    try:
        made = find(name)(**arguments)
        asyncio.run(made) if asyncio.iscoroutine(made) else None
    except MissingPackage as exc:
        assert exc.extra == "tools", exc
        assert 'pip install "genxai-nb[tools]"' in str(exc), exc
    else:
        raise SystemExit(f"{name} did not say what is missing")
for name in ("file_reader", "csv_processor", "calculator"):
    find(name).spec
print(len(describe()), "tools listed")
"""


def test_each_tool_names_the_extra():
    """Without the extra its tools say so when they are used; all are listed, and others work."""
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("tools listed\n")
