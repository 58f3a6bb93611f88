"""The record as plain text: the same in every run of the same, so without run id and times."""

from __future__ import annotations

from collections.abc import Sequence

from genxai_nb.graph.draw.figures import counted, short_count
from genxai_nb.graph.draw.lettering import one_line
from genxai_nb.graph.draw.picture import GLYPHS

from .record_account import Account, Row, cut

_NAME, _VALUE, _TROUBLE = 40, 300, 2000
_MOST_ROWS = 60
_COLUMNS = ("node", "kind", "status", "tokens", "cost", "wrote")
_RIGHT = {"tokens", "cost"}


def plain_record(account: Account) -> str:
    """Write a record as a table of nodes and the values that came out."""
    parts = [" · ".join([f"{one_line(account.graph)}: {account.head}", *account.sums])]
    parts += [_trouble(account.trouble, account.resumes)] if account.trouble else []
    parts += ["\n".join(map(one_line, account.limits))] if account.limits else []
    parts.append(_table(account.rows))
    parts += ["\n".join(_values(account))] if account.values else []
    return "\n\n".join(parts)


def left_out(rows: Sequence[Row]) -> str:
    """Say of rows that are not shown how many there are of each status."""
    counts: dict[str, int] = {}
    for row in rows:
        word = row.words.split(" · ")[0].lower()
        counts[word] = counts.get(word, 0) + 1
    said = ", ".join(f"{short_count(count)} {word}" for word, count in counts.items())
    return f"and {counted(len(rows), 'more node')}: {said}"


def shown_first(rows: Sequence[Row], most: int) -> tuple[list[Row], list[Row]]:
    """Split rows into those to show and the rest; what failed or stands is always among the first."""
    if len(rows) <= most:
        return list(rows), []
    urgent = [row for row in rows if row.status not in {"done", "idle"}][:most]
    names = {row.name for row in urgent}
    names.update([row.name for row in rows if row.name not in names][: most - len(urgent)])
    return [row for row in rows if row.name in names], [row for row in rows if row.name not in names]


def _trouble(trouble: tuple[str, str, str], resumes: bool) -> str:  # noqa: FBT001 - private
    what, where, hint = trouble
    lines = [cut(what, _TROUBLE), where, f"{hint}: %genxai resume" if resumes else hint]
    return "\n".join(one_line(line) for line in lines if line)


def _table(rows: Sequence[Row]) -> str:
    shown, rest = shown_first(rows, _MOST_ROWS)
    cells = [list(_COLUMNS), *map(_cells, shown)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_COLUMNS))]
    lines = [
        "  ".join(
            cell.rjust(width) if name in _RIGHT else cell.ljust(width)
            for name, cell, width in zip(_COLUMNS, row, widths, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join([*lines, left_out(rest)] if rest else lines)


def _cells(row: Row) -> list[str]:
    return [
        cut(one_line(row.name), _NAME),
        cut(one_line(row.kind), _NAME),
        f"{GLYPHS[row.status]} {row.words}",
        short_count(row.tokens) if row.tokens else "-",
        row.cost,
        cut(one_line(", ".join(row.wrote)), _NAME),
    ]


def _values(account: Account) -> list[str]:
    return [f"{one_line(key)}: {cut(value.glance, _VALUE) or '-'}" for key, value in account.values.items()]
