"""Settings, read once from ``GENXAI_*`` environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set from outside.

    Attributes:
        store: Where runs are kept: ``:memory:``, a path, or empty for ``.genxai/journal.db`` in the
            working folder (``GENXAI_STORE``).
        model: The model of agents that name none (``GENXAI_MODEL``), default ``offline``.
        budget: What all runs of this process may spend together: US dollars, or limits such as
            ``money=0.5,calls=10`` (``GENXAI_BUDGET``).
        policy: What tools may do in each run at most: ``default``, ``safe`` or ``open`` (``GENXAI_POLICY``); a
            server or a Binder sets ``safe``.
        user: Whose memory it is where an agent remembers by user (``GENXAI_USER``), default who is logged in.
        project: Of which project it is where an agent remembers by project (``GENXAI_PROJECT``), default the working
            folder's name.
        embedder: The model that embeds what is remembered, such as ``openai:text-embedding-3-small``
            (``GENXAI_EMBEDDER``), default the sentence encoder of the extra ``embed``.
        vectors: Where embeddings of memories are searched (``GENXAI_VECTORS``): ``chroma:folder`` or
            ``chroma+http://host:8000``, default ``numpy``, in this process.
        answers: A YAML or JSON file with answers for human nodes, by node name (``GENXAI_ANSWERS``).
    """

    store: str = ""
    model: str = "offline"
    answers: str = ""
    policy: str = ""
    budget: str = ""
    user: str = ""
    project: str = ""
    embedder: str = ""
    vectors: str = ""


def read_settings() -> Settings:
    """Read the settings from the environment."""
    names = Settings.__dataclass_fields__
    return Settings(**{n: v for n in names if (v := os.environ.get(f"GENXAI_{n.upper()}"))})
