"""The panel's page code: the plain modules and style sheets of ``static``, put together as they are.

A widget takes its code as one module. Our modules therefore import only from each other, one statement a
line, and no two of them use one name at their top level; then the imports can go and the rest stands as it is.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

__all__ = ["CHAT", "ENTRY", "script", "sheet"]

STATIC = Path(__file__).parent.parent / "static"
ENTRY = "panel.js"
CHAT = "chat.js"
SHEETS = ("tokens.css", "frame.css", "form.css", "graph.css", "side.css", "low.css", "chat.css")

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(?P<file>[\w-]+\.js)";\n', re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"(?P<before>(?:^|[{}])\s*)(?P<selectors>[^{}@;]+)\{")
_SELECTOR = re.compile(r"(?:[^,()]|\((?:[^()]|\([^()]*\))*\))+")  # at most two brackets deep
_IS_INSIDE = re.compile(r"\.gx-panel|^\s*(?:from|to|\d+%)\s*$")
_PSEUDO = re.compile(r"(?=::|\s*$)")
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const)\b)", re.MULTILINE)


@cache
def script(entry: str = ENTRY) -> str:
    """A module and all that it uses as one, those that are imported first."""
    texts: dict[str, str] = {}
    _gather(entry, texts)
    return "\n".join(f"// {name}\n{text}" for name, text in texts.items())


def _gather(name: str, texts: dict[str, str]) -> None:
    text = (STATIC / name).read_text(encoding="utf-8")
    for found in _IMPORT.finditer(text):
        if found["file"] not in texts:
            _gather(found["file"], texts)
    texts[name] = _EXPORT.sub("", _IMPORT.sub("", text))


@cache
def sheet() -> str:
    """All style sheets as one, which holds inside panels only: the same page shows records, and other people's cells."""
    text = "\n".join((STATIC / name).read_text(encoding="utf-8") for name in SHEETS)
    return _RULE.sub(_held_inside, _COMMENT.sub("", text))


def _held_inside(rule: re.Match[str]) -> str:
    selectors = [
        selector
        if _IS_INSIDE.search(selector)
        else _PSEUDO.sub(r":where(.gx-panel *)\g<0>", selector, count=1)
        for selector in _SELECTOR.findall(rule["selectors"])
    ]
    return rule["before"] + ", ".join(selector.strip() for selector in selectors) + " {"
