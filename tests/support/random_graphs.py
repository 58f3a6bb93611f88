"""Random graphs in the graph language, for properties that hold for any."""

from __future__ import annotations

from hypothesis import strategies as st


@st.composite
def graphs(draw):
    """Lines of a connected graph with branches, joins, loops and dead ends, and how its conditions fall."""
    size = draw(st.integers(2, 8))
    names = [f"n{i}" for i in range(size)]
    drawn = set()
    lines = ["START -> n0"]
    if draw(st.booleans()):
        lines.append(f"START -> {draw(st.sampled_from(names[1:]))}")
    for i, name in enumerate(names):
        if i and not any(line.split()[2] == name for line in lines):
            lines.append(f"{draw(st.sampled_from(names[:i]))} -> {name}")
    for _ in range(draw(st.integers(0, 6))):
        source, target = draw(st.sampled_from(names)), draw(st.sampled_from([*names, "END"]))
        every = draw(st.integers(1, 3))
        back = target != "END" and int(target[1:]) <= int(source[1:])
        if (source, target, every) in drawn or any(line == f"{source} -> {target}" for line in lines):
            continue
        drawn.add((source, target, every))
        clause = f" if {source}_n % {every} == 0" if every > 1 or back else ""
        if back:
            clause += f" max {draw(st.integers(1, 2))}"
        lines.append(f"{source} -> {target}{clause}")
    return "\n".join(lines)
