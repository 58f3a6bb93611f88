"""Cassettes: what models answered, in a file that later runs are answered from.

A cassette is a file of JSON lines that belongs beside a test: a first line that says what it is, then one line for
each answered call with its request and its reply. Keys and known secrets are masked before anything is written.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher, unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from genxai_nb.errors import InputError
from genxai_nb.journal.codec import encode_request, from_plain, to_plain
from genxai_nb.journal.frames import load_pandas
from genxai_nb.journal.summary import in_words
from genxai_nb.messages import ModelReply
from genxai_nb.secrets import find_secrets, learn_environment, mask

from .call import digest

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Cassette", "Recorded", "cassette_from"]

VERSION = 1
_HEAD = {"cassette": VERSION}
_COLUMNS = ("kind", "name", "asked", "answer", "input", "output")
_SETTINGS = ("temperature", "max_tokens", "reasoning", "output")
_MOST_LINES = 12
_LONGEST = 200


class Recorded(Struct, frozen=True, kw_only=True):
    """One answered call.

    Attributes:
        key: Names it: equal requests to the same model have the same.
        kind: ``model`` or ``embedding``.
        name: The model.
        request: What was asked, as plain data without secrets.
        reply: What came back, in the form of the journal.
    """

    key: str
    kind: str
    name: str
    request: Any
    reply: Any


class Cassette:
    """A file of answered calls, which is either recorded or played, never both.

    Args:
        file: Where it is. If it is there it is played, else it is recorded.
        recording: Whether it is recorded; None to decide by whether it is there.

    Attributes:
        file: Its absolute path.
        recording: Whether it is recorded.

    Example:
        >>> Cassette("no-such-file.jsonl").recording
        True
    """

    def __init__(self, file: str | Path, *, recording: bool | None = None) -> None:
        self.file = Path(file).expanduser().absolute()
        self.recording = not self.file.exists() if recording is None else recording
        self._calls: list[Recorded] = []
        self._by_key: defaultdict[str, list[Recorded]] = defaultdict(list)
        self._is_read = self.recording
        learn_environment()

    def __repr__(self) -> str:
        return f"Cassette({str(self.file)!r}, {'recording' if self.recording else 'playing'})"

    def read(self) -> Cassette:
        """Read the calls of a file that is played, if they are not read yet.

        Raises:
            InputError: The file is no cassette, or a line of it cannot be read.
        """
        if not self._is_read:
            for call in _read(self.file):
                self._take(call)
            self._is_read = True
        return self

    def make_room(self) -> None:
        """Make the folder of a file that is recorded.

        Raises:
            InputError: It cannot be made.
        """
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def _unwritable(self, exc: OSError) -> InputError:
        return InputError(
            f"Cassette {str(self.file)!r} cannot be written: {exc.strerror}.",
            hint="Give a file in a folder that can be written and is not full.",
        )

    def answers(self, key: str) -> list[Any]:
        """The replies to a request of that key, in the order in which they came."""
        return [from_plain(call.reply) for call in self._by_key.get(key, ())]

    def add(self, kind: str, name: str, request: Any, reply: Any) -> Any:
        """Write down an answered call, and give the reply as it will be played.

        Raises:
            InputError: The file cannot be written.
        """
        call = Recorded(
            key=key_of(kind, name, request),
            kind=kind,
            name=name,
            request=_plain(request),
            reply=_masked(to_plain(reply)),
        )
        begins = not self.file.exists()
        self.make_room()
        try:
            with self.file.open("a", encoding="utf-8") as lines:
                lines.write((_line(_HEAD) if begins else "") + _line(_data(call)))
        except OSError as exc:
            raise self._unwritable(exc) from exc
        self._take(call)
        return from_plain(call.reply)

    def difference(self, kind: str, name: str, request: Any) -> str:
        """The lines in which a request differs from the most similar one that was recorded."""
        asked = _lines(name, _plain(request))
        others = [_lines(call.name, call.request) for call in self._calls if call.kind == kind]
        if not others:
            return "It holds no such call."
        nearest = max(others, key=lambda lines: SequenceMatcher(None, lines, asked, autojunk=False).ratio())
        marked = list(unified_diff(nearest, asked, n=0, lineterm=""))[2:]
        changed = [f"  {line[0]} {line[1:_LONGEST]}" for line in marked if line[0] in "+-"]
        more = [f"  ... {len(changed) - _MOST_LINES} lines more"] if len(changed) > _MOST_LINES else []
        return "\n".join(["The most similar request differs from it:", *changed[:_MOST_LINES], *more])

    def table(self) -> DataFrame:
        """One row for each answered call, in the order of the file.

        The columns are ``kind``, ``name``, ``asked`` (the last message), ``answer``, and a model's tokens as ``input``
        and ``output``.

        Raises:
            InputError: The file is no cassette.
            MissingPackage: pandas is not installed.
        """
        rows = [_row(call) for call in self.read()._calls]
        frame: DataFrame = load_pandas().DataFrame(rows, columns=_COLUMNS)
        return frame.astype({"input": "Int64", "output": "Int64"})

    def _take(self, call: Recorded) -> None:
        self._calls.append(call)
        self._by_key[call.key].append(call)


def cassette_from(value: Any) -> Cassette | None:
    """Read a cassette as it is given: a file, or a cassette itself.

    Raises:
        InputError: It is neither, or no cassette that can be read.
    """
    if value is None or isinstance(value, Cassette):
        return value
    if not isinstance(value, str | Path) or not str(value).strip():
        raise InputError(
            f"cassette is {value!r:.80}, which is no file.", hint='Write cassette="calls.jsonl".'
        )
    return Cassette(value).read()


def key_of(kind: str, name: str, request: Any) -> str:
    """Name a request: its messages, tools, settings and model, without secrets."""
    return digest(kind.encode(), name.encode(), encode_request(_plain(request)))


def _plain(request: Any) -> Any:
    return _masked(json.loads(encode_request(request)))


def _masked(plain: Any) -> Any:
    """Put what it is in place of everything in plain data that is, or looks like, a secret."""
    if isinstance(plain, str):
        return mask(plain)
    if isinstance(plain, dict):
        return {mask(key): _masked_value(key, item) for key, item in plain.items()}
    return [_masked(item) for item in plain] if isinstance(plain, list) else plain


def _masked_value(name: str, value: Any) -> Any:
    """A value masked by its name too: the ``api_key`` of a tool's arguments looks like a key only beside it."""
    if isinstance(value, str) and (found := find_secrets(f'{name}="{value}"')) and not found[0].start:
        return f"[{found[0].what}]"
    return _masked(value)


