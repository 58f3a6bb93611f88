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
        "undo",
        done_in("undoing", "undo"),
        "Bring back the version of a definition before its last change, and say what that changes.",
        "%genxai undo writer",
        'genxai_nb.notebook.undo("writer")',
        argument="NAME",
        names="written",
        own=(Option("redo", "", "the version after it instead"),),
    ),
    Verb(
        "restore",
        done_in("restoring", "restore"),
        "After a restart, define again what cells had defined, without running them.",
        "%genxai restore writer",
        'genxai_nb.notebook.restore("writer")',
        argument="NAME ...",
        names="written",
        whole=True,
        own=(
            Option("from", "NOTEBOOK", "what cells of another notebook of this folder have defined"),
            Option("force", "", "also what this kernel has defined already"),
        ),
    ),
    Verb(
        "close",
        done_in("closing", "close"),
        "Let go of what this notebook holds open: standing runs, panels, servers, connections, the journal.",
        "%genxai close",
        "genxai_nb.notebook.close()",
        own=(Option("force", "", "also stop runs that go on; they can be resumed"),),
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
