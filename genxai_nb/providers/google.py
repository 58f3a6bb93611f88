"""Google's models, through the official SDK google-genai."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, NamedTuple

from genxai_nb.messages import ModelRequest

from .contents import BESIDE, Parts, complaint_of, continuation, parameters
from .events import Opened, events_of
from .reasoning import REASONING
from .refusals import declined, unforeseen
from .remote import CONNECT, Answer, Offer, Remote

if TYPE_CHECKING:
    from types import ModuleType

    from genxai_nb.errors import GenXAIError

    from .refusals import Complaint, Server

_UNTAKEN = {
    BESIDE: r"(function calling|tool).*mime ?type",
    "response_json_schema": r"\A(?!.*(function_?declaration|tools\[)).*(json mode|mime_?type|schema)",
    "system_instruction": r"developer instruction|system_?instruction",
    "thinking_config": r"think",
    "temperature": r"temperature",
}


class _Asked(NamedTuple):
    """A stream, and what it answers."""

    client: Any
    sent: dict[str, Any]
    stream: Opened


class Google(Remote):
    """A model of Google, with the key in ``GOOGLE_API_KEY``, else ``GEMINI_API_KEY``.

    It is asked at ``GOOGLE_GEMINI_BASE_URL`` if that is set.

    The version of the API is the SDK's own choice, or what ``GOOGLE_GENAI_API_VERSION`` says, such as ``beta``.

    Args:
        model: The model's name, such as ``gemini-2.5-flash``.

    Example:
        >>> Google("gemini-2.5-flash").window
        1048576
    """

    name = "google"
    modules = ("google.genai", "google.genai.models", "genxai_nb.providers.google_client")

    def client(self, sdk: ModuleType, server: Server) -> Any:
        """Make a client of the SDK, which tries nothing again."""
        from .google_client import connected

        key = server.key.reveal() if server.key else ""
        return connected(sdk, server.url, key, connect=CONNECT)

    def parameters(self, request: ModelRequest, refused: frozenset[str]) -> dict[str, Any]:
        """Say a request in the words of the SDK."""
        return parameters(request, self.model, refused)

    async def send(self, client: Any, sent: dict[str, Any]) -> Any:
        """Send a request and return the stream."""
        from .google_client import opened

        return _Asked(client, sent, await opened(client, **sent))

    async def events(self, stream: _Asked) -> AsyncGenerator[Any, None]:
        """Read the events of a stream, and of those that go on with it."""
        client, sent, reading = stream
        while True:
            token = None
            async with aclosing(events_of(reading)) as events:
                async for event in events:
                    yield event
                    token = continuation(event) or token
            if token is None:
                return
            _, _, reading = await self.send(
                client, {**sent, "config": {**sent["config"], "continuation_token": token}}
            )

    def answer(self, request: ModelRequest, server: Server) -> Answer:
        """Make what puts the parts of an answer together."""
        return Parts(request, server, self.model)

    def complaint(self, exc: Exception, sdk: ModuleType) -> Complaint | None:
        """What the server said to a request, if that is what an error of the SDK tells."""
        return _complaint(exc) if isinstance(exc, sdk.errors.APIError) else None

    def refused(self, complaint: Complaint, sent: dict[str, Any]) -> str | None:
        """Name the setting that the server takes no part in, if that is why it refused a request."""
        config = sent["config"]
        if complaint.status != 400:
            return None
        for setting, words in _UNTAKEN.items():
            there = (
                "tools" in config and "response_json_schema" in config
                if setting == BESIDE
                else setting in config
            )
            if there and re.search(words, complaint.words, re.IGNORECASE | re.DOTALL):
                asked = setting == "thinking_config" and config[setting].keys() - {"include_thoughts"}
                return REASONING if asked else setting
        return None

    def mapped(self, exc: Exception, sdk: ModuleType, server: Server) -> GenXAIError:
        """Say an error of the SDK as one of ours."""
        if isinstance(exc, sdk.errors.APIError):
            return declined(_complaint(exc), server, self.model)
        return unforeseen(exc, server.name(self.model), server)

    async def offers(self) -> list[Offer]:
        """Ask the vendor for the models that write text.

        Raises:
            ProviderError: The request failed.
        """

        async def listed(client: Any) -> list[Offer]:
            return [
                Offer(one.name.removeprefix("models/"), one.input_token_limit, one.output_token_limit)
                async for one in await client.models.list(config={"page_size": 1000})
                if "generateContent" in (one.supported_actions or ())
            ]

        return await self.ask(listed)

    async def count(self, request: ModelRequest) -> int:
        """Let the vendor count the tokens of a request; it counts neither tools nor a schema.

        Raises:
            ProviderError: The request failed.
        """
        # what is no turn has no place in the question
        said = parameters(request, self.model, frozenset(["system_instruction"]))

        async def counted(client: Any) -> int:
            told = await client.models.count_tokens(model=said["model"], contents=said["contents"])
            return told.total_tokens or 0

        return await self.ask(counted)

    async def embed(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """The embeddings of texts, in their order.

        Raises:
            ProviderError: The request failed.
        """
        # as contents of their own; of plain texts the SDK makes one for the newer models, which take no task either
        contents = [{"role": "user", "parts": [{"text": text}]} for text in texts]
        config = {"task_type": "SEMANTIC_SIMILARITY"} if self.model == "gemini-embedding-001" else None

        async def embedded(client: Any) -> list[Sequence[float]]:
            told = await client.models.embed_content(model=self.model, contents=contents, config=config)
            return [one.values for one in told.embeddings]

        return await self.ask(embedded)


def _complaint(exc: Any) -> Complaint:
    details = exc.details if isinstance(exc.details, dict) else {}
    found = complaint_of(details.get("error", exc.details), exc.code or 0)
    headers = dict(getattr(exc.response, "headers", {}))
    return found._replace(headers={**found.headers, **headers})
