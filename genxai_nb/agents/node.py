"""An agent as a node of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .history import history_key, unpack
from .outcome import Outcome
from .visit import answer

if TYPE_CHECKING:
    from genxai_nb.graph.nodes import Context, NodeOptions

    from .definition import Definition


class AgentNode:
    """The body of a node at which an agent answers once per visit.

    What the agent answers goes to the key named by the node's ``into`` or the agent's ``writes``. Without
    one, the fields of its ``output`` go to the keys of their names, and plain text to the key of the
    agent's name. What was said is appended to the agent's history in a hidden key of the state.

    Args:
        agent: The agent.
        options: The node's options.

    Raises:
        UnknownName: One of the agent's tools is not known.
        LineInvalid: The agent's task is no template.
    """

    kind = "agent"
    threaded = False
    wants_context = True

    def __init__(self, agent: Definition, options: NodeOptions) -> None:
        self._agent = agent
        agent.toolbox  # noqa: B018 - a tool that is not known is refused here
        self._prompt = agent.prompt
        self._reads = agent.reads if options.reads is None else options.reads
        self._history = history_key(agent.name)
        self._key = options.into or agent.writes
        if self._key is None and agent.output is None:
            self._key = agent.key
        self.writes: tuple[str, ...] = (
            (self._key,) if self._key else tuple(agent.output.model_fields if agent.output else ())
        )
        self.template: tuple[str, ...] = self._prompt.task.keys if self._prompt.task else ()

    @property
    def version(self) -> str:
        """Content hash of the agent."""
        return self._agent.version

    async def run(self, state: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Answer with the state as it is shown to the agent.

        Raises:
            TemplateKeyMissing: The task names a key that the state does not have.
            ProviderError: The model could not be asked, declined, or did not come to an answer.
        """
        agent = self._agent
        history = unpack(state.get(self._history, ())) if agent.remembers else ()
        messages = self._prompt.messages(state, reads=self._reads, history=history, each=context.each)
        return await answer(agent, messages, context, state, self._changes)

    def _changes(self, outcome: Outcome) -> dict[str, Any]:
        if self._key is not None:
            return {self._key: outcome.output}
        return {name: getattr(outcome.output, name) for name in self.writes}
