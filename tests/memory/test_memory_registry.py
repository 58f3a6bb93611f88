"""Kinds of memory that installed packages offer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from genxai_nb.memory import registry

DIARY = """
from genxai_nb.journal.items import Draft
from genxai_nb.memory.base import Recalled

class Diary:
    name, place, embeds, recalls, columns = "diary", "store", False, True, ("day",)
    rules = {"entry": "All that is asked.", "recalled": "The newest entry."}

    def __init__(self, shelf):
        self.shelf = shelf

    def notice(self, turn):
        return [Draft(text=turn.asked, source="user", rule="entry", fields={"day": "1"})]

    def draft(self, text):
        return Draft(text=text, source="by hand", rule="by hand")

    def recall(self, query, k=5):
        found = [item for item in self.shelf.items() if item.status == "current"][-1:]
        return [Recalled(item=item, score=1.0, why="the newest") for item in found]

page = 3
"""


def offered(folder: Path, code: str, **entries: str) -> str:
    """Run code in a process in which a package with a kind of memory is installed; return what it printed."""
    (folder / "desk.py").write_text(DIARY, "utf-8")
    about = folder / "desk-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: desk\nVersion: 1.0\n", "utf-8")
    lines = [f"{name} = {value}" for name, value in entries.items()]
    (about / "entry_points.txt").write_text("\n".join(["[genxai_nb.memory]", *lines, ""]), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_an_installed_kind_is_written_recalled_and_shown_like_the_others(tmp_path):
    """An entry point is all that it takes: an agent with that kind remembers by it."""
    code = """
from genxai_nb import Agent
from genxai_nb.memory import registry
from genxai_nb.providers.scripted import Scripted
script = Scripted(lambda request: "Yes.")
clerk = Agent("clerk", model=script.model, memory="diary")
clerk.ask("It rains.")
clerk.ask("And now?")
print(registry.names())
print(script.requests[1].messages[0].text.splitlines()[-2])
print(clerk.memory.table("diary")[["text", "day"]].to_numpy().tolist())
"""
    names, told, table = offered(tmp_path, code, diary="desk:Diary").splitlines()

    assert names == str([*registry.names(), "diary"])
    assert told == "- It rains."
    assert table == "[['It rains.', '1'], ['And now?', '1']]"


def test_an_entry_point_to_something_else_is_refused(tmp_path):
    """What is no kind of memory is named, with what an entry point has to lead to."""
    code = """
from genxai_nb import Agent
try:
    Agent("clerk", memory="page").memory.table()
except Exception as error:
    print(type(error).__name__, error)
"""
    said = offered(tmp_path, code, page="desk:page")

    assert said.startswith("SchemaInvalid The entry point 'page' of group 'genxai_nb.memory' is 3,")
