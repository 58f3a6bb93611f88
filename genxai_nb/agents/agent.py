"""The agent: a role, a task and tools, given to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from .definition import Definition
from .node import AgentNode

if TYPE_CHECKING:
    from genxai_nb.graph.nodes import NodeOptions

    from .answer import Answer, AnswerStream, Asking
    from .workflow import Graph


class Agent(Definition):
    """Who answers: an agent can be asked by itself and be a node of a graph.

    Args:
        name: Letters, digits, ``_`` and ``-``, a letter first.
        model: The model, such as ``offline`` or ``openai:gpt-5``; None for the run's or the settings' one.
        role: Who the agent is.
        goal: What it is there for.
        backstory: What else it knows of itself.
        instructions: How it is to work.
        tools: Names of tools, tools, or typed functions.
        memory: Kinds of memory: ``short_term``, ``working``, ``long_term``, ``episodic``, ``semantic``, ``procedural``, or a
            mapping of them to their options; None for ``short_term``, ``[]`` or ``"none"`` for none. What is remembered
            is asked by ``agent.memory``.
        task: What it is asked in a graph, a template over the state such as ``Write about {{topic}}``.
        reads: The keys of the state that it is shown; None for all public keys.
        writes: The key that takes its answer; None for its name, or for the fields of ``output``.
        output: A pydantic model that its answer has to fit.
        temperature: How freely the model chooses its words, from 0 to 2.
        max_tokens: The longest answer.
        reasoning: How much its model thinks before it answers: ``low``, ``medium``, ``high``, a word of the vendor's own,
            such as ``none`` or ``max``, or a number of tokens; None for what the model does by itself.
        max_turns: How many turns may call tools before it has to answer.
        memory_tokens: One budget for all that it remembers: recalled items take at most half of it, the
            conversation the rest. None for 2,000 tokens of recalled items, and the conversation as the
            model's window holds it.
        context_window: How many tokens its model takes, answer included; what was said first is left out of a
            request that would be longer. None for what is known of the model.
        policy: What its tools may do, beside what the run's policy says: ``safe``, ``open``, a Policy or its fields.
        budget: What it may spend in a run, wherever it answers there: US dollars, or limits by name: ``money tokens
            calls seconds``; None for no limit of its own.

    Raises:
        DefinitionError: A field does not hold what it should; the error names it.

    Example:
        >>> Agent("writer", role="Technical writer", task="Write about {{topic}}.")
        Agent('writer', role='Technical writer', task='Write about {{topic}}.')
    """

    def as_node(self, options: NodeOptions) -> AgentNode:
        """Make the body for a node at which this agent answers.

        Raises:
            UnknownName: There is no tool of a given name.
            DefinitionError: ``task`` is no template.
        """
        return AgentNode(self, options)

    def as_graph(self) -> Graph:
        """Make the graph that answers a question: of the state's ``prompt``, under ``answer``.

        `ask` runs it. A run of it is exported, compared and gone through as that of any other graph.

        Example:
            >>> from genxai_nb.providers.scripted import Scripted
            >>> clerk = Agent("clerk", model=Scripted(["Four."]).model)
            >>> clerk.as_graph().run({"prompt": "2 + 2?"}, store=":memory:").state["answer"]
            'Four.'
        """
        from .answer import asking

        return asking(self)

    def ask(self, prompt: str, **how: Unpack[Asking]) -> Answer:
        """Ask the agent and wait for its answer; it remembers what was asked before.

        Args:
            prompt: What to ask.
            how: ``model``, a model to use in place of the agent's own; ``store``, where the run is kept; ``budget``, what it
                may spend, and ``cassette``, a file that it is recorded in or answered from, as for `Graph.run`.

        Raises:
            NodeFailed: The agent came to no answer; the cause is chained.
            OverBudget: The next call does not fit the budget.
        """
        from .answer import ask

        return ask(self, prompt, **how)

    async def aask(self, prompt: str, **how: Unpack[Asking]) -> Answer:
        """Ask the agent from async code.

        Raises:
            NodeFailed: The agent came to no answer; the cause is chained.
        """
        from .answer import aask

        return await aask(self, prompt, **how)

    def stream(self, prompt: str, **how: Unpack[Asking]) -> AnswerStream:
        """Ask the agent and take its answer piece by piece, with ``for`` or ``async for``."""
        from .answer import AnswerStream

        return AnswerStream(self, prompt, **how)

    def chat(self, message: str = "", *, new: bool = False, **how: Unpack[Asking]) -> None:
        """Open a chat with the agent below the cell of a notebook, as ``%%genxai chat`` does; returns at once.

        Each message is a run like that of `ask`, and the agent knows what was said before, by either.

        Args:
            message: What to say first; without it the panel waits for the first message.
            new: Begin another conversation. Else the latest chat with an agent of this name goes on.
            how: As for `ask`, but for ``store``; they hold for each message.

        Raises:
            InputError: It is said where the runs are kept.
            SetupError: This is no notebook, or the extension is not loaded there.
        """
        from .chat_opening import open_chat

        open_chat(self, message, new=new, how=dict(how))
