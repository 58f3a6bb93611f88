"""A file opened for the command: its graph, ready to run, and what the file says of its input."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct

from genxai_nb.agents.naming import choose_graph
from genxai_nb.errors import DefinitionError, GenXAIError

from .assembly import Assembly
from .printing import place_of

__all__ = ["Definitions", "opened"]


class Definitions(Struct):
    """What a file defines, as far as a run needs it.

    Attributes:
        graph: The graph to run; of a notebook that was read only, maybe what stands for it.
        space: The variables of the file.
        notebook: What was made of the notebook; None for a Python file.
    """

    graph: Any  # a Graph or an Unrun
    space: dict[str, Any]
    notebook: Assembly | None = None

    def start_values(self, given: dict[str, Any]) -> dict[str, Any]:
        """The input: what the file says, with what was given in its place.

        Raises:
            LineInvalid: The notebook's run cell cannot be read.
            InputError: It takes a value from a cell that was left out.
        """
        return given if self.notebook is None else self.notebook.input_of(self.graph, given)

    @property
    def answers(self) -> dict[str, Any]:
        """The answers of people that the file gives."""
        return {} if self.notebook is None else self.notebook.answers_of(self.graph)

    @property
    def model(self) -> str | None:
        """The model that the file's run cell asks for."""
        return None if self.notebook is None else self.notebook.model_of(self.graph)

    @property
    def notices(self) -> Sequence[str]:
        """What a person should know of the reading."""
        return () if self.notebook is None else self.notebook.notices()


@contextmanager
def opened(file: str, graph: str | None, *, trust: bool, reads: bool = False) -> Iterator[Definitions]:
    """Read a file and keep its place: its folder first on the path, and for a notebook as the working folder.

    Args:
        file: A ``.py`` or ``.ipynb`` file.
        graph: The graph's name; None for the only one.
        trust: Whether to run a notebook's code cells that do more than import and define.
        reads: Whether to read such cells too where they are not run.

    Raises:
        DefinitionError: It cannot be read, or does not define that graph.
        GenXAIError: A definition in it is wrong.
    """
    path = Path(file).expanduser().absolute()
    if path.suffix not in {".py", ".ipynb"}:
        raise DefinitionError(
            f"{file!r} is no .py and no .ipynb file.", hint="Give a file of Python or a notebook."
        )
    if not path.is_file():
        raise DefinitionError(f"There is no file {file!r}.", hint=f"The working folder is {Path.cwd()}.")
    sys.path.insert(0, str(path.parent))
    try:
        if path.suffix == ".py":
            with _imported(path) as module:
                yield Definitions(choose_graph(vars(module), graph, path.name), vars(module))
        else:
            module = ModuleType("__main__")
            with chdir(path.parent), _known_as("__main__", module):
                assembly = Assembly(path, vars(module), graph, trust=trust, reads=reads)
                yield Definitions(assembly.graph(), vars(module), assembly)
    finally:
        sys.path.remove(str(path.parent))


@contextmanager
def _imported(path: Path) -> Iterator[ModuleType]:
    """Import a file as a module, so that what stands below ``if __name__ == "__main__"`` is not run."""
    taken = path.stem in sys.modules or path.stem in sys.stdlib_module_names
    name = f"{path.stem}_file" if taken else path.stem
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise DefinitionError(f"{path.name} cannot be imported.")
    module = module_from_spec(spec)
    with _known_as(name, module):
        try:
            # Compiled anew: a cached form counts as fresh when a file of equal size is saved within a second.
            exec(compile(path.read_bytes(), str(path), "exec"), vars(module))  # noqa: S102 - the person's own file
        except SyntaxError as exc:
            wrong = DefinitionError(f"{Path(exc.filename or path).name} is no Python: {exc.msg}.")
            wrong.add_note(f"line {exc.lineno}: {(exc.text or '').strip()}")
            raise wrong from exc
        except GenXAIError as exc:
            exc.add_note(place_of(exc))
            raise
        except SystemExit as exc:
            raise DefinitionError(
                f"{path.name} ended Python while it was imported.",
                hint='Put what it does below: if __name__ == "__main__":',
            ) from exc
        except Exception as exc:  # a person's own module may raise anything when it is imported
            wrong = DefinitionError(f"{path.name} cannot be imported: {type(exc).__name__}: {exc}.")
            wrong.add_note(place_of(exc))
            raise wrong from exc
        yield module


@contextmanager
def _known_as(name: str, module: ModuleType) -> Iterator[None]:
    """Let a module be found by its name, as annotations of its classes are looked up there."""
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        yield
    finally:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
