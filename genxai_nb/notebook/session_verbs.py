"""The table's part about the session itself: its settings, and cells to begin with."""

from __future__ import annotations

from .verb import Option, Verb, done_in

SESSION_VERBS: tuple[Verb, ...] = (
    Verb(
        "new",
        done_in("drafts", "draft_cell"),
        "Put a filled-in cell that defines an agent, graph, schema or tool below this one.",
        "%genxai new agent editor",
        'editor = Agent("editor", role="Editor", task="Mend this text: {{draft}}")',
        argument="KIND",
        names="draft",
        required=True,
        second="name",
        own=(Option("name", "NAME", "what it defines; without it a name that is free"),),
    ),
    Verb(
        "config",
        done_in("configuring", "show_settings"),
        "The settings in force, where each comes from, and what it is; of a key only whether it is set.",
        "%genxai config model",
        "genxai_nb.settings.read_settings()",
        argument="NAME",
        names="setting",
    ),
)
