"""Help in words, made from the table of verbs."""

from __future__ import annotations

from collections.abc import Iterable

from .verb import Verb


def help_overview(verbs: Iterable[Verb]) -> str:
    """List all verbs with a line each, cells first."""
    named = [verb for verb in verbs if verb.name]
    width = max(len(verb.name) for verb in named)

    def rows(chosen: Iterable[Verb]) -> list[str]:
        return [f"  {verb.name:<{width}}  {verb.help}{' [waits]' if verb.waits else ''}" for verb in chosen]

    return "\n".join(
        [
            "Cells, with a body below the head: %%genxai KIND NAME",
            *rows(verb for verb in named if verb.cell),
            "Lines: %genxai VERB",
            *rows(verb for verb in named if verb.line),
            "A verb that [waits] may call a model, a tool or a person; the others answer at once.",
            "More on one: %genxai help VERB, or %genxai VERB?",
        ]
    )


def help_of(verb: Verb) -> str:
    """Tell everything about one verb."""
    options = [f"  {option!s:<18} {option.help}" for option in verb.options]
    waits = "The cell waits until it is done." if verb.waits else "Answers at once."
    example = "\n".join(f"  {line}" for line in verb.example.splitlines())
    return "\n".join(
        [
            f"{verb.usage}",
            f"{verb.help} {waits}",
            *(["Options:", *options] if options else []),
            *_fields(verb),
            "Example:",
            example,
            f"In Python: {verb.python}",
        ]
    )


def _fields(verb: Verb) -> list[str]:
    if verb.name != "agent":
        return []
    from genxai_nb.agents.notation import AGENT_FIELDS

    return [
        f"Fields: {', '.join(AGENT_FIELDS)}.",
        "$name as a field's value inserts an object of the notebook.",
    ]
