"""Facts in what a person says, found by patterns: the rules by which semantic memory is written.

A rule looks at one clause at a time. It never looks at a question, and never at what a tool returned:
what a page on the web says must not become what an agent knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from msgspec import Struct, structs

from genxai_nb.moments import WORDS as DAYS
from genxai_nb.secrets import find_secrets

from .words import in_one_form

LONGEST = 300  # characters of a fact
MOST = 20  # facts of one turn

RULES = {
    "remember": '"Remember that ...", "Note that ...", "Don\'t forget that ...": what follows, word for word.',
    "my": '"My NAME is VALUE" (also are, was): a newer value replaces the older one.',
    "name": '"I am called NAME", "Call me NAME": as "My name is NAME".',
    "place": '"I live in, work at, work as, work for, come from, study ... VALUE": a newer value replaces the older one.',
    "taste": '"I like, love, prefer, hate, need, use, have, own, speak, want ... VALUE": each is a fact of its own.',
    "am": '"I am VALUE", "I\'m VALUE": each is a fact of its own.',
    "of": '"The NAME of SUBJECT is VALUE", "SUBJECT\'s NAME is VALUE": a newer value replaces the older one.',
    "who": '"NAME lives in, works at, reports to, manages, is in, is married to, likes, speaks ... VALUE": a fact about NAME; '
    "of a place, an employer, a manager or a spouse a newer one replaces the older one.",
    "noted": 'A line of the agent\'s own answer that begins with "Fact:" or "Remember:".',
}

_NO_END = "".join(
    rf"(?<!\b{word}\.)" for word in ("Mr", "Mrs", "Ms", "Dr", "St", "No", "e\\.g", "i\\.e", "[A-Z]")
)
_SENTENCE = re.compile(rf"(?<=[.!?]){_NO_END}\s+|\n+")
_CLAUSE = re.compile(r"(?:\s*[,;]\s*(?:and|but)?|\s+(?:and|but))\s+(?=(?:I|I['’]m|my)\s)")
_LEAD = re.compile(
    r"^(?:(?:hi|hello|hey|well|so|also|ok|okay|yes|no|oh|by the way|please|thanks|thank you|and|but)\b[,!.:]?\s*)+",
    re.IGNORECASE,
)
_BLOCK = re.compile(r"^<([\w-]+)>\n.*?\n</\1>$", re.MULTILINE | re.DOTALL)
_HIDDEN = re.compile(
    r"\b(?:pass(?:word|phrase|code)|pin(?: code| number)?|secret|api key|token|credentials?)\b", re.IGNORECASE
)
_DOUBT = re.compile(
    r"^(?:I (?:think|guess|believe|suppose)(?: that)?|maybe|perhaps|probably|possibly),?\s+", re.IGNORECASE
)
_TIME = re.compile(rf",?\s+(?P<word>until|till|since|from)\s+(?P<when>{DAYS})(?:\s+on)?$", re.IGNORECASE)
_STATED = r"(?P<value>\S.*)"
_NOBODY = (
    "he she it they we you i this that these those there here everything everybody everyone something somebody nothing "
    "nobody if when while because what who which where how my your his her our their some all each please the a an"
)
_SUBJECT = rf"(?-i:(?!(?i:{_NOBODY.replace(' ', '|')})\b)[A-Z])[\w.'’-]*(?:\s+(?:[A-Z][\w.'’-]*|\d+)){{0,3}}"
_ONE = r"lives (?:in|at|near)|works (?:at|for|as|in)|reports to|is married to|belongs to|is (?:in|at|on)|comes from"
_SOME = r"manages|leads|owns|likes|loves|hates|prefers|speaks|uses|has|needs|makes|sells|knows|plays"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (rule, re.compile(pattern, re.IGNORECASE))
    for rule, pattern in (
        ("remember", rf"(?:remember|note|do not forget|don['’]t forget)(?:\s*:\s*|\s+that\s+){_STATED}"),
        ("name", rf"(?:I am called|I['’]m called|call me|people call me)\s+{_STATED}"),
        (
            "my",
            rf"my\s+(?P<name>(?!own\b)[^\W\d_][\w'’-]*(?:\s+[\w'’-]+){{0,4}}?)\s+(?P<verb>is|are|was)\s+{_STATED}",
        ),
        (
            "place",
            rf"I\s+(?:now\s+)?(?P<name>(?:live|work|study|come|teach)\s+(?:in|at|as|for|from|with|on|near))\s+{_STATED}",
        ),
        (
            "taste",
            r"I\s+(?:(?:really|also|always|usually|only)\s+)?(?P<name>(?:don['’]t |do not |can['’]t |cannot )?"
            rf"(?:like|love|prefer|hate|dislike|need|use|have|own|speak|want|eat|drink|play))\s+{_STATED}",
        ),
        ("am", rf"(?:I am|I['’]m)\s+(?P<name>){_STATED}"),
        ("of", rf"the\s+(?P<name>[\w'’ -]{{1,40}}?)\s+of\s+(?P<subject>[\w'’ -]{{1,60}}?)\s+is\s+{_STATED}"),
        (
            "of",
            rf"(?P<subject>[^\W\d_][\w. -]{{0,40}}?)['’]s\s+(?P<name>[\w -]{{1,40}}?)\s+(?:is|are)\s+{_STATED}",
        ),
        ("who", rf"(?P<subject>{_SUBJECT})\s+(?:now\s+)?(?P<name>{_ONE}|{_SOME})\s+{_STATED}"),
    )
)
_NOTED = re.compile(r"^\W*(?:fact|remember)\s*:[*_]*\s*(\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)
_CITED = re.compile(r"(?<=\S)\s+((?:\[[^\[\]\n]{1,100}\]\s*)+)[.!]?$")
_NAMES = re.compile(r"\[([^\[\]]+)\]")
_MANY = frozenset({"remember", "taste", "am"})  # of these a newer one does not replace an older one


class Fact(Struct, frozen=True, kw_only=True):
    """Something that somebody stated.

    Attributes:
        text: A sentence.
        rule: The rule that found it.
        subject: Of what it tells; ``user`` for the person.
        predicate: What it tells of that.
        object: What is so.
        single: There is one of it at a time, so that a newer one replaces it.
        since: From which day it is so, in the words in which that was said.
        until: Until which day.
        doubted: Whoever said it was not sure.
        confidence: How sure it is, where a model said so; None for what follows from how it was said.
        cited: Where it is from, by the names between brackets at its end.
    """

    text: str
    rule: str
    subject: str = ""
    predicate: str = ""
    object: str = ""
    single: bool = False
    since: str = ""
    until: str = ""
    doubted: bool = False
    confidence: float | None = None
    cited: str = ""


def facts_in(text: str) -> list[Fact]:
    """The facts that a person states, in order; the values shown between tags are no statement.

    Example:
        >>> [(fact.text, fact.rule) for fact in facts_in("Hi, I'm called Ada and I live in Ulm. Who are you?")]
        [('My name is Ada.', 'name'), ('I live in Ulm.', 'place')]
    """
    return _first(_stated, _clauses(_BLOCK.sub("", in_one_form(text))))


def facts_noted(text: str) -> list[Fact]:
    r"""The lines of an answer by which an agent notes a fact.

    Example:
        >>> facts_noted("Done.\nFact: The report is due on Friday.")[0].text
        'The report is due on Friday.'
    """
    return _first(_noted, _NOTED.findall(in_one_form(text)))


def without_values(text: str) -> str:
    """A text without the values that are shown between tags."""
    return _BLOCK.sub("", text).strip()


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text that are no questions, without greetings and full stops; shown values are none."""
    for sentence in _SENTENCE.split(_BLOCK.sub("", in_one_form(text))):
        cleaned = _LEAD.sub("", sentence.strip()).strip().rstrip(" .!,;").strip()
        if cleaned and not cleaned.endswith("?"):
            yield cleaned


