"""The record as HTML: sound, of our elements alone, of bounded size, legible in any theme."""

from __future__ import annotations

import re
from base64 import b64decode
from contextlib import suppress
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from genxai_nb.errors import GenXAIError
from genxai_nb.graph.build import END, START, Graph
from genxai_nb.journal.events import (
    CallFinished,
    CallStarted,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunFailed,
    RunFinished,
    RunStarted,
)
from genxai_nb.messages import ModelReply, ModelRequest, Usage, assistant, user
from genxai_nb.notebook import style
from genxai_nb.notebook.record import LARGEST, graph_bundle, record

TAGS = {
    "section", "style", "div", "span", "b", "br", "code", "img", "table", "thead", "tbody", "tr", "th", "td",
    "details", "summary",
}  # fmt: skip
ATTRIBUTES = {"class", "style", "role", "aria-label", "src", "alt", "scope", "colspan"}
VOID = {"br", "img"}


class Page(HTMLParser):
    """Reads HTML strictly: every element closed in order, each text and image kept."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def values(self, tag: str, name: str) -> list[str]:
        return [value for of, key, value in self.attributes if (of, key) == (tag, name)]


def page_of(bundle) -> Page:
    """Read a bundle's HTML and check that it holds nothing but our elements."""
    page = Page(bundle["text/html"])
    assert set(page.tags) <= TAGS
    assert {name for _, name, _ in page.attributes} <= ATTRIBUTES
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.values("img", "src"))
    assert "http" not in "".join(page.values("div", "style") + page.values("img", "style"))
    return page


def drawing_of(page: Page) -> ElementTree.Element:
    (source,) = page.values("img", "src")
    return ElementTree.fromstring(b64decode(source.partition(",")[2]))


def review(draft: str = "Cells swap the liquid.") -> Graph:
    graph = Graph("review", reducers={"notes": "append"})
    graph.node("writer", lambda state: {"draft": draft, "score": state.get("score", 0) + 0.5})
    graph.node("facts", lambda state: {"notes": ["one", "two"]})
    graph.node("critic", lambda state: {"advice": "none"})
    graph.edge(START, "writer").edge("writer", "facts").edge("writer", "critic")
    graph.edge("facts", "join").edge("critic", "join").node("join", lambda state: {})
    return graph.edge("join", "writer", when="score < 0.8", limit=3).edge("join", END, otherwise=True)


def ran(graph: Graph, given=None):
    run = graph.start(given or {}, store=":memory:")
    with suppress(GenXAIError):
        run.resume()
    return run.events()


def asked(prompt: str, reply: str, *, node: str = "writer", structure: str = ""):
    """A run of one agent node that asked a model once."""
    request = ModelRequest(model="scripted:x", messages=(user(prompt),))
    answer = ModelReply(message=assistant(reply), usage=Usage(input=1200, output=34))
    return [
        RunStarted(at=1.0, run="r7", graph="g", structure=structure, input={}, definitions={}),
        NodeStarted(at=1.0, node=node, visit=1, parents=()),
        CallStarted(
            at=1.0, slot="s", kind="model", name="scripted:x", request=request, node=node, visit=1, ordinal=0
        ),
        CallFinished(at=2.5, slot="s", reply=answer, seconds=1.5),
        NodeFinished(at=2.5, node=node, visit=1, update={"draft": reply, "@history": [1]}, edges=()),
        RunFinished(at=2.5),
    ]


def test_a_record_tells_what_came_of_the_run():
    """Head, picture, values and the table of nodes are there, in HTML and in plain text."""
    graph = review()
    events = ran(graph)
    bundle = record(events, graph)

    page = page_of(bundle)
    assert f"review · {events[0].run} · ✓ Done · 8 steps" in page.text
    assert "✓ Done · 2 visits" in page.text
    assert "notes one · two · one · two" in page.text
    assert f"%genxai show {events[0].run}" in page.text
    assert drawing_of(page).get("role") == "img"
    assert page.values("img", "alt")[0].startswith("Graph review: START leads to writer.")
    assert bundle["text/plain"] == (
        "review: ✓ Done · 8 steps\n"
        "\n"
        "node    kind      status             tokens  cost  wrote\n"
        "writer  function  ✓ Done · 2 visits       -     -  draft, score\n"
        "facts   function  ✓ Done · 2 visits       -     -  notes\n"
        "critic  function  ✓ Done · 2 visits       -     -  advice\n"
        "join    function  ✓ Done · 2 visits       -     -\n"
        "\n"
        "draft: Cells swap the liquid.\n"
        "score: 1\n"
        "notes: one · two · one · two\n"
        "advice: none"
    )


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</details></td></table></section><iframe src=//evil.example>",
    "</style><script>alert(1)</script>",
    "<!-- ]]> <![CDATA[ &lt;script&gt; &#60;",
    "a\nb\r\n\tc",
    "\x00\x1b[31m\x7f\ud800\ufffe",
    "\u202eevil\u2066 \u200b",
    "👩‍🚀 中文 اللغة",
    "x" * 10_000,
    "![x](http://evil.example/x) <a href=javascript:alert(1)>x</a>",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text):
    """Names, prompts, replies, values and errors of any kind add no element, attribute or address."""
    name = text.replace("\ud800", "")
    graph = Graph(name, reducers={"k": "append"})
    graph.node(name, lambda state: {"k": [text]}).edge(START, name)
    graph.edge(name, END, when="len(k) < 9")
    real = record(ran(graph), graph)
    made = asked(text, text, node=name, structure=graph.structure)[:-1]
    failed = NodeFailed(at=3.0, node=name, visit=1, error=text, code="x")
    stopped = record([*made, failed, RunFailed(at=3.0, error=text, code="x")], graph)

    for bundle in (real, stopped):
        page = page_of(bundle)
        drawn = drawing_of(page)
        assert {element.tag.rpartition("}")[2] for element in drawn.iter()} <= {
            "svg", "title", "style", "defs", "symbol", "g", "rect", "path", "circle", "text", "use",
        }  # fmt: skip
        for form in bundle.values():
            form.encode()
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\u200b]", form)
    page_of(graph_bundle(graph))


