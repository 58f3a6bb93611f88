"""The versions of what cells have defined."""

from __future__ import annotations

import pytest

from genxai_nb.errors import StoreDamaged
from genxai_nb.journal.cells import CellText, versions
from genxai_nb.journal.sqlite import SqliteStore


def cell(body: str, *, name: str = "writer", notebook: str = "a.ipynb", again: int = 0, **more) -> CellText:
    return CellText(at=1, notebook=notebook, kind="agent", name=name, body=body, again=again, **more)


def test_a_damaged_row_is_named(tmp_path):
    """It is no half-read definition."""
    store = SqliteStore(tmp_path / "journal.db")
    store.cells.add(cell("role: A"))
    store._file.write(lambda connection: connection.execute("UPDATE cell SET body = '{\"at\":'"))
    with pytest.raises(StoreDamaged, match="cell 1"):
        store.cells.of("a.ipynb")
    store.close()


@pytest.mark.parametrize(
    ("rows", "bodies", "stands"),
    [
        (["a"], "a", "a"),
        (["a", "b", "c"], "abc", "c"),
        (["a", "b", "c", 2], "abc", "b"),
        (["a", "b", "c", 2, 1, 2], "abc", "b"),
        (["a", "b", "c", 2, "d"], "acbd", "d"),
        (["a", "b", "c", 2, "c"], "abc", "c"),
        (["a", "b", "a"], "ba", "a"),
        (["a", "b", 9], "ab", "b"),
    ],
)
def test_versions_of_a_definition(rows, bodies, stands):
    """One that is brought back stays in its place; one that is typed comes last, behind the one that stood."""
    made = [
        cell(row if isinstance(row, str) else "", number=number, again=0 if isinstance(row, str) else row)
        for number, row in enumerate(rows, 1)
    ]
    found, at = versions(made)

    assert "".join(one.body for one in found) == bodies
    assert found[at].body == stands
