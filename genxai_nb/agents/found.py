"""What the kinds of an agent's memory find for a question."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from time import time
from typing import TYPE_CHECKING, Any

from genxai_nb.calls.call import Traits
from genxai_nb.errors import BadResponse

from .held import lasts, open_lasting, open_listed, run_key
from .recalled import forgotten_of

if TYPE_CHECKING:
    from genxai_nb.calls.call import Call
    from genxai_nb.graph.nodes import Context
    from genxai_nb.journal.items import Items
    from genxai_nb.memory.base import Kind, Query, Recalled

    from .definition import Definition

MOST = 5  # items of a kind

Row = dict[str, Any]


async def ask_kinds(
    agent: Definition,
    request: Mapping[str, Any],
    context: Context,
    state: Mapping[str, Any],
    told: Collection[str] = (),
    found: Sequence[Row] | None = None,
) -> list[Row]:
    """Ask the kinds that a request names, by a call of the run; what a person answers stands for what they find.

    Args:
        agent: The agent.
        request: The question as ``query``, the ``kinds`` to ask, and the budget of what they find as ``tokens``; later
            in a visit what was ``learnt``, for which they are asked in the light of the question and by itself.
        context: The node's context.
        state: The state as the visit sees it, with its hidden keys.
        told: The texts that are in the prompt already; they are not found again.
        found: What they found for this request, if they were asked already.

    Raises:
        MissingPackage: Items were embedded by a model that is not installed.
        StoreError: The store cannot be read.
    """
    asked: list[Call] = []

    async def read(call: Call) -> list[Row]:
        asked.append(call)
        if found is not None and call.request == request:
            return [*found]
        return await look(agent, call.request, call.context.store.items, state, told, call.context)

    answer = await context.call("memory", agent.name, request, read, Traits())
    if isinstance(answer, str):  # a person has answered the call
        return [_by_hand(answer)]
    rows = [row for row in answer or () if isinstance(row, dict) and isinstance(row.get("text"), str)]
    if rows and not asked:
        _report_forgotten(rows, context)
    return [{**_by_hand(row["text"]), **row} for row in rows]


async def look(
    agent: Definition,
    request: Mapping[str, Any],
    items: Items,
    state: Mapping[str, Any],
    told: Collection[str] = (),
    context: Context | None = None,
) -> list[Row]:
    """Look in the kinds that a request names, and share its budget among what they find.

    Args:
        agent: The agent.
        request: The request, as for `ask_kinds`.
        items: Where what lasts is kept.
        state: The state as the visit sees it.
        told: The texts that are in the prompt already.
        context: Where the question is embedded by a call of the run; None to embed it here.
    """
    from genxai_nb.loop import run_in_worker
    from genxai_nb.memory.base import Query
    from genxai_nb.memory.budget import cost_of, shared_out
    from genxai_nb.memory.embed import vectors_of

    embed: Callable[[str, list[str]], Awaitable[list[bytes]]] = (
        partial(run_in_worker, vectors_of) if context is None else partial(embedded, context)
    )
    texts, vectors = _questions(request), dict[str, list[bytes]]()
    opened: dict[str, tuple[Kind, str]] = {}
    for name in request["kinds"]:
        kind, model = _open(agent, name, items, state)
        opened[name] = kind, model
        if model and model not in vectors:
            vectors[model] = await embed(model, texts)

    def recalled() -> dict[str, list[Recalled]]:
        at, plain = time(), [b""] * len(texts)
        found: dict[str, list[Recalled]] = {}
        for name, (kind, model) in opened.items():
            asked = zip(texts, vectors.get(model, plain), strict=True)
            queries = [Query(text=text, vector=vector, at=at) for text, vector in asked]
            found[name] = _best(kind, queries, told)
        return found

    found = await run_in_worker(recalled) if any(map(lasts, opened)) else recalled()
    return [
        {
            "kind": one.item.kind,
            "id": one.item.id,
            "text": one.item.text,
            "source": one.item.source,
            "score": round(one.score, 4),
            "why": one.why,
            "tokens": cost_of(one),
        }
        for one in shared_out(found, request["tokens"])
    ]


def _open(agent: Definition, name: str, items: Items, state: Mapping[str, Any]) -> tuple[Kind, str]:
    """Open a kind; with the model of its embeddings, empty for none."""
    if not lasts(name):
        return open_listed(agent, name, state.get(run_key(agent, name), ())), ""
    kind = open_lasting(items, agent, name)
    return kind, kind.shelf.model if kind.embeds else ""


def _questions(request: Mapping[str, Any]) -> list[str]:
    learnt = request.get("learnt")
    return [request["query"]] if learnt is None else [f"{learnt}\n{request['query']}", learnt]


def _best(kind: Kind, queries: Sequence[Query], told: Collection[str]) -> list[Recalled]:
    """What a kind recalls that was not told: the best for each query, then the next for each, as many as for one."""
    found: dict[str, Recalled] = {}
    for ranks in zip_longest(*(kind.recall(query, MOST) for query in queries)):
        for one in ranks:
            if one is not None and one.item.text not in told:
                found.setdefault(one.item.id, one)
    return [*found.values()][:MOST]


def asks_a_network(agent: Definition, kinds: Sequence[str], items: Items) -> bool:
    """Whether one of some kinds is searched by the embeddings of a vendor or a server."""
    return any(":" in _open(agent, name, items, {})[1] for name in kinds)


async def embedded(context: Context, model: str, texts: list[str]) -> list[bytes]:
    """Embed texts by a call of the run.

    Raises:
        MissingPackage: The model is not installed.
        BadResponse: A person answered the call with something else.
    """
    from genxai_nb.memory.embed import embedding_call

    handler, traits = embedding_call(model)
    vectors = await context.call("embedding", model, {"texts": texts}, handler, traits)
    if not isinstance(vectors, list) or list(map(type, vectors)) != [bytes] * len(texts):
        raise BadResponse(
            f"The embedding of {len(texts)} texts by {model!r} was answered with a {type(vectors).__name__}.",
            hint="An embedding cannot be answered by hand; answer the memory call around it.",
        )
    return vectors


def _report_forgotten(rows: Sequence[Mapping[str, Any]], context: Context) -> None:
    """Say in the node's log which items of a recorded answer were forgotten since; a replay uses them still."""
    if gone := forgotten_of((row.get("id") for row in rows), context.store.items):
        context.log(f"Recalled from the record: {', '.join(gone)}, forgotten since.")


def _by_hand(text: str) -> Row:
    from genxai_nb.tokens import estimate_tokens

    words = {"kind": "by hand", "id": "", "text": text, "source": "by hand", "why": "answered by hand"}
    return {**words, "score": 1.0, "tokens": estimate_tokens(text)}