@pytest.mark.parametrize("nodes", [3, 300])
def test_a_record_takes_at_most_200_kb(nodes):
    """Long prompts, replies and values are cut until the record fits, and the cut says how much is missing."""
    events = [RunStarted(at=1.0, run="r1", graph="g", structure="", input={}, definitions={})]
    graph = Graph("g")
    for i in range(nodes):
        one = asked("p" * 50_000, "r" * 50_000, node=f"n{i}")[1:-1]
        one[0] = replace(one[0], parents=((f"n{i - 1}", 1),) if i else ())
        one[-1] = replace(one[-1], edges=(i + 1,) if i + 1 < nodes else ())
        events += [replace(e, slot=f"s{i}") if isinstance(e, CallStarted | CallFinished) else e for e in one]
        graph.node(f"n{i}", lambda state: {}).edge(START if i == 0 else f"n{i - 1}", f"n{i}")
    events[0] = replace(events[0], structure=graph.structure)
    bundle = record([*events, RunFinished(at=9.0)], graph)

    assert len(bundle["text/html"].encode()) <= LARGEST
    assert len(bundle["text/plain"].encode()) <= LARGEST
    page = page_of(bundle)
    if nodes == 3:
        assert "(44,000 more characters)" in page.text
        assert "…" in bundle["text/plain"] or "more characters" in bundle["text/plain"]
    else:
        assert "and 240 more nodes: 240 done" in page.text
        assert "and 240 more nodes: 240 done" in bundle["text/plain"]


def test_a_large_picture_is_small_at_first():
    """A picture that would not be legible on the page can be opened to its full size, without a script."""
    graph = Graph("g")
    for i in range(60):
        graph.node(f"n{i}", lambda state: {}).edge(START if i == 0 else f"n{i // 3}", f"n{i}")
    page = page_of(graph_bundle(graph))

    assert re.search(r"Full size \(\d+ × \d+\)", page.text)
    assert "max-height:640px" in page.values("img", "style")[0]
    assert "max-height" not in page_of(graph_bundle(review())).values("img", "style")[0]


def test_a_picture_that_is_too_large_is_left_out_and_said_so():
    """The picture of thousands of nodes is not kept, and the record says so."""
    graph = Graph("g")
    for i in range(1200):
        graph.node(f"n{i}", lambda state: {}).edge(START if i == 0 else f"n{i // 2}", f"n{i}")
    began = RunStarted(at=1.0, run="r1", graph="g", structure=graph.structure, input={}, definitions={})
    bundle = record([began], graph)

    page = page_of(bundle)
    assert "img" not in page.tags
    assert "too large to be kept" in page.text


def test_the_record_is_readable_without_its_style_sheet():
    """Alignment, line breaks of texts and the frame are inline, so they outlive a taken out style sheet."""
    bundle = record(asked("a\nb", "c\nd"), None)
    page = page_of(bundle)

    assert page.values("section", "style")
    assert "text-align:right" in page.values("td", "style")[-1]
    assert "white-space:pre-wrap" in page.values("div", "style")
    assert not any("var(" in style for _, name, style in page.attributes if name == "style")


def test_a_graph_shows_its_picture_and_its_lines():
    """A graph that is displayed shows the picture, and as plain text the lines that make it."""
    graph = review()
    bundle = graph_bundle(graph)

    page = page_of(bundle)
    assert "review · graph · 4 nodes, 7 edges" in page.text
    assert drawing_of(page).get("role") == "img"
    assert bundle["text/plain"].splitlines()[0] == "graph review"
    assert "join -> writer if score < 0.8 max 3" in bundle["text/plain"]


def test_a_graph_that_cannot_run_shows_why():
    """A graph with a mistake is shown with the mistake in words."""
    graph = Graph("loop").node("a", lambda state: {}).edge(START, "a").edge("a", "a").edge("a", END)
    bundle = graph_bundle(graph)

    assert "limit" in bundle["text/plain"]
    assert "limit" in page_of(bundle).text


def test_an_empty_graph_can_be_shown():
    """A graph without nodes has no picture, but a name."""
    bundle = graph_bundle(Graph("nothing"))

    assert "img" not in page_of(bundle).tags
    assert bundle["text/plain"].startswith("graph nothing")


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("block", "pages"), [(0, ["#ffffff", "#f5f5f5"]), (1, ["#111111", "#212121"])])
def test_statuses_are_legible_in_both_stock_themes(block, pages):
    """Each status has a contrast of at least 4.5 on its own ground and on the page of its theme."""
    blocks = re.findall(r"\{([^{}]*--gx-done:[^{}]*)\}", style.STYLE)
    colours = dict(re.findall(r"--gx-([\w-]+):(#[0-9a-f]{6})", blocks[block]))

    statuses = [name for name in colours if not name.endswith("-bg")]
    assert sorted(statuses) == ["done", "failed", "idle", "paused", "running", "waiting"]
    for status in statuses:
        for ground in (colours[f"{status}-bg"], *pages):
            assert contrast(colours[status], ground) >= 4.5, (status, ground)
