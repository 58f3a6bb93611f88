"""Looking at Python, packages, keys, models, servers, programs and the store; no other machine is asked."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from genxai_nb.errors import GenXAIError
from genxai_nb.graph.draw.graphviz import PROGRAMS
from genxai_nb.journal.opening import find_store
from genxai_nb.journal.places import FILE, FOLDER
from genxai_nb.providers.local import VARIABLE as LOCAL_KEY
from genxai_nb.providers.registry import find_provider, names
from genxai_nb.providers.vendors import VENDORS, lacking
from genxai_nb.settings import read_settings

from .finding import Finding, Status
from .servers import find_servers

_PACKAGE = "genxai-nb"
_OLDEST = (3, 11)
_NAME = re.compile(r"[\w.-]+")
_EXTRA = re.compile(r"""extra\s*==\s*["']([\w-]+)["']""")
_OUTLIVED = {
    "google-generativeai": "Google has ended it, and it holds protobuf back. Type: pip uninstall google-generativeai, "
    f'and pip install "{_PACKAGE}[google]" for the models of provider google.'
}


def examine(store: str | None = None) -> list[Finding]:
    """Look at everything that can be seen without asking another machine.

    Args:
        store: Where runs are kept; None for the settings' store.
    """
    return [
        *_python(),
        *_packages(),
        *_keys(),
        *_models(),
        *find_servers(),
        *_programs(),
        *_sandboxes(),
        _store(store),
    ]


def _python() -> Iterator[Finding]:
    found = sys.version_info[:2]
    fits = found >= _OLDEST
    yield Finding(
        part="python",
        name="Python",
        status="ok" if fits else "failed",
        value=f"{platform.python_version()} at {sys.executable}",
        hint="" if fits else f"Take Python {'.'.join(map(str, _OLDEST))} or newer.",
    )


def _packages() -> Iterator[Finding]:
    needed = _needed()
    core = [name for name, extra in needed if not extra]
    for name in (_PACKAGE, *core):
        version = _version(name)
        status: Status = "ok" if version else "failed"
        yield Finding(part="packages", name=name, status=status, value=version or "not installed")
    for extra in sorted({extra for _, extra in needed if extra} - {"all"}):
        wanted = [name for name, of in needed if of == extra]
        yield _extra(extra, {name: _version(name) for name in wanted})
    for name, why in _OUTLIVED.items():
        if version := _version(name):
            yield Finding(part="packages", name=name, status="warning", value=version, hint=why)


def _extra(extra: str, found: dict[str, str]) -> Finding:
    missing = [name for name, version in found.items() if not version]
    there = [f"{name} {version}" for name, version in found.items() if version]
    return Finding(
        part="extras",
        name=extra,
        status="absent" if missing else "ok",
        value=f"without {', '.join(missing)}" if missing else ", ".join(there),
        hint=f'pip install "{_PACKAGE}[{extra}]"' if missing else "",
    )


def _needed() -> list[tuple[str, str]]:
    """The packages that this one names, with the extra that each belongs to, empty for the core."""
    pairs: dict[tuple[str, str], None] = {}
    for line in metadata.requires(_PACKAGE) or ():
        requirement, _, marker = line.partition(";")
        extra = _EXTRA.search(marker)
        if (name := _NAME.match(requirement)) is not None and name[0] != _PACKAGE:
            pairs[name[0], extra[1] if extra else ""] = None
    return list(pairs)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _keys() -> Iterator[Finding]:
    for name in (*(vendor.key_variable for vendor in VENDORS.values()), LOCAL_KEY):
        value = os.environ.get(name)
        if not value:
            yield Finding(part="keys", name=name, status="absent", value="not set")
        elif value != value.strip():
            yield Finding(
                part="keys",
                name=name,
                status="warning",
                value="set, with a blank or a line's end around it",
                hint="Set it again without; servers refuse it so.",
            )
        else:
            yield Finding(part="keys", name=name, status="ok", value="set")


def _models() -> Iterator[Finding]:
    for name in names():
        if name not in VENDORS:
            continue
        lack: GenXAIError | None = lacking(name)
        if lack is None:
            yield Finding(part="models", name=name, status="ok", value="ready; not asked (--live asks)")
        else:
            yield Finding(part="models", name=name, status="absent", value=lack.what, hint=lack.hint)
    model = read_settings().model
    try:
        find_provider(model)
    except GenXAIError as exc:
        yield Finding(part="models", name="GENXAI_MODEL", status="failed", value=exc.what, hint=exc.hint)
    else:
        yield Finding(part="models", name="GENXAI_MODEL", status="ok", value=model)


def _programs() -> Iterator[Finding]:
    folder = Path(sys.executable).parent
    layouts = [name for name in PROGRAMS if shutil.which(name) or shutil.which(name, path=str(folder))]
    if layouts:
        yield Finding(part="programs", name="graphviz", status="ok", value=layouts[0])
    else:
        yield Finding(
            part="programs",
            name="graphviz",
            status="absent",
            value="no dot; graphs are laid out in plain layers",
            hint=f'pip install "{_PACKAGE}[render]", or install Graphviz',
        )


def _sandboxes() -> Iterator[Finding]:
    """Where code of level isolated would run; each is tested now."""
    from genxai_nb.loop import run_sync
    from genxai_nb.tools.sandbox.isolated import SANDBOXES
    from genxai_nb.tools.sandbox.isolated import examine as test

    for name in SANDBOXES:
        report = run_sync(test(name))
        status: Status = "ok" if report.passed else "absent" if not report.checks else "warning"
        held = f"its self-test held: {', '.join(report.checks)}"
        yield Finding(part="sandboxes", name=name, status=status, value=held if report.passed else report.why)


def _store(where: str | None) -> Finding:
    place = where or read_settings().store or f"{FOLDER}/{FILE}"
    try:
        runs = len(find_store(place).runs())
    except GenXAIError as exc:
        return Finding(part="store", name=place, status="failed", value=exc.what, hint=exc.hint)
    kept = f"{runs} run{'' if runs == 1 else 's'}"
    if place == ":memory:" or "://" in place:
        return Finding(part="store", name=place, status="ok", value=kept)
    path = Path(place).expanduser().absolute()
    if _writable(path):
        there = kept if path.exists() else "will be made by the first run"
        return Finding(part="store", name=str(path), status="ok", value=f"can be written; {there}")
    return Finding(
        part="store",
        name=str(path),
        status="failed",
        value="cannot be written",
        hint="Set GENXAI_STORE to a path that can be written, or to ':memory:'.",
    )


def _writable(path: Path) -> bool:
    """Whether a file can be written, or made with the folders that lead to it."""
    above: Iterable[Path] = (path, *path.parents)
    nearest = next(place for place in above if place.exists())
    return os.access(nearest, os.W_OK) and (nearest == path or nearest.is_dir())
