"""A graph as one file of Python on the public API."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from textwrap import wrap
from typing import Any

from msgspec import Struct

from genxai_nb.agents.notation.definitions import is_text
from genxai_nb.errors import DefinitionError
from genxai_nb.graph.build import Graph
from genxai_nb.secrets import find_secrets, learn_environment

from .closure import Refusal
from .holders import NAMESPACE
from .literals import quoted
from .main_part import flags_of, main_part
from .pieces import Import, Piece, import_lines, in_order
from .units import Units
from .unrun import Unrun
from .workflow import Workflow, is_made

__all__ = ["Script", "finished", "is_untouched", "script_of"]

_MARK = "# exported by genxai-nb, "


class Script(Struct, frozen=True):
    """A graph written as a script.

    Attributes:
        text: The script.
        graph: What the script calls the graph.
        labels: Where the definition of each node stands, by node.
        places: Where each name of the script was made, by name.
        unrun: It holds statements of a notebook that were read and not run.
        versions: The versions of its nodes; those of subgraphs' nodes behind the names of all around them.
            None are known where statements were not run.
        title: The graph's own name; empty where it is not known.
    """

    text: str
    graph: str
    labels: Mapping[str, str]
    places: Mapping[str, str]
    unrun: bool = False
    versions: Mapping[str, str] = {}
    title: str = ""


def script_of(
    graph: Graph | Unrun,
    units: Units,
    *,
    given: Mapping[str, Any] | None = None,
    source: str = "",
    formats: bool = True,
) -> Script:
    """Write a graph as a script.

    Args:
        graph: The graph; of one that was not made at reading, what stands for it.
        units: The namespaces that it comes from.
        given: The input of its last run, for the flags of a dict state.
        source: What the script is made from, such as a notebook's name.
        formats: Whether the person's own code is formatted too, where ruff is installed.

    Raises:
        DefinitionError: Something that the graph uses cannot be carried; the notes name each, with its cell.
        GraphInvalid: The graph cannot run.
    """
    if isinstance(graph, Graph) and is_made(graph):
        graph.build()
    learn_environment()
    workflow = Workflow(graph, units)
    closure = workflow.closure
    flags = flags_of(workflow.schema, given, is_text)
    description = (
        f"Run the graph {workflow.title or workflow.name}{f', exported from {source}' if source else ''}."
    )
    main = main_part(workflow.name, flags, description, closure.bring, closure.names.free_name)
    if closure.holders or closure.nested:
        closure.add_import(NAMESPACE)
    holders = closure.holders.pieces()
    used = {name for piece in holders for name in piece.now}
    pieces = in_order([*closure.nested.arranged(closure.pieces, used, closure.names.new_name), *holders])
    for piece in pieces:
        _check_secrets(piece, workflow)
    _raise_refused(workflow.title or workflow.name, closure.refused.values())
    body = "\n".join([*_joined(pieces), "", "", main])
    imports = _used_imports(closure.imports.values(), pieces, main)
    if closure.future:
        imports.append(Import("__future__", "annotations", "annotations"))
    tops = {each.top for each in imports} | _imported_inside(body)
    head = _head(workflow, tops, description)
    text = f"{head}\n{chr(10).join(import_lines(imports))}\n\n{_gap(pieces)}{body}"
    places = {name: piece.label for piece in pieces for name in piece.names}
    return Script(
        marked(_formatted(text.rstrip()) if formats else text.rstrip()),
        workflow.name,
        workflow.labels,
        places,
        closure.unrun,
        dict(_versions(graph)) if isinstance(graph, Graph) and is_made(graph) else {},
        workflow.title,
    )


def _versions(graph: Graph, path: str = "") -> Iterator[tuple[str, str]]:
    for definition in graph.definitions():
        yield f"{path}{definition.name}", definition.hash
        inner = graph.definition_of(definition.name).definition
        if isinstance(inner, Graph):
            yield from _versions(inner, f"{path}{definition.name}/")


def marked(text: str) -> str:
    """Put the mark of the export under a script: a hash of it, so that an edit is noticed."""
    return f"{text}\n\n{_MARK}{_digest(text)}\n"


def finished(text: str, note: str = "") -> str:
    """A script with the person's own code formatted too, where ruff is installed, and marked anew.

    Args:
        text: The script.
        note: What has to be said of it, for a comment below its first lines.
    """
    body = text.rstrip("\n").rpartition(f"\n\n{_MARK}")[0]
    if note:
        head, quotes, rest = body.partition('"""\n')
        comment = wrap(note, 88, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
        body = "\n".join([f"{head}{quotes.rstrip()}", *comment, rest])
    return marked(_formatted(body))


def is_untouched(text: str) -> bool:
    """Whether a text is a script of ours that nobody has edited since."""
    before, mark, digest = text.rstrip("\n").rpartition(f"\n\n{_MARK}")
    return bool(mark) and digest == _digest(before)


def _formatted(text: str) -> str:
    """The script with the person's own code formatted too, where ruff is installed."""
    ruff = shutil.which("ruff") or shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff is None:
        return text
    words = [ruff, "format", "--isolated", "-"]
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)  # noqa: S603 - a formatter
    return done.stdout.rstrip() if done.returncode == 0 else text


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _joined(pieces: Iterable[Piece]) -> Iterable[str]:
    """The texts with the empty lines that stand between them."""
    before: Piece | None = None
    for piece in pieces:
        if before is not None:
            several = piece.definition or before.definition
            yield from ["", ""] if several else [""] if "\n" in piece.text + before.text else []
        yield piece.text.rstrip()
        before = piece