def as_sentence(text: str) -> str:
    """A text as one line that begins with a capital and ends with a full stop."""
    text = " ".join(text.split())
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "…")) else f"{text}."


def is_hidden(text: str) -> bool:
    """Whether a text looks as if it held a key or a password, which is never remembered."""
    return bool(find_secrets(text) or _HIDDEN.search(text))


def _first(read: Callable[[str], Fact | None], clauses: list[str] | Iterator[str]) -> list[Fact]:
    found: dict[str, Fact] = {}
    for clause in clauses:
        fact = read(clause) if len(clause) <= LONGEST and not is_hidden(clause) else None
        if fact is not None:
            found[fact.text] = fact
        if len(found) == MOST:
            break
    return list(found.values())


def _clauses(text: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(text):
        if sentence.rstrip().endswith("?"):
            continue
        for clause in _CLAUSE.split(sentence):
            if cleaned := _LEAD.sub("", clause.strip()).strip().rstrip(" .!,;").strip():
                yield cleaned


def _stated(clause: str) -> Fact | None:
    if doubt := _DOUBT.match(clause):
        fact = _stated(clause[doubt.end() :])
        return fact and structs.replace(fact, text=as_sentence(clause), doubted=True)
    for rule, pattern in _PATTERNS:
        if found := pattern.fullmatch(clause):
            return _fact(rule, found, clause)
    return None


def _noted(line: str) -> Fact:
    """A line as a fact, with its parts if it tells of somebody or something by name; it never replaces another one."""
    source = _CITED.search(line)
    cited = ", ".join(_NAMES.findall(source[1])) if source else ""
    stated = _stated((line[: source.start()] if source else line).rstrip(" .!"))
    if stated is None or stated.rule not in {"of", "who"}:
        return Fact(text=as_sentence(line), rule="noted", cited=cited)
    return structs.replace(stated, text=as_sentence(line), rule="noted", single=False, cited=cited)


def _fact(rule: str, found: re.Match[str], clause: str) -> Fact:
    parts = found.groupdict()
    value = parts["value"].strip()
    if rule == "remember":
        inner = _stated(value)
        return inner or Fact(text=as_sentence(value), rule=rule)
    times = {"since": "", "until": ""}
    while (time := _TIME.search(value)) and time.start():
        times["until" if time["word"].lower() in {"until", "till"} else "since"] = time["when"]
        value = value[: time.start()]
    predicate = "name" if rule == "name" else " ".join((parts["name"] or "am").lower().split())
    subject = " ".join(parts["subject"].split()).removeprefix("the ") if rule in {"of", "who"} else "user"
    return Fact(
        text=f"My name is {value}." if rule == "name" else as_sentence(clause),
        rule=rule,
        subject=subject,
        predicate=predicate,
        object=value,
        single=rule not in _MANY and not (rule == "who" and re.fullmatch(_SOME, predicate)),
        since=times["since"],
        until=times["until"],
    )
