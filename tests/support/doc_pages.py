"""Writes the pages of docs/ that are lists of what the code has: ``python tests/support/doc_pages.py``."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import msgspec
from doc_advice import ADVICE, EXAMPLES
from doc_pictures import pictures

from genxai_nb import errors
from genxai_nb.command.parser import _parser  # what is typed is read by it alone
from genxai_nb.doctor.variables import FURTHER, meanings
from genxai_nb.journal import events
from genxai_nb.notebook.verb import Option, Verb
from genxai_nb.notebook.verbs import VERBS
from genxai_nb.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
WRITTEN = "This page is written by `python tests/support/doc_pages.py` from the code."


def verbs() -> str:
    """How each verb of the notebook is written."""
    cells = [verb for verb in VERBS if verb.cell]
    lines = [verb for verb in VERBS if not verb.cell]
    return "\n".join(
        [
            "# Verbs",
            "",
            "A verb is the word after `%%genxai` in a cell or after `%genxai` in a line. `%genxai help` lists them,",
            "`%genxai help run` and `%genxai run?` tell of one, Tab completes them, their options and the names after them.",
            "A verb that *waits* may call a model, a tool or a person, so its cell is busy until it is done; the others",
            "answer at once. Where several runs are there, verbs mean the one that was last touched; `--run r7` names another.",
            "",
            'Each verb is a function in Python too: `genxai_nb.notebook.timeline("r7")` is `%genxai timeline r7`. A name that',
            "Python keeps for itself ends in an underscore there, such as `continue_`. The line *in Python* shows how the same is",
            "done without a notebook.",
            "",
            WRITTEN,
            "",
            "## Cells",
            "",
            *(line for verb in cells for line in _verb(verb)),
            "## Lines",
            "",
            *(line for verb in lines for line in _verb(verb)),
        ]
    )


def _verb(verb: Verb) -> Iterator[str]:
    yield from (f"### {verb.name or 'genxai'}", "", f"{verb.help}{' *Waits.*' if verb.waits else ''}", "")
    yield from ("```text", verb.usage, "```", "", "For example:", "")
    yield from ("```text", *verb.example.splitlines(), "```", "", "In Python:", "")
    yield from ("```text", *verb.python.splitlines(), "```", "")
    if verb.options:
        yield from ("| option | |", "|---|---|", *map(_option, verb.options), "")


def _option(option: Option) -> str:
    return f"| `{option}` | {_cell(option.help)}{'; may come more than once' if option.many else ''} |"


def settings() -> str:
    """Each setting with its variable, and the variables that are no settings."""
    said = meanings()
    defaults = {field: getattr(Settings(), field) for field in Settings.__dataclass_fields__}
    return "\n".join(
        [
            "# Settings",
            "",
            "What holds for all agents and runs is read from the environment, when it is needed. In a notebook:",
            "`%env GENXAI_MODEL=openai:gpt-5`. `Agent`, `Graph.run` and the heads of cells take the same by their own arguments,",
            "which come first. `%genxai config` lists what is in force and where it comes from, `genxai-nb doctor` what is set.",
            "",
            WRITTEN,
            "",
            "| variable | default | what it is |",
            "|---|---|---|",
            *(
                f"| `GENXAI_{name.upper()}` | {f'`{default}`' if default else ''} | {_cell(said[name])} |"
                for name, default in defaults.items()
            ),
            "",
            "## Keys and addresses",
            "",
            "These are read by those that use them, never written down, and never shown.",
            "",
            "| variable | what it is |",
            "|---|---|",
            *(f"| `{name}` | {text} |" for name, text in FURTHER.items()),
            "",
        ]
    )


def error_list() -> str:
    """Each class of error with its code, what has happened and what to do."""
    tree = (inspect.getdoc(errors) or "").partition("::")[2].partition("Each class")[0]
    lines = [
        "# Errors",
        "",
        "All errors of this package are classes of `genxai_nb.errors`, below `GenXAIError`. Each says what happened, with the value,",
        "and what to do: `.what` and `.hint`. `.code` is a word that stays the same from version to version; the journal keeps",
        "it with a failed visit or call. Classes are split by what can be done, so that `except RunError` means something.",
        "[Troubleshooting](troubleshooting.md) begins with the messages.",
        "",
        WRITTEN,
        "",
        "```text",
        inspect.cleandoc("\n" + tree).strip("\n"),
        "```",
        "",
    ]
    for kind in error_classes():
        doc = inspect.getdoc(kind) or ""
        parent = (
            ""
            if kind is errors.GenXAIError
            else f" A kind of [`{kind.__mro__[1].__name__}`](#{kind.__mro__[1].__name__.lower()})."
        )
        lines += [f"## {kind.__name__}", "", f"Code `{kind.code}`.{parent}", ""]
        lines += [f"**When:** {_prose(doc)}", "", f"**What to do:** {ADVICE[kind.__name__]}", ""]
        if getattr(kind, "retryable", False):
            lines += ["A call that fails so is tried again, up to four times.", ""]
        if kind.__name__ in EXAMPLES:
            lines += ["```text", EXAMPLES[kind.__name__], "```", ""]
    return "\n".join(lines)


def error_classes() -> list[type[errors.GenXAIError]]:
    """The classes of errors, as they stand in their file."""
    found = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.GenXAIError)
    ]
    return [kind for kind in found if kind.__module__ == errors.__name__]


def event_list() -> str:
    """Each event and hint with its fields."""
    lines = [
        "# Events",
        "",
        "The journal of a run is a list of facts in the past tense, classes of `genxai_nb.journal.events`. `run.events()` gives them,",
        "`async for event in run` yields them as they happen, and all else is read from them: the state at any step, the timeline,",
        "costs, the picture, what is left to do. Every fact has `at`, Unix time in seconds.",
        "",
        "A place in a run is named by `path` (the visits of subgraphs above it, joined by `/`; empty at the top), `node`, `visit`",
        "(counted from 1) and, inside a map, `index` (counted from 0). A `slot` names a call for replay.",
        "",
        WRITTEN,
        "",
        "## Facts",
        "",
    ]
    for kind in get_args(events.Event):
        lines += _struct(kind, kind.__struct_config__.tag)
    lines += ["## Hints", "", "Hints are shown to watchers while a run goes on, and are never stored.", ""]
    for kind in get_args(events.Hint):
        lines += _struct(kind, None)
    lines += ["## Parts", ""]
    return "\n".join([*lines, *_struct(events.Remembered, None)])


def _struct(kind: type, tag: object) -> Iterator[str]:
    yield from (f"### {kind.__name__}", "")
    if tag:
        yield from (f"In the journal `{tag}`.", "")
    yield from (_prose(inspect.getdoc(kind) or ""), "")
    fields = [field for field in msgspec.structs.fields(kind) if field.name != "at"]
    if fields:
        yield from ("| field | type | default |", "|---|---|---|", *map(_field, fields), "")


def _field(field: msgspec.structs.FieldInfo) -> str:
    kind = field.type.__name__ if type(field.type) is type else str(field.type)
    kind = re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", kind)
    if field.required:
        default = "required"
    elif field.default is msgspec.NODEFAULT:
        default = f"`{field.default_factory()!r}`"  # type: ignore[operator]  # one of both is there
    else:
        default = f"`{field.default!r}`"
    return f"| `{field.name}` | {_cell(f'`{kind}`')} | {default} |"


def commands() -> str:
    """How each command is typed."""
    whole = _parser()
    (chosen,) = (action for action in whole._actions if isinstance(action.choices, dict))
    lines = [
        "# The command line",
        "",
        "`genxai-nb COMMAND` works without Jupyter: on Python files and on notebooks, which it reads. `python -m genxai_nb` is the",
        "same. `genxai-nb COMMAND --help` tells of one.",
        "",
        WRITTEN,
        "",
        "```text",
        *(whole.epilog or "").rstrip().splitlines(),
        "```",
        "",
    ]
    for name, command in (chosen.choices or {}).items():
        named = [action for action in command._actions if action.dest != "help"]
        words = [_word(action) for action in named if not action.option_strings]
        lines += [f"## {name}", "", " ".join((command.description or "").split()), ""]
        lines += ["```text", " ".join(["genxai-nb", name, *words, "[OPTIONS]"]), "```", ""]
        lines += [
            "| argument | |",
            "|---|---|",
            *(f"| `{_typed(action)}` | {_cell(_about(action))} |" for action in named),
            "",
        ]
    return "\n".join(lines)


def _word(action: argparse.Action) -> str:
    word = str(action.metavar or action.dest.upper())
    return f"[{word}]" if action.nargs in {"?", "*"} else word


def _typed(action: argparse.Action) -> str:
    """An argument as it is typed."""
    if not action.option_strings:
        return _word(action).strip("[]")
    values = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    return ", ".join(action.option_strings) + values


def _about(action: argparse.Action) -> str:
    """The help of an argument; its placeholders stand for what argparse would put there."""
    return (action.help or "") % {"default": action.default, "prog": "genxai-nb"}


def _prose(doc: str) -> str:
    """What a docstring says before its sections, with the marks of Markdown."""
    text = re.split(r"^(?:Args|Attributes|Raises|Example):$", doc, maxsplit=1, flags=re.MULTILINE)[0]
    return text.replace("``", "`").strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES: dict[str, Callable[[], str]] = {
    "command.md": commands,
    "verbs.md": verbs,
    "settings.md": settings,
    "errors.md": error_list,
    "events.md": event_list,
}


def write(folder: Path) -> None:
    """Write all pages and pictures into a folder."""
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")
    (folder / "pictures").mkdir(exist_ok=True)
    for name, drawn in pictures().items():
        (folder / "pictures" / name).write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    write(DOCS)
