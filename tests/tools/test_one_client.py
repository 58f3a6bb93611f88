"""There is one way to the web."""

from __future__ import annotations

import ast
from pathlib import Path

import genxai_nb

HOME = Path(genxai_nb.__file__).parent
OTHERS = {
    *(
        "httpx",
        "httpx2",
        "httpcore",
        "httpcore2",
        "requests",
        "aiohttp",
        "urllib3",
        "urllib.request",
        "http.client",
    ),
    "mcp.shared._httpx_utils",
}
ELSEWHERE = {
    "providers",
    "doctor",
}  # vendors' own clients, and what asks this machine which model servers it has


def imported(path: Path) -> set[str]:
    """The modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    return found


def test_only_the_client_speaks_http():
    """Nothing opens a connection to the web beside the one client that checks it, but providers and the doctor."""
    speaking = {path.relative_to(HOME).parent for path in HOME.rglob("*.py") if imported(path) & OTHERS}
    assert {room.as_posix() for room in speaking if room.parts[0] not in ELSEWHERE} == {"tools/http"}
