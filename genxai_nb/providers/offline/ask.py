"""What a request asks and what it gives, read from its messages."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from genxai_nb.messages import Message, ModelRequest, ToolResult

from .text import NUMBER_WORDS, list_items, sentences, stems, terms, words

_OPENING = re.compile(r"^<(\w[\w-]*)>", re.MULTILINE)
_BESIDE = re.compile(r"\n\n[^\n]+\n\n<memories>\n((?:.+\n)+)</memories>\Z")
_LABEL = re.compile(r"(?:^|(?<=[.!?] )|(?<=\n))[ \t]*([^\W\d_][^\n.!?:;\"]{0,60}):(?=\s|$)")
_COUNT = "|".join([r"\d+", "a", "an", "single", *NUMBER_WORDS])
_AMOUNT = re.compile(
    rf"\b({_COUNT})\s+(?:[^\W\d_]+\s+){{0,2}}?(sentences?|points?|bullets?|words?)\b", re.IGNORECASE
)
_BRIEF = re.compile(r"\b(brief|briefly|short|concise|concisely)\b", re.IGNORECASE)
_LINES = re.compile(
    r"\b(?:begin|start) (?:each|every) line with|\bline\b[^.?!\n]{0,40}\b(?:begins?|starts?) with",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“«]([^\"”»\n]+)[\"”»]|(?<!\w)'([^'\n]+)'(?!\w)")

ASKING = frozenset(
    stems("""add address answer call change check choose compose consider cover create decide describe draft
    ensure explain find follow following give improve include keep list make mend mention name note paragraph
    point produce read reply report return revise rewrite say sentence show state sum summarise summarize summary
    take tell think word write""")
)
_VERBS = """
add address answer calculate call change check choose classify compare compose compute correct count
cover create decide describe do don't draft ensure estimate evaluate explain extract fill find fix
give grade identify improve include judge keep label list look make mend mention name pick plan
please produce rank rate read reply report return review revise rewrite say score search select show
sort suggest summarise summarize take tell translate update use verify weigh write
"""
_COMMANDS = frozenset(_VERBS.split())
_PASSAGE = 3  # sentences that are more than a remark


class Result:
    """A tool's answer in the conversation, with the arguments of its call, and what is remembered beside it."""

    def __init__(self, name: str, arguments: dict[str, Any], text: str, *, failed: bool) -> None:
        self.name, self.arguments, self.failed = name, arguments, failed
        found = _BESIDE.search(text)
        self.text, self.beside = (text[: found.start()], found[1]) if found else (text, "")

    @property
    def remembered(self) -> list[str]:
        """What is remembered beside it."""
        return [line.removeprefix("- ") for line in self.beside.splitlines() if line.startswith("- ")]

    @property
    def value(self) -> Any:
        """The value that the text is the JSON of, or the text."""
        try:
            return msgspec.json.decode(self.text)
        except msgspec.DecodeError:
            return self.text

    @property
    def readable(self) -> str:
        """The text; JSON as lines of items or of ``key: value``."""
        return _as_lines(self.value)

    @property
    def passages(self) -> list[str]:
        """The items of a list, or else the sentences."""
        value = self.value
        if isinstance(value, list):
            return [item if isinstance(item, str) else _as_line(item) for item in value]
        return list_items(self.readable) or sentences(self.readable)


class Ask:
    """One request, taken apart.

    Attributes:
        task: The instructions of the user's message, without what it gives.
        persona: The system message.
        given: What the message gives, by key or label, in order.
        before: What earlier messages gave, by key and number.
        said: The answer before this request, or "".
        turns: What was said before this request, by either side.
        results: Results of the calls that were made for this request.
        earlier: Results of all calls before it.
        reminded: What stands beside those results as remembered.
        made: How many tool calls the conversation holds.
    """

    def __init__(self, request: ModelRequest) -> None:
        messages = request.messages
        asked = _asked(messages)
        self.persona = "\n".join(message.text for message in messages if message.role == "system")
        self.task, self.given = take_apart(messages[asked].text if messages else "")
        self.said = next(
            (
                m.text
                for m in reversed(messages[:asked])
                if m.role == "assistant" and m.text and not m.tool_calls
            ),
            "",
        )
        spoken = (m for m in messages[:asked] if m.role in ("user", "assistant") and not m.tool_calls)
        self.turns = tuple(text for message in spoken for text in _said(message))
        self.earlier = _results(messages[:asked])
        self.results = _results(messages[asked:])
        self.reminded = [sentence for result in self.results for sentence in result.remembered]
        self.made = sum(len(message.tool_calls) for message in messages)
        told = [take_apart(message.text)[1] for message in messages[:asked] if message.role == "user"]
        self.before = {
            f"{key} {number}": text for number, given in enumerate(told) for key, text in given.items()
        }
        if not self.given:
            self.given = next((given for given in reversed(told) if _is_material(given)), {})

    @property
    def is_question(self) -> bool:
        """The task asks for something to be known."""
        return "?" in self.task

    @property
    def is_statement(self) -> bool:
        """The task tells something, and asks for nothing."""
        said = sentences(self.task) or [self.task]
        return not self.is_question and not any(commands(sentence) for sentence in said)

    def amount(self, unit: str) -> int | None:
        """How many sentences (points, bullets) or words are asked for, by the task or else the persona."""
        for text in (self.task, self.persona):
            for count, found in _AMOUNT.findall(text):
                if (found.lower().startswith("word")) is (unit == "words"):
                    return int(count) if count.isdigit() else NUMBER_WORDS.get(count.lower(), 1)
            if unit == "sentences" and _BRIEF.search(text):
                return 2
        return None

    @property
    def opening(self) -> str:
        """What each line of the answer is to begin with, by the task or else the persona; empty for nothing."""
        for text in (self.task, self.persona):
            if (asked := _LINES.search(text)) and (quoted := _QUOTED.search(text, asked.end())):
                return quoted[1] or quoted[2]
        return ""

    @property
    def measured(self) -> str:
        """The task without what it says of the answer's length and lines."""
        return _AMOUNT.sub(" ", _LINES.sub(" ", self.task))

    def task_terms(self) -> list[str]:
        """The terms of the task that say what it is about."""
        keys = {term for key in self.given for term in terms(key)}
        return list(
            dict.fromkeys(term for term in terms(self.measured) if term not in ASKING and term not in keys)
        )

    def repeats(self, text: str) -> bool:
        """The task takes this text up as it is."""
        return " ".join(text.split()) in " ".join(self.task.split())

    def names_key(self, key: str) -> bool:
        """The task names this key of what is given."""
        needed = stems(key)
        there = set(stems(self.task))
        # a longer one is a label, which is part of the task itself
        return 0 < len(needed) <= 3 and all(term in there for term in needed)

    def quoted(self) -> list[str]:
        """The texts that the task has between quotation marks."""
        return [double or single for double, single in _QUOTED.findall(self.task)]