def _data(call: Recorded) -> dict[str, Any]:
    return {name: getattr(call, name) for name in call.__struct_fields__}


def _line(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False) + "\n"


def _read(file: Path) -> Iterator[Recorded]:
    """The calls of a file.

    Raises:
        InputError: It is no cassette, or a line cannot be read.
    """
    hint = "Delete it to record it anew."
    try:
        # JSON keeps in one line what Python takes for more ends of lines
        lines = [line for line in file.read_text("utf-8").split("\n") if line]
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"Cassette {str(file)!r} cannot be read: {exc}.") from exc
    for number, line in enumerate(lines, 1):
        try:
            data = json.loads(line)
            if number > 1:
                yield Recorded(**data)
        except (TypeError, ValueError) as exc:
            raise InputError(
                f"Line {number} of cassette {str(file)!r} cannot be read: {exc}.", hint=hint
            ) from exc
        if number == 1 and data != _HEAD:
            raise InputError(
                f"{str(file)!r} is no cassette of this version: it begins with {line:.40}.", hint=hint
            )
    if not lines:
        raise InputError(f"{str(file)!r} is no cassette: it is empty.", hint=hint)


def _lines(name: str, request: Any) -> list[str]:
    """A request in lines, each of which says one thing."""
    if not isinstance(request, dict) or "messages" not in request:
        return [f"name: {name}", *json.dumps(request, ensure_ascii=False, indent=1).splitlines()]
    given = {
        setting: json.dumps(request[setting], ensure_ascii=False)
        for setting in _SETTINGS
        if request.get(setting) is not None
    }
    lines = [f"model: {name}", *(f"{setting}: {value}" for setting, value in given.items())]
    lines += [f"tool {tool['name']}: {json.dumps(tool, ensure_ascii=False)}" for tool in request["tools"]]
    for message in request["messages"]:
        for part in message["parts"]:
            said = part.get("text") or json.dumps(part, ensure_ascii=False)
            lines += [f"{message['role']}: {line}" for line in said.splitlines()]
    return lines


def _row(call: Recorded) -> dict[str, Any]:
    reply = from_plain(call.reply)
    asked = _lines(call.name, call.request)[-1]
    row: dict[str, Any] = {
        "kind": call.kind,
        "name": call.name,
        "asked": asked,
        "answer": f"{len(call.reply)} vectors",
    }
    if isinstance(reply, ModelReply):
        row |= {"answer": in_words(reply.message)}
        row |= {"input": reply.usage.input, "output": reply.usage.output}
    return row
