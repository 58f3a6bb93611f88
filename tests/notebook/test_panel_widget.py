"""The panel as a widget: messages acknowledged once, traits sent, and nothing left when it closes."""

from __future__ import annotations

import threading

import pytest
from graphs import chain, nothing

from genxai_nb.notebook.panel.live_widget import WIDGET
from genxai_nb.notebook.panel.widget import Panel


@pytest.fixture
def panel():
    """A panel of a run that is ready to start."""
    made = Panel(chain(nothing, nothing).start({}))
    yield made
    made.close()


def until(panel, holds):
    """Wait until something holds that another thread brings about by a trait."""
    changed = threading.Event()
    panel.observe(lambda _: changed.set())
    while not holds():
        assert changed.wait(10)
        changed.clear()


def test_a_message_is_acknowledged_at_once_and_done_once(panel):
    """The number is acknowledged to its own view; the same message again is acknowledged and not done again."""
    message = {"do": "next", "id": 1, "view": "v1", "stands": 0}
    panel._hear(panel, message, [])
    assert panel.acks == {"v1": 1}
    until(panel, lambda: panel.run["stands"] == 1)
    panel._hear(panel, {**message, "stands": 1}, [])
    panel._hear(panel, {"do": "ping", "id": 1, "view": "v2"}, [])
    panel._hear(panel, "nonsense", [])
    panel._hear(panel, {"do": "look", "id": 2, "view": "v1", "node": "a"}, [])
    until(panel, lambda: "a" in panel.details)

    assert panel.acks == {"v1": 2, "v2": 1}
    assert panel.desk.run.steps == 1


def test_a_panel_begins_with_all_that_is_to_be_shown(panel):
    """The first message to a page holds the picture, the state and where the run stands."""
    state = panel.get_state()

    assert [card["id"] for card in state["picture"]["cards"]] == ["START", "a", "b", "END"]
    assert state["run"]["words"] == "Ready to start"
    assert set(state["status"]["cards"]) == {"a", "b"}
    assert "export default { render };" in state["_esm"]


def test_a_closed_panel_follows_its_run_no_more():
    """After close the run goes on without it, and no thread of the panel is left."""
    made = Panel(chain(nothing).start({}))
    made.close()
    made.desk.run.resume()

    assert made.run["words"] == "Ready to start"
    assert not made.desk._thread.is_alive()


def test_a_panel_is_put_into_an_output_once_and_taken_out_again(shell):
    """Its bundle is issued once, with words for those who cannot show it; closing leaves an empty output."""
    from IPython.utils.capture import capture_output

    made = Panel(chain(nothing).start({}))
    with capture_output() as captured:
        made.show()
        made.show()
        made.close()
    first, last = captured.outputs

    assert set(first.data) == {WIDGET, "text/plain"}
    assert "%genxai show r1" in first.data["text/plain"]
    assert last.data == {"text/plain": ""}
    assert last.update


def test_a_panel_that_lies_over_the_record_leaves_its_output(shell):
    """Once the page has moved it, nothing of it is left in the notebook, and it goes on."""
    from IPython.utils.capture import capture_output

    made = Panel(chain(nothing).start({}), beside=True)
    with capture_output() as captured:
        made.show()
        made._hear(made, {"do": "moved", "id": 1, "view": "v1", "stands": 0}, [])
        made._hear(made, {"do": "moved", "id": 1, "view": "v1", "stands": 0}, [])
    made._hear(made, {"do": "next", "id": 2, "view": "v1", "stands": 0}, [])
    until(made, lambda: made.run["stands"] == 1)
    made.close()

    assert made.get_state()["beside"]
    assert [output.update for output in captured.outputs] == [False, True]
    assert captured.outputs[1].data == {"text/plain": ""}