def take_apart(text: str) -> tuple[str, dict[str, str]]:
    """Split a user's message into its instructions and what it gives, by key, label or ``text``."""
    given: dict[str, str] = {}
    rest = _unlabelled(_untagged(text, given).strip(), given)
    task: list[str] = []
    material: list[str] = []
    for number, paragraph in enumerate(re.split(r"\n\s*\n", rest)):
        if list_items(paragraph):
            given.setdefault("items", paragraph)
        elif number == 0 or len(sentences(paragraph)) < 3:
            _sort_sentences(paragraph, task, material, first=number == 0)
        else:
            material.append(paragraph)
    if material:
        given["text"] = "\n\n".join([*([given["text"]] if "text" in given else []), *material])
    return "\n".join(task), given


def _untagged(text: str, given: dict[str, str]) -> str:
    """Take ``<key>`` blocks out of a text."""
    rest: list[str] = []
    position = 0
    for opening in _OPENING.finditer(text):
        key = opening[1]
        end = text.find(f"</{key}>", opening.end())
        if opening.start() < position or end < 0:
            continue
        rest.append(text[position : opening.start()])
        given[key] = text[opening.end() : end].strip("\n").replace(f"<\\/{key}>", f"</{key}>")
        position = end + len(key) + 3
    return "".join([*rest, text[position:]])


def _sort_sentences(paragraph: str, task: list[str], material: list[str], *, first: bool) -> None:
    lines = [line for line in paragraph.split("\n") if line.strip()]
    listed = [line for line in lines if list_items(line)]
    found = sentences("\n".join(line for line in lines if line not in listed))
    for number, sentence in enumerate(found):
        instructs = (first and number == 0) or "?" in sentence or _is_command(sentence)
        (task if instructs or len(found) < 3 else material).append(sentence)
    if listed:
        material.append("\n".join(listed))


def _said(message: Message) -> list[str]:
    """What a message tells: of a user's the task and what it gives, without tags and labels."""
    if message.role != "user":
        return [message.text]
    task, given = take_apart(message.text)
    return [task, *given.values()]


def _is_material(given: dict[str, str]) -> bool:
    """Something was given to work on; a few sentences that were said are a part of the conversation."""
    return bool(given) and (given.keys() != {"text"} or len(sentences(given["text"])) >= _PASSAGE)


def commands(sentence: str) -> bool:
    """Whether a sentence begins by saying what is to be done."""
    return (words(sentence) or [""])[0] in _COMMANDS


def _is_command(sentence: str) -> bool:
    opening = words(sentence)[:3]
    return any(word in _COMMANDS or word in {"you", "must", "should"} for word in opening)


def _unlabelled(text: str, given: dict[str, str]) -> str:
    """Take ``Label: value`` parts out of a text; a label that instructs stays in it."""
    rest: list[str] = []
    position = 0
    matches = list(_LABEL.finditer(text))
    for match, after in itertools.zip_longest(matches, matches[1:]):
        if match.start() < position or len(words(match[1])) > 10:
            continue
        end = after.start() if after else len(text)
        value = text[match.end() : end]
        if not value.startswith("\n"):
            value = value.split("\n\n")[0]
        if not terms(_AMOUNT.sub(" ", value)) or (value.strip().endswith("?") and len(sentences(value)) == 1):
            continue
        rest.append(text[position : match.start()])
        if _is_command(match[1]):
            rest.append(f"{match[1].strip()}.\n")
        given[match[1].strip()] = value.strip()
        position = match.end() + len(value)
    return "".join([*rest, text[position:]]).strip()


def _asked(messages: Sequence[Message]) -> int:
    """The place of the user's message that is to be answered; one right after a tool's goes with the one before."""
    for place in range(len(messages) - 1, -1, -1):
        if messages[place].role == "user" and (place == 0 or messages[place - 1].role != "tool"):
            return place
    return 0


def _results(messages: Sequence[Message]) -> list[Result]:
    calls = {call.id: call for message in messages for call in message.tool_calls}
    return [
        Result(part.name, calls[part.id].arguments if part.id in calls else {}, part.text, failed=part.failed)
        for message in messages
        for part in message.parts
        if isinstance(part, ToolResult)
    ]


def _as_lines(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(f"- {_as_line(item)}" for item in value)
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_as_line(item)}" for key, item in value.items())
    return _as_line(value)


def _as_line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_as_line(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_as_line(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else " ".join(str(value).split())
