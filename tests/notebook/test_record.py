"""The record: what stays in a saved notebook, as HTML and as plain text."""

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
    InstanceFinished,
    LoopLimitReached,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
)
from genxai_nb.messages import ModelReply, ModelRequest, Usage, assistant, user
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


def test_an_agent_shows_prompt_reply_tokens_and_model():
    """An agent's row opens to the last prompt and reply; what it wrote is not said twice."""
    bundle = record(asked("Write about cells.", "Cells are cells."), None)

    text = page_of(bundle).text
    assert "prompt Write about cells." in text
    assert text.count("Cells are cells.") == 1
    assert "reply of scripted:x" in text
    assert "1.2k" in text
    assert "Model: scripted:x" in text
    assert "@history" not in text + bundle["text/plain"]


def test_plain_text_is_the_same_when_the_run_is_repeated():
    """Run id and times are not part of the plain text."""
    graph = review()
    first, second = ran(graph), ran(graph)
    later = [replace(event, at=event.at + 86_400 * 2 + 3.25) for event in second]
    slower = [replace(e, seconds=e.seconds + 1234.5) if isinstance(e, NodeFinished) else e for e in later]
    renamed = [replace(e, run="r991") if isinstance(e, RunStarted) else e for e in slower]

    assert record(first, graph)["text/plain"] == record(renamed, graph)["text/plain"]
    assert record(first, graph)["text/html"] != record(renamed, graph)["text/html"]


def test_a_record_is_the_same_each_time_it_is_made():
    """The same events give the same bytes."""
    graph = review()
    events = ran(graph)

    assert record(events, graph) == record(events, graph)


def test_an_object_is_shown_without_its_address():
    """A value whose text holds a memory address does not make the plain text differ."""

    class Thing:
        """Has the plain repr of any object."""

    graph = Graph("g").node("a", lambda state: {"thing": Thing()}).edge(START, "a").edge("a", END)
    text = record(ran(graph), graph)["text/plain"]

    assert "Thing object" in text
    assert "0x" not in text


def test_a_value_that_cannot_be_shown_is_named():
    """A value whose own text raises does not break the record."""

    class Shy:
        def __str__(self) -> str:
            raise RuntimeError("no")

        __repr__ = __str__

    graph = Graph("g").node("a", lambda state: {"shy": Shy()}).edge(START, "a").edge("a", END)

    assert "shy: (Shy, which cannot be shown: RuntimeError)" in record(ran(graph), graph)["text/plain"]


def test_a_failure_is_one_calm_block():
    """A failed run says what failed, where, and how to go on."""

    def broken(state):
        raise ConnectionError("mail.example.org refused")

    graph = Graph("publish").node("mailer", broken).edge(START, "mailer").edge("mailer", "archive")
    graph.node("archive", lambda state: {}).edge("archive", END)
    bundle = record(ran(graph), graph)

    page = page_of(bundle)
    what = "Node 'mailer' failed: ConnectionError: mail.example.org refused"
    assert f"{what} at mailer, visit 1 Mend the cause." in page.text
    assert "%genxai resume r" in page.text
    assert "○ Not reached" in page.text
    assert bundle["text/plain"].startswith("publish: ✕ Failed · 0 steps\n\n" + what)


def test_a_record_never_says_running():
    """While a run goes on its record tells a step, and of a node that it has started."""
    graph = review()
    events = ran(graph)
    begun = next(i for i, e in enumerate(events) if isinstance(e, NodeStarted) and e.visit == 2)

    bundle = record(events[: begun + 1], graph)

    text = page_of(bundle).text + bundle["text/plain"]
    drawn = "".join(drawing_of(page_of(bundle)).itertext())
    assert "▶ As of step 4" in bundle["text/plain"]
    assert "▶ Started · visit 2" in bundle["text/plain"]
    assert "running" not in (text + drawn).lower().replace(".running", "")


