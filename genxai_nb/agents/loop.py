"""The tool loop: ask the model, make the calls it asks for, until it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import json

from genxai_nb.errors import BadResponse, CallError, GenXAIError, Refused, UnknownName
from genxai_nb.guard.policy import Policy
from genxai_nb.loop import run_in_worker
from genxai_nb.messages import Message, ModelReply, ModelRequest, ToolCall, ToolResult, assistant, user
from genxai_nb.settings import read_settings

from .block import untagged
from .outcome import Outcome
from .output import errors_in_words, read_output
from .window import fitted

if TYPE_CHECKING:
    from genxai_nb.calls.call import Handler, Traits
    from genxai_nb.graph.nodes import Context

    from .definition import Definition
    from .recollection import Recollection

_encode = json.Encoder(order="sorted", enc_hook=str).encode

_REPEATED = "(This is the result of the same call as before; it was not made again.)"


async def respond(
    agent: Definition,
    messages: Sequence[Message],
    context: Context,
    recollection: Recollection | None = None,
) -> Outcome:
    """Let an agent answer, calling its tools as the model asks for them.

    What goes wrong in a tool goes back to the model in words. An identical call with nothing changed
    since is answered with its first result; at a third one, and after ``max_turns`` turns, the model
    has to answer without tools.

    Args:
        agent: The agent.
        messages: The system message, the history and the user's message.
        context: The node's context; every model and tool call goes through it.
        recollection: What of the messages is remembered, which each model call tells of, and what comes to mind later.

    Raises:
        ProviderError: The model could not be asked, declined, or did not come to an answer.
        UnknownName: There is no provider for the agent's model.
    """
    model = context.model_override or agent.model or read_settings().model
    if model not in _loaded:
        await run_in_worker(_load, model)
        _loaded.add(model)
    exchange = _Exchange(agent, model, messages, context, recollection)
    tools = agent.specs_for(messages[-1].text)
    for _ in range(agent.max_turns):
        message = await exchange.ask(tools)
        calls = message.tool_calls
        if not calls:
            return await exchange.conclude(message)
        await exchange.use(calls)
        if exchange.stuck:
            return await exchange.force(
                f"You have called {exchange.stuck} three times with the same arguments."
            )
    return await exchange.force(f"You have taken {agent.max_turns} turns.")


class _Exchange:
    """One answer on its way: what was said so far and which calls were made."""

    def __init__(
        self,
        agent: Definition,
        model: str,
        messages: Sequence[Message],
        context: Context,
        recollection: Recollection | None,
    ) -> None:
        self.agent = agent
        self.model = model
        self.recollection = recollection
        policy = agent.policy
        self.context = context.under((*context.policies, policy)) if isinstance(policy, Policy) else context
        self.said = list(messages)
        self.start = len(messages) - 1
        self.stuck = ""
        self.learnt: Iterable[ToolResult] = ()  # from the tools, since the model was asked last
        self.plain: dict[int, Message] = {}  # by place, results after which something was put
        self.left = False  # whoever read the answer as it came has gone
        self.handler, self.traits = _model_call(model)
        self.window = agent.context_window or _window_of(model)
        self.toolbox = agent.toolbox
        self.counts: dict[bytes, int] = {}
        self.results: dict[bytes, ToolResult] = {}

    async def ask(self, tools: tuple[Any, ...]) -> Message:
        agent, recollection = self.agent, self.recollection
        request = self._request(tools)
        if self.learnt and recollection is not None and recollection.goes_on:
            request = await self._reminded(recollection, request)
        memories = () if recollection is None else recollection.standing(request)
        reply: ModelReply = await self.context.call(
            "model", self.model, request, self.handler, self.traits, memories
        )
        if reply.stop == "refused":
            said = f": {reply.message.text}" if reply.message.text else "."
            raise Refused(f"Model {self.model!r} declined to answer agent {agent.name!r}{said}")
        if reply.stop == "length" and not (reply.message.text or reply.message.tool_calls):
            raise BadResponse(
                f"Model {self.model!r} used all its tokens before it answered agent {agent.name!r}.",
                hint=f"Raise max_tokens (now {agent.max_tokens}).",
            )
        self.left = reply.stop == "abandoned"
        self.said.append(reply.message)
        return reply.message

    def _request(self, tools: tuple[Any, ...]) -> ModelRequest:
        agent = self.agent
        request = ModelRequest(
            model=self.model,
            messages=tuple(self.said),
            tools=tools,
            output=agent.schema,
            temperature=agent.temperature,
            max_tokens=agent.max_tokens,
            reasoning=agent.reasoning,
        )
        return fitted(request, self.start, self.window)

    async def _reminded(self, recollection: Recollection, request: ModelRequest) -> ModelRequest:
        """A request with what the newest results bring to mind after them."""
        learnt, self.learnt = tuple(self.learnt), ()
        place = max(place for place, message in enumerate(self.said) if message.role == "tool")
        message = self.said[place]
        stands = partial(self.context.holds, "model", self.model, request)
        told = await recollection.remind(message, learnt, stands)
        if told is message:
            return request
        self.said[place], self.plain[place] = told, message
        return self._request(request.tools)

    async def use(self, calls: Sequence[ToolCall]) -> None:
        """Make the calls of one turn, in parallel, and note their results in order."""
        keys = [self._count(call) for call in calls]
        fresh: dict[bytes, ToolCall] = {}
        for key, call in zip(keys, calls, strict=True):
            if key not in self.results:
                fresh.setdefault(key, call)
        made = dict(zip(fresh, await self._made(fresh.values()), strict=True))
        if any(self._has_effect(call) for call in fresh.values()):
            # what was read before may read otherwise now, so older calls are no repetitions any more
            self.counts = {key: self.counts[key] for key in keys}
            self.results = {key: self.results[key] for key in keys if key in self.results}
        answers = []
        for key, call in zip(keys, calls, strict=True):
            first = made.get(key) or self.results[key]
            answers.append(first if fresh.get(key) is call else _again(first, call))
        self.results.update((key, result) for key, result in made.items() if not result.failed)
        self.learnt = made.values()
        self.said.append(Message("tool", tuple(answers)))

    def _count(self, call: ToolCall) -> bytes:
        key = _encode((call.name, call.arguments))
        count = self.counts[key] = self.counts.get(key, 0) + 1
        if count > 2:
            self.stuck = call.name
        return key

    def _has_effect(self, call: ToolCall) -> bool:
        tool = self.toolbox.get(call.name)
        return tool is not None and tool.effect

    async def _made(self, calls: Iterable[ToolCall]) -> list[ToolResult]:
        made = [self._make(call) for call in calls]
        if len(made) < 2:
            return [await one for one in made]
        # exceptions are gathered so that no call of the turn is left behind running
        results = await asyncio.gather(*made, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return [result for result in results if isinstance(result, ToolResult)]

    async def _make(self, call: ToolCall) -> ToolResult:
        tool = self.toolbox.get(call.name)
        if tool is None:
            error = UnknownName("tool", call.name, self.toolbox)
            return ToolResult(call.id, call.name, str(error), failed=True)
        if call.unreadable:
            wrong = f"The arguments are no JSON object: {call.unreadable[:200]} Call again with one."
            return ToolResult(call.id, call.name, wrong, failed=True)
        try:
            value = await self.context.call("tool", tool.name, call.arguments, tool.handler, tool.traits)
        except CallError as error:
            return ToolResult(call.id, call.name, str(error), failed=True)
        text = value if isinstance(value, str) else _encode(value).decode()
        return ToolResult(call.id, call.name, untagged(text) if self.agent.recalled else text)

    async def force(self, why: str) -> Outcome:
        """Ask for an answer without tools."""
        self.said.append(user(f"{why} Answer now with what you have; no tool can be called any more."))
        message = await self.ask(())
        if message.tool_calls:
            if not message.text:
                raise BadResponse(
                    f"Agent {self.agent.name!r} came to no answer: its model goes on calling tools.",
                    hint=f"Raise max_turns (now {self.agent.max_turns}), or tell the agent when to stop.",
                )
            message = self.said[-1] = assistant(message.text)
        return await self.conclude(message)

    async def conclude(self, message: Message) -> Outcome:
        """Take a message as the answer; an answer that does not fit is asked for once more."""
        output = self.agent.output
        if output is None:
            return self._outcome(message.text, message.text)
        value, error = read_output(output, message.text)
        if error is not None and not self.left:
            wrong = "\n".join(f"- {line}" for line in errors_in_words(error))
            self.said.append(
                user(f"Your answer does not fit the schema:\n{wrong}\nAnswer again, with JSON only.")
            )
            message = await self.ask(())
            value, error = read_output(output, message.text)
        if error is not None:
            wrong = "; ".join(errors_in_words(error))
            raise BadResponse(
                f"Agent {self.agent.name!r} did not answer as {output.__name__}: {wrong}.",
                hint="Describe the fields in the schema or in instructions:, or choose a stronger model.",
            ) from error
        return self._outcome(message.text, value)

    def _outcome(self, text: str, output: Any) -> Outcome:
        for place, message in self.plain.items():
            self.said[place] = message
        return Outcome(text, output, tuple(self.said[self.start :]))


def _again(first: ToolResult, call: ToolCall) -> ToolResult:
    return ToolResult(call.id, call.name, f"{first.text}\n{_REPEATED}", first.failed)


_loaded: set[str] = set()  # models that were asked before in this process


def _load(model: str) -> None:
    """Import what asking a model takes, which would hold up the loop: prices and adapters take a while."""
    with suppress(GenXAIError):  # said where the model is asked
        _model_call(model)
        _window_of(model)


def _model_call(model: str) -> tuple[Handler, Traits]:
    # imported here, so that a definition or a graph without models loads no provider
    from genxai_nb.providers.registry import model_call

    return model_call(model)


def _window_of(model: str) -> int | None:
    from genxai_nb.providers.registry import window_of

    return window_of(model)
