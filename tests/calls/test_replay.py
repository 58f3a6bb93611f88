"""What replay does with effects when a body runs again."""

from __future__ import annotations

import pytest
from graphs import chain

from genxai_nb.calls.call import Traits
from genxai_nb.errors import NodeFailed
from genxai_nb.journal import events as facts


def test_an_effect_that_differs_when_a_body_runs_again_is_recorded():
    """Both may have happened, and the journal says so."""
    asked = ["one", "two"]

    async def answer(call):
        return call.request["to"]

    async def body(state, context):
        sent = await context.call("tool", "mail", {"to": asked.pop(0)}, answer, Traits(effect=True))
        if asked:
            raise ValueError
        return {"sent": sent}

    run = chain(body).start({})
    with pytest.raises(NodeFailed):
        run.resume()
    assert run.resume().state == {"sent": "two"}
    (diverged,) = (e for e in run.events() if isinstance(e, facts.CallDiverged))

    assert len({diverged.slot, diverged.recorded}) == 2
