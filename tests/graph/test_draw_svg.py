"""The SVG writer: only our own elements, whatever the names hold."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from genxai_nb.graph.draw import Arrow, Card, Picture, layout, svg
from genxai_nb.graph.draw.lettering import measure, one_line, shorten, visible

SPACE = "{http://www.w3.org/2000/svg}"
OURS = {"svg", "title", "style", "defs", "symbol", "g", "rect", "path", "circle", "text", "use"}
PLAIN = {
    "aria-label", "class", "cx", "cy", "d", "fill", "height", "href", "id", "r", "role", "rx", "stroke",
    "stroke-linecap", "stroke-linejoin", "stroke-width", "transform", "viewBox", "width", "x", "y",
}  # fmt: skip
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onload='alert(1)",
    "]]><svg onload=alert(1)>",
    "</style><script>alert(1)</script>",
    "&lt;b&gt; &amp; &#0; &unknown;",
    "a\nb\tc\r\nd",
    "\x00\x01\x08\x0b\x1b[31m\x7f\x85\ud800\udfff\ufffe\uffff",
    "\u202eevil\u202c \u2066x\u2069 \u200bzero",
    "👩‍🚀🔥 中文字 اللغة",
    "x" * 10_000,
    "\u0301" * 10_000,
    "",
    "   ",
    "javascript:alert(1)",
    "url(http://evil.example/x)",
]


def hostile_picture(text: str, status: str | None = "done") -> Picture:
    cards = (
        Card(name="START", kind="start"),
        Card(name=text, kind=text, status=status, words=text, facts=(text, text, text, text)),
        Card(name=text + "2", kind="agent", status=status, words="Done"),
    )
    arrows = (
        Arrow(source="START", target=text, label=text),
        Arrow(source=text, target=text + "2", label=text, taken=True),
        Arrow(source=text + "2", target=text, label=text, loop=True),
    )
    return Picture(name=text, cards=cards, arrows=arrows)


def draw(picture: Picture) -> ElementTree.Element:
    return ElementTree.fromstring(svg(picture, layout(picture, programs=())))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("status", ["done", None])
def test_hostile_names_stay_text(text, status):
    """The drawing of any names parses as XML and holds no element or attribute but ours."""
    root = draw(hostile_picture(text, status))

    for element in root.iter():
        assert element.tag.removeprefix(SPACE) in OURS
        assert set(element.attrib) <= PLAIN
        assert element.get("href", "#gx-").startswith("#gx-")
    assert len(list(root.iter(f"{SPACE}style"))) == 1


def test_texts_are_cut_and_whole_in_the_title():
    """A name that is too long ends in an ellipsis; the whole name is in the card's title."""
    name = "a_very_long_name_of_a_node_that_fits_no_card"
    root = draw(Picture(name="g", cards=(Card(name=name, kind="agent"),)))

    titles = [element.text for element in root.iter(f"{SPACE}title")]
    texts = [element.text for element in root.iter(f"{SPACE}text")]
    assert f"{name} · agent" in titles
    assert any(text.endswith("…") and name.startswith(text[:-1]) for text in texts)
    assert name not in texts


def test_the_picture_is_told_in_words():
    """The drawing is an image whose label says nodes, kinds and ways."""
    cards = (Card(name="START", kind="start"), Card(name="a", kind="agent"), Card(name="END", kind="end"))
    arrows = (
        Arrow(source="START", target="a"),
        Arrow(source="a", target="a", label="max 2", loop=True),
        Arrow(source="a", target="END", label="else"),
    )
    root = draw(Picture(name="g", cards=cards, arrows=arrows))

    assert root.get("role") == "img"
    assert root.get("aria-label") == (
        "Graph g: START leads to a. a leads back to a (max 2) and to END (else). a is an agent."
    )


def test_each_status_has_its_icon_and_word():
    """A status is an icon and a word, never a colour alone."""
    statuses = ["idle", "running", "done", "paused", "waiting", "failed"]
    cards = tuple(Card(name=status, status=status, words=f"It is {status}") for status in statuses)
    root = draw(Picture(name="g", cards=cards))

    assert {element.get("id") for element in root.iter(f"{SPACE}symbol")} == {f"gx-{s}" for s in statuses}
    assert [element.get("href") for element in root.iter(f"{SPACE}use")] == [f"#gx-{s}" for s in statuses]
    assert {f"It is {s}" for s in statuses} <= {element.text for element in root.iter(f"{SPACE}text")}


def test_ways_taken_and_ways_back_are_marked():
    """Ways that were taken and ways of loops have their own classes."""
    cards = (Card(name="a"), Card(name="b"))
    arrows = (
        Arrow(source="a", target="b", taken=True),
        Arrow(source="b", target="a", loop=True),
        Arrow(source="a", target="b"),
    )
    root = draw(Picture(name="g", cards=cards, arrows=arrows))

    ways = [e.get("class") for e in root.iter(f"{SPACE}g") if (e.get("class") or "").split()[0] == "e"]
    assert ways == ["e", "e loop", "e took"]


def test_a_graph_of_five_hundred_nodes_takes_little_room():
    """A graph with very many nodes is drawn by name and glyph, in at most 150 KB."""
    cards = tuple(Card(name=f"node_{i}", kind="agent", status="done", words="Done") for i in range(500))
    arrows = tuple(Arrow(source=f"node_{(i * 7) // 10}", target=f"node_{i}") for i in range(1, 500))
    text = svg(picture := Picture(name="g", cards=cards, arrows=arrows), layout(picture, programs=()))

    root = ElementTree.fromstring(text)
    assert len(text) <= 150_000
    assert "✓ node_499" in {element.text for element in root.iter(f"{SPACE}text")}


def test_the_same_picture_is_written_the_same():
    """Nothing in the text depends on anything but the picture."""
    picture = hostile_picture("x")
    placed = layout(picture, programs=())

    assert svg(picture, placed) == svg(picture, placed)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_shortened_text_fits(text):
    """What is cut is never wider than its room."""
    short = shorten(one_line(text), 100, 11, bold=True)

    assert measure(short, 11, bold=True) <= 100
    assert len(short) <= 101


def test_marks_that_hide_or_turn_text_show():
    """Marks that reorder text or take no room are written as their code; joiners of letters stay."""
    assert visible("a\u202eb\u200b\x00\ud800") == "a\\u202eb\\u200b\u2400\\ud800"
    assert visible("👩‍🚀 ب‌پ") == "👩‍🚀 ب‌پ"
    assert one_line(" a \n b\u2028c ") == "a b c"
