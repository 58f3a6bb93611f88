"""Facts in what a user says, taken out by the agent's model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from genxai_nb.errors import CallError
from genxai_nb.memory.rules import LONGEST, MOST, Fact, as_sentence, sentences
from genxai_nb.messages import ModelReply, ModelRequest, system, user

if TYPE_CHECKING:
    from genxai_nb.graph.nodes import Context

_ASKED = (
    "Take the facts out of what a user says that will still be of use in a later conversation: about the user, about people, "
    "things and arrangements. A fact has a subject ('user' for the user), a predicate and an object, each in the user's words, "
    "and a sentence that tells it. single says that there is one of it at a time, such as a home. confidence is from 0 to 1. "
    "Take nothing from questions, orders or examples. If there is nothing, give no facts."
)
_FIELDS = {
    "text": {"type": "string", "description": "the fact as one sentence"},
    "subject": {"type": "string"},
    "predicate": {"type": "string"},
    "object": {"type": "string"},
    "single": {"type": "boolean"},
    "confidence": {"type": "number"},
}
_SCHEMA: dict[str, Any] = {
    "title": "Facts",
    "type": "object",
    "properties": {
        "facts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": _FIELDS,
                "required": list(_FIELDS),
                "additionalProperties": False,
            },
        }
    },
    "required": ["facts"],
    "additionalProperties": False,
}


class _Taken(msgspec.Struct):
    text: str
    subject: str
    predicate: str
    object: str
    single: bool
    confidence: float


class _Answer(msgspec.Struct):
    facts: list[_Taken]


async def facts_by_model(model: str, asked: str, context: Context) -> list[Fact] | None:
    """Let a model take the facts out of what a user says, by a recorded call with structured output.

    What the user did not say is dropped: the object of a fact has to stand in the user's words.

    Args:
        model: The model.
        asked: What the user said.
        context: The node's context.

    Returns:
        The facts; None where the model could not be asked, or did not answer as it should.
    """
    said = "\n".join(sentences(asked))
    if not said:
        return []
    from genxai_nb.providers.registry import model_call

    request = ModelRequest(
        model=model, messages=(system(_ASKED), user(said)), tools=(), output=_SCHEMA, temperature=0.0
    )
    handler, traits = model_call(model)
    try:
        reply: ModelReply = await context.call("model", model, request, handler, traits)
        answer = msgspec.json.decode(reply.message.text, type=_Answer)
    except (CallError, msgspec.DecodeError) as error:
        context.log(f"Facts are found by patterns: {error}")
        return None
    words = " ".join(asked.lower().split())
    return [
        Fact(
            text=as_sentence(one.text),
            rule="extracted",
            subject=one.subject.strip(),
            predicate=one.predicate.strip(),
            object=one.object.strip(),
            single=one.single,
            confidence=min(max(one.confidence, 0.0), 1.0),
        )
        for one in answer.facts[:MOST]
        if one.text.strip()
        and one.object.strip()
        and one.object.strip().lower() in words
        and len(one.text) <= LONGEST
    ]