@pytest.mark.parametrize(
    ("end", "head", "said"),
    [
        (RunPaused(at=9.0, reason="asked"), "‖ Paused", "The run stands before its next node."),
        (RunPaused(at=9.0, reason="breakpoint at critic"), "‖ Paused", "breakpoint at critic"),
        (RunCancelled(at=9.0), "‖ Cancelled", "The run was interrupted."),
        (RunFailed(at=9.0, error="No way on.", code="no_way_on"), "✕ Failed", "No way on."),
    ],
)
def test_a_run_that_stands_says_why_and_how_to_go_on(end, head, said):
    """A pause, an interrupt and a stop say so, and name the verb that goes on."""
    bundle = record([*ran(review())[:-1], end], review())

    assert head in bundle["text/plain"]
    assert said in bundle["text/plain"]
    assert "%genxai resume" in bundle["text/plain"]
    assert "%genxai resume r" in page_of(bundle).text


def test_a_limit_that_was_reached_is_told():
    """A run that ended by a limit says which edge it was."""
    events = ran(review())
    reached = LoopLimitReached(at=2.0, node="join", visit=3, target="writer", limit=3)
    bundle = record([*events[:-1], reached, events[-1]], review())

    said = "join -> writer was taken 3 times, its limit."
    assert said in bundle["text/plain"]
    assert said in page_of(bundle).text


def test_a_map_shows_how_many_items_and_what_they_wrote():
    """The row of a map counts its items and lists what they wrote, in their order."""
    events = [
        RunStarted(at=1.0, run="r1", graph="g", structure="", input={}, definitions={}),
        NodeStarted(at=1.0, node="worker", visit=1, parents=()),
        *(InstanceFinished(at=1.0, node="worker", visit=1, index=i, update={"n": i}) for i in (2, 0, 1)),
        NodeFinished(at=1.0, node="worker", visit=1, update={}, edges=()),
        RunFinished(at=1.0),
    ]
    bundle = record(events, None)

    assert "✓ Done · 3 items" in bundle["text/plain"]
    assert "wrote n - 0 - 1 - 2" in page_of(bundle).text


def test_a_retried_failure_shows_its_error_until_it_is_done():
    """A node that failed and is tried again keeps the error in its row."""
    events = [
        RunStarted(at=1.0, run="r1", graph="g", structure="", input={}, definitions={}),
        NodeStarted(at=1.0, node="a", visit=1, parents=()),
        NodeFailed(at=1.0, node="a", visit=1, error="Timeout: too slow", code="TimeoutError", retried=True),
    ]

    assert "error Timeout: too slow" in page_of(record(events, None)).text


def test_a_run_whose_graph_has_changed_is_still_told():
    """With a graph that is not as it ran the record leaves out picture and values, not the run."""
    events = ran(review())
    changed = Graph("review").node("other", lambda state: {}).edge(START, "other").edge("other", END)

    bundle = record(events, changed)

    assert "img" not in page_of(bundle).tags
    assert "writer" in bundle["text/plain"]
    assert "draft:" not in bundle["text/plain"]


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
        assert "and 200 more nodes: 200 done" in page.text
        assert "and 180 more nodes: 180 done" in bundle["text/plain"]


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


def test_a_node_that_failed_is_shown_among_many():
    """When rows are left out, the one that failed is not."""
    events = [RunStarted(at=1.0, run="r1", graph="g", structure="", input={}, definitions={})]
    for i in range(300):
        events.append(NodeStarted(at=1.0, node=f"n{i}", visit=1, parents=()))
        if i != 290:
            events.append(NodeFinished(at=1.0, node=f"n{i}", visit=1, update={}, edges=()))
    events += [
        NodeFailed(at=1.0, node="n290", visit=1, error="it broke", code="x"),
        RunFailed(at=1.0, error="it broke", code="x"),
    ]
    bundle = record(events, None)

    assert re.search(r"n290 +✕ Failed", bundle["text/plain"])
    assert "n290" in page_of(bundle).text


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
