"""How quickly the panel answers, and shows and follows large graphs and long runs; on a quiet machine."""

from __future__ import annotations

import re

import pytest

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.browser, pytest.mark.slow]

CHAIN = """
import asyncio, time
%load_ext genxai_nb
from genxai_nb import Graph
from genxai_nb.notebook.panel import show_panel

def chain(length):
    graph = Graph("chain")
    def body(number):
        async def work(state):
            await asyncio.sleep(0.02)
            return {"x": number}
        return work
    for number in range(length):
        graph.node(f"node{number}", body(number))
    graph.edge("START", "node0").edge(f"node{length - 1}", "END")
    for number in range(length - 1):
        graph.edge(f"node{number}", f"node{number + 1}")
    graph.build()
    return graph

graph = chain(LENGTH)
"""


HUNDRED = "\n".join(
    ["%%genxai graph hundred", " -> ".join(["START", *(f"node{number}" for number in range(100)), "END"])]
    + [f"node node{number} = function work" for number in range(100)]
)
PAINTED = """() => {
  let began = null;
  document.addEventListener('keydown', (event) => { if (event.key === 'Enter') began = performance.now(); }, true);
  new MutationObserver((_, observer) => {
    if (began === null || document.querySelectorAll('.gx-n').length < 100) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => { window.painted = performance.now() - began; }));
  }).observe(document.body, { subtree: true, childList: true });
}"""


def test_a_graph_of_a_hundred_nodes_is_painted_in_half_a_second(book):
    """From the key that starts the cell to the painted graph, in the first panel of its kernel."""
    work = "%load_ext genxai_nb\ndef work(state):\n    return {}"
    notebook = book(work, HUNDRED, "%%genxai debug hundred\n")
    notebook.run_all(0, 1)
    notebook.page.evaluate(PAINTED)
    notebook.run(2)
    notebook.page.wait_for_function("window.painted")
    painted = notebook.page.evaluate("window.painted")
    print(f"first paint {painted:.0f} ms")

    assert painted <= 500


def test_a_thousand_updates_of_five_hundred_nodes_cost_little(book):
    """The run takes at most a tenth longer than without a panel, and 95 of 100 frames come within 100 ms."""
    bare = "began = time.time(); await graph.arun({}, store=':memory:'); bare = time.time() - began"
    show = "run = graph.start({}, store=':memory:'); panel = show_panel(run)"
    drive = "began = time.time(); await asyncio.wrap_future(run.begin()); print('over', (time.time() - began) / bare - 1)"
    notebook = book(CHAIN.replace("LENGTH", "500"), bare, show, drive)
    for number in (0, 1, 2):
        notebook.run(number)
    panel = notebook.panel(2)
    panel.wait_for("Ready to start")
    notebook.page.evaluate(
        """() => {
          window.gaps = [];
          let last = performance.now();
          const frame = (now) => { window.gaps.push(now - last); last = now; requestAnimationFrame(frame); };
          requestAnimationFrame(frame);
        }"""
    )
    notebook.run(3)
    panel.wait_for("Done")
    gaps = sorted(notebook.page.evaluate("window.gaps"))

    over, gap = float(re.search(r"over (\S+)", notebook.text(3))[1]), gaps[int(len(gaps) * 0.95)]
    print(f"cost {over:.1%}, frames {gap:.0f} ms")

    assert set(panel.statuses().values()) == {"done"}
    assert over <= 0.1
    assert gap <= 100


def test_any_of_ten_thousand_steps_is_shown_at_once(book):
    """The slider is set to steps all over a long run; the graph of then is painted within 100 ms in the median."""
    long_run = """
async def tick(state):
    return {"n": state["n"] + 1}
async def tock(state):
    return {}
loop = Graph("loop", limit=20000).node("tick", tick).node("tock", tock).edge("START", "tick").edge("tick", "tock")
loop.edge("tock", "tick", when="n < 5000").edge("tock", "END", otherwise=True)
run = loop.start({"n": 0})
run.break_at("tock", "n == 5000")
run.resume()
panel = show_panel(run)
"""
    notebook = book(CHAIN.replace("LENGTH", "2"), long_run)
    for number in (0, 1):
        notebook.run(number)
    panel = notebook.panel(1)
    panel.wait_for("Paused before tock, visit 5000", 300)  # ten thousand commits on a busy disk
    times = []
    for step in (9000, 100, 5000, 7777, 2500, 9900, 1):
        times.append(
            panel.root.evaluate(
                """(root, step) => new Promise((done) => {
                  const shown = root.querySelector('.gx-scrub span');
                  const slider = root.querySelector('.gx-scrub input');
                  const began = performance.now();
                  new MutationObserver((_, observer) => {
                    if (shown.textContent !== `step ${step}`) return;
                    observer.disconnect();
                    requestAnimationFrame(() => done(performance.now() - began));
                  }).observe(shown, { subtree: true, childList: true, characterData: true });
                  slider.value = step;
                  slider.dispatchEvent(new Event('input'));
                })""",
                step,
            )
        )
        panel.find(".gx-state h4", has_text=f"after step {step}").wait_for()

    print("slider", *(f"{time:.0f}" for time in times), "ms")

    assert sorted(times)[len(times) // 2] <= 100


def test_a_click_is_answered_quickly_while_a_cell_waits(book):
    """Between a click on Next and the changed head lie at most 100 ms in the median, while a cell is waiting."""
    waiting = "import asyncio\nawait asyncio.sleep(30)"
    quick = "async def tick(state):\n    return {'n': state.get('n', 0) + 1}"
    graph = "%%genxai graph ticks\nSTART -> tick\ntick -> tick if n < 50 max 60\ntick -> END else"
    notebook = book("%load_ext genxai_nb\n" + quick, graph, "%%genxai debug ticks\n", waiting)
    notebook.run_all(0, 1, 2)
    panel = notebook.panel(2)
    panel.wait_for("Ready to start")
    notebook.run(3, wait=False)
    notebook.cell(3).locator(".jp-InputPrompt", has_text="[*]").wait_for()
    times = []
    for visit in range(2, 13):
        times.append(
            panel.root.evaluate(
                """root => new Promise((done) => {
                  const words = root.querySelector('.gx-pill');
                  const began = performance.now();
                  new MutationObserver((_, observer) => {
                    if (words.textContent.includes('Paused')) {
                      observer.disconnect();
                      requestAnimationFrame(() => done(performance.now() - began));
                    }
                  }).observe(words, { subtree: true, childList: true, characterData: true });
                  root.querySelector('[data-do="next"]').click();
                })"""
            )
        )
        panel.wait_for(f"Paused before tick, visit {visit}")
    print("click", *(f"{time:.0f}" for time in times), "ms")

    assert sorted(times)[len(times) // 2] <= 100
