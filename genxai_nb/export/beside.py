"""The files that a script names and does not carry."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

__all__ = ["files_named"]

_LONGEST = 255  # characters of a path that is looked for


def files_named(text: str, places: Mapping[str, str], but: Path) -> dict[str, str]:
    """The files of the working folder that texts in a script name, with the cell that each comes from.

    What a program puts together as it runs is not seen; of ``Path("data") / "rows.csv"`` each folder that is named
    is looked through.

    Args:
        text: The script.
        places: Where each of its names was made.
        but: The script itself, which is none of them.
    """
    found: dict[str, str] = {}
    tree = ast.parse(text)
    folders = [word for word in dict.fromkeys(_words(tree)) if _is(word, Path.is_dir)]
    for part in tree.body:
        cell = next((places[name] for name in _made(part) if places.get(name)), "")
        for word in _words(part):
            names = [word, *(f"{folder.rstrip('/')}/{word}" for folder in folders)]
            name = next((name for name in names if _is(name, Path.is_file)), "")
            if name and Path(name).absolute() != but.absolute():
                found.setdefault(name, cell)
    return found


def _is(name: str, what: Callable[[Path], bool]) -> bool:
    usual = len(name) <= _LONGEST and name.strip(" ./\\") and name.isprintable()
    try:
        return bool(usual) and what(Path(name))
    except OSError:  # it cannot be looked at
        return False


def _words(part: ast.AST) -> Iterator[str]:
    """The texts in a part of a program that are no docstrings."""
    told = {id(node.value) for node in ast.walk(part) if isinstance(node, ast.Expr)}
    for node in ast.walk(part):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def _made(part: ast.stmt) -> list[str]:
    """The names that a statement makes."""
    if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [part.name]
    return [node.id for node in ast.walk(part) if isinstance(node, ast.Name)]