def _gap(pieces: list[Piece]) -> str:
    return "\n" if pieces and pieces[0].definition else ""


def _used_imports(imports: Iterable[Import], pieces: Iterable[Piece], main: str) -> list[Import]:
    """The imports that something uses."""
    used = {name for piece in pieces for name in piece.now | piece.later}
    used |= {part.id for part in ast.walk(ast.parse(main)) if isinstance(part, ast.Name)}
    return [each for each in imports if each.bound in used]


def _imported_inside(body: str) -> set[str]:
    """The packages that functions import themselves."""
    found: set[str] = set()
    for part in ast.walk(ast.parse(body)):
        if isinstance(part, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in part.names}
        elif isinstance(part, ast.ImportFrom) and part.module and not part.level:
            found.add(part.module.partition(".")[0])
    return found


def _head(workflow: Workflow, tops: set[str], description: str) -> str:
    extras = sorted(workflow.requirements.extras)
    version = ".".join(metadata.version("genxai-nb").split(".")[:2])
    named = f"[{','.join(extras)}]" if extras else ""
    needed = [f"genxai-nb{named}>={version}", *workflow.requirements.packages, *_distributions(tops)]
    lines = ["# /// script", '# requires-python = ">=3.11"', "# dependencies = ["]
    lines += [*(f"#   {quoted(each)}," for each in needed), "# ]", "# ///", f'"""{description}"""', ""]
    return "\n".join(lines)


def _distributions(tops: set[str]) -> list[str]:
    """The installed packages that imports come from, with the versions that are here."""
    tops = tops - set(sys.stdlib_module_names) - {"genxai_nb", "pydantic", "__future__"}
    if not tops:
        return []
    known = metadata.packages_distributions()
    found = {known[top][0] if top in known else "": top for top in sorted(tops)}
    return [f"{name}>={metadata.version(name)}" if name else top for name, top in found.items()]


def _check_secrets(piece: Piece, workflow: Workflow) -> None:
    """Refuse a piece that holds a key: keys come from the environment."""
    for found in find_secrets(piece.text)[:1]:
        why = f"it holds what looks like {found.what}: read it from the environment"
        workflow.closure.refuse(piece.names[0], piece.label, why)


def _raise_refused(title: str, refused: Iterable[Refusal]) -> None:
    refused = list(refused)
    if not refused:
        return
    rows = [f"{each.name}{each.label and f' ({each.label})'}: {each.why}." for each in refused]
    error = DefinitionError(
        f"Graph {title!r} cannot be exported: {rows[0].rstrip('.')}.",
        hint="" if len(rows) == 1 else f"{len(rows)} names cannot be carried.",
    )
    for row in rows[1:]:
        error.add_note(row)
    raise error
