"""A slice of statements makes of a variable what all of them make."""

from __future__ import annotations

import random

import hypothesis
import hypothesis.strategies as st

from genxai_nb.export.closure import Closure
from genxai_nb.export.pieces import import_lines, in_order
from genxai_nb.export.texts import Text
from genxai_nb.export.units import Units
from genxai_nb.export.unrun import Unrun

NAMES = "abc"
HEAD = """\
import random
random.seed(1)
a, b, c = [1], [2, 3], []
def put(items, more=()):
    rows = items
    rows.append(len(rows))
    rows.extend(more)
def both(first, second):
    put(first)
    return second
def later():
    a.append(len(b))
def count(items):
    return [len(items), len(c)]
class Box:
    def __init__(self, items):
        self.items = items
"""
STATEMENTS = (
    "{x} = [{n}]",
    "{x} = {y}",
    "{x} = list({y})",
    "{x} = {y} + {z}",
    "{x} = both({y}, {z})",
    "{x} = count({y})",
    "{x}, {y} = {y}, [*{z}]",
    "{x} += [{n}]",
    "{x} = {x} + [{n}]",
    "{x}[0:1] = [{n}, {n}]",
    "del {x}[:1]",
    "{x}.append({n})",
    "put({x})",
    "put(more={y}, items={x})",
    "both({x}, {y}).append({n})",
    "later()",
    "print({x})",
    "random.shuffle({x})",
    "{x} = [random.randint(0, 99)]",
    "[{x}.append(item) for item in list({y})]",
    "box = Box({x})\nbox.items.append({n})",
    "inside = [{x}, {y}]\ninside[0].append({n})",
    "for item in range({n}):\n    {x}.append(item)",
    "for item in ({x}, {y}):\n    item.append({n})",
    "if len({x}) > {n}:\n    {y} = [{n}]\nelse:\n    {y}.append({n})",
    "if (size := len({x})) > {n}:\n    {y} = [size]",
    "while len({x}) < {n}:\n    {x}.append({n})\n    if len({y}) > 2:\n        break",
    "try:\n    {x} = [{y}[{n}]]\nexcept IndexError as error:\n    {x} = [str(error)]",
    "def count(items):\n    return [len(items), {n}, len({x})]",
    "def later():\n    global {x}\n    {x} = [{n}, len({y})]",
    "def later():\n    {x}.append({n})\n    put({y})",
    "match {x}:\n    case [{n}, *rest]:\n        {y} = rest\n    case other:\n        {y} = [len(other)]",
    "{x} = (lambda items: [*items, len({y})])({z})",
)
statements = st.builds(
    lambda text, x, y, z, n: text.format(x=x, y=y, z=z, n=n),
    st.sampled_from(STATEMENTS),
    *[st.sampled_from(NAMES)] * 3,
    st.integers(0, 4),
)


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(st.lists(statements, min_size=1, max_size=12), st.sampled_from(NAMES))
def test_a_slice_makes_the_same_value(texts, name):
    """Of random statements those are carried that a variable's value comes of, however names share and functions change it."""
    cells = [HEAD, *texts]
    whole: dict = {}
    exec("\n".join(cells), whole)

    unrun = {each: Unrun(each) for each in whole if not each.startswith("__")} | {"random": random}
    cells_of = [Text(f"cell {number}", text) for number, text in enumerate(cells)]
    closure = Closure(Units({"__name__": "__main__", **unrun}, cells_of), lambda _value, _name: False)
    closure.need(closure.units.home, name)
    carried = "\n".join(
        [
            *import_lines(closure.imports.values()),
            *(piece.text for piece in in_order(closure.pieces.values())),
        ]
    )

    assert not closure.refused
    made: dict = {}
    exec(carried, made)
    assert made[name] == whole[name], carried
