"""What an agent's model is told: who it is, what it remembers, and what it is asked now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from genxai_nb.messages import Message, system, user
from genxai_nb.templates import Template, compile_template, readable

_WHOLE = re.compile(r"(?<!\\)\{\{\s*(\w+)\s*\??\s*\}\}")


class Prompt:
    """The parts of an agent's prompt that stay the same from visit to visit.

    Args:
        role: Who the agent is.
        goal: What it is there for.
        backstory: What else it knows of itself.
        instructions: How it is to work.
        task: What it is asked in a graph, a template over the state; None to show the state alone.

    Attributes:
        system: The system message, or None for an agent of which nothing is said.
        task: The task made ready, or None.

    Raises:
        DefinitionError: The task is no template.

    Example:
        >>> prompt = Prompt(role="Technical writer", task="Write about {{topic}}.")
        >>> [message.text for message in prompt.messages({"topic": "batteries"})]
        ['Role: Technical writer', 'Write about batteries.']
    """

    def __init__(
        self,
        *,
        role: str = "",
        goal: str = "",
        backstory: str = "",
        instructions: str = "",
        task: str | None = None,
    ) -> None:
        told = {"Role": role, "Goal": goal, "Backstory": backstory, "Instructions": instructions}
        parts = [f"{label}:{_after(text)}" for label, text in told.items() if text]
        self.system: Message | None = system("\n\n".join(parts)) if parts else None
        self.task: Template | None = compile_template(task) if task else None
        self._held = frozenset(_WHOLE.findall(task or ""))
        self._fallback = goal or "Go on."

    def messages(
        self,
        state: Mapping[str, Any],
        *,
        reads: Sequence[str] | None = None,
        history: Iterable[Message] = (),
        each: str | None = None,
    ) -> list[Message]:
        """Everything the model is sent for one visit.

        Args:
            state: The state as the visit sees it.
            reads: The keys to show; None for all public keys that the task does not hold already, without ``each``.
            history: What this agent and its model said before.
            each: The key of the list that the visit works on an item of.

        Raises:
            TemplateKeyMissing: The task names a key that the state does not have.
        """
        return self.around(user(self._asked(state, reads, each)), history)

    def around(self, message: Message, history: Iterable[Message] = ()) -> list[Message]:
        """Put a user's message after the system message and the history."""
        opening = () if self.system is None else (self.system,)
        return [*opening, *history, message]

    def _asked(self, state: Mapping[str, Any], reads: Sequence[str] | None, each: str | None) -> str:
        parts = []
        if self.task is not None:
            parts.append(self.task.render(state).strip())
        keys = [key for key in state if key not in self._held and key != each] if reads is None else reads
        parts += [_block(key, state[key]) for key in keys if not key.startswith("@") and key in state]
        return "\n\n".join(part for part in parts if part) or self._fallback


def _after(text: str) -> str:
    return f"\n{text}" if "\n" in text else f" {text}"


def _block(key: str, value: Any) -> str:
    """Show one key between tags; nothing for a key that holds nothing."""
    text = readable(value)
    # text of the state must not close its own block and pass for what stands around it
    return f"<{key}>\n{text.replace(f'</{key}>', f'< /{key}>')}\n</{key}>" if text else ""
