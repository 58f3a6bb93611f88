"""The report generator: its figures, its checks, what a person may say, and what arrives by mail."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from statistics import fmean

import nbformat
import pypdf
import pytest
import vega_datasets
from nbclient import NotebookClient
from receivers import mail_server
from stepping import begun_until_asked

from genxai_nb.errors import NodeFailed
from genxai_nb.providers.scripted import Scripted

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "notebooks" / "scripts" / "report_generator.py"
NOTEBOOK = ROOT / "notebooks" / "report_generator.ipynb"
WEATHER = Path(vega_datasets.data.seattle_weather.filepath)
PARKS = "parks@example.org"
SEND = {"decision": "send"}
MEND = {"decision": "mend", "comment": "Say in each section which month was furthest from the usual."}
ONLY_PARKS = {"allow": "email_sender", "recipients": PARKS, "roots": "build/report"}


def loaded():
    """The exported script as a module."""
    spec = importlib.util.spec_from_file_location("report_generator", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def script():
    return loaded()


@pytest.fixture
def office(monkeypatch, tmp_path):
    """A mail server that the connection `office` leads to, and an empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    with mail_server() as (address, mailbox):
        monkeypatch.setenv("GENXAI_CONNECTION_OFFICE", f"smtp://{address}?from=me@example.org&starttls=never")
        yield mailbox


def run(script, *approvals, year=2015, to=PARKS, policy=ONLY_PARKS, **options):
    answers = {"approve": list(approvals)}
    return script.report.run({"year": year, "to": to}, answers=answers, policy=policy, **options)


def attachments(envelope):
    return {part.get_filename(): part.get_payload(decode=True) for part in envelope.mail.iter_attachments()}


def text_of(pdf: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def rain():
    """Rain by year, month and day, from the file itself."""
    found = defaultdict(lambda: defaultdict(dict))
    with WEATHER.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            day = date(*map(int, re.findall(r"\d+", row["date"])))
            found[day.year][day.month][day] = float(row["precipitation"])
    return found


def test_the_figures_are_those_of_the_file(script):
    """Totals, months, the wettest day and the longest dry spell are those that a plain loop finds."""
    years = rain()
    months = {
        year: {month: sum(days.values()) for month, days in found.items()} for year, found in years.items()
    }
    totals = {year: sum(found.values()) for year, found in months.items()}
    usual = fmean(totals[year] for year in (2012, 2013, 2014))
    furthest = max(
        range(1, 13), key=lambda m: abs(months[2015][m] - fmean(months[y][m] for y in (2012, 2013, 2014)))
    )
    days = {day: amount for month in years[2015].values() for day, amount in month.items()}
    wettest = max(days, key=days.get)
    longest, spell = [], []
    for day in sorted(days):
        spell = [*spell, day] if days[day] == 0 else []
        longest = max(longest, spell, key=len)

    facts = script.facts_of("precipitation", 2015)

    assert facts[0] == (
        f"Rain came to {totals[2015]:,.1f} mm in 2015, {totals[2015] / usual - 1:.0%} more than the "
        f"{usual:,.1f} mm of a usual year (2012 to 2014)."
    )
    assert (
        f"highest year was 2014 with {totals[2014]:,.1f} mm, the lowest 2013 with {totals[2013]:,.1f}"
        in facts[1]
    )
    assert (
        f"December with {months[2015][12]:,.1f} mm, the lowest July with {months[2015][7]:,.1f}" in facts[2]
    )
    assert furthest == 12
    assert f"December: {months[2015][12]:,.1f} mm" in facts[3]
    assert f"{days[wettest]:,.1f} mm, on {wettest:%d %B}" in facts[4]
    assert facts[5] == (
        f"Rain stayed at zero on {sum(amount == 0 for amount in days.values())} days, {len(longest)} of them in a row, "
        f"from {longest[0]:%d %B} to {longest[-1]:%d %B}."
    )
    assert longest[-1] - longest[0] == timedelta(days=len(longest) - 1)


def test_the_script_mends_asks_and_sends_what_was_approved(office, tmp_path):
    """In a fresh interpreter it takes a file of answers, and the mail holds its files byte for byte."""
    Path("answers.json").write_text(json.dumps({"approve": [MEND, SEND], "send": "allow"}), "utf-8")
    command = [
        sys.executable,
        str(SCRIPT),
        "--year",
        "2015",
        "--to",
        PARKS,
        "--answers",
        "answers.json",
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    state = json.loads(done.stdout)
    (envelope,) = office.envelopes
    arrived = attachments(envelope)

    assert envelope.rcpt_tos == [PARKS]
    assert envelope.mail["Subject"] == "The weather in Seattle in 2015"
    assert arrived == {name: (tmp_path / "build/report" / name).read_bytes() for name in arrived}
    assert sorted(arrived) == ["report-2015.html", "report-2015.pdf"]
    before, after = state["texts"][1], state["texts"][5]
    assert "Furthest" not in before
    assert "urthest from the usual was December: 284.5 mm" in after
    assert after in arrived["report-2015.html"].decode()
    assert after in text_of(arrived["report-2015.pdf"])
    assert before not in arrived["report-2015.html"].decode()
    assert arrived["report-2015.html"].count(b"data:image/png;base64,") == 3
    assert b'src="http' not in arrived["report-2015.html"]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (
            {"approve": SEND},
            "it needs 'network', which the policy asks a person about, and nobody is there to ask",
        ),
        ({"approve": [MEND], "send": "allow"}, "This is visit 2, but its list has 1"),
        ({"approve": {"decision": "perhaps"}}, "Input should be 'send', 'mend' or 'drop'"),
    ],
)
def test_nothing_is_sent_without_a_whole_answer(script, office, answers, said):
    """A missing permission, a missing second answer and a word that is none of the choices end the run."""
    with pytest.raises(NodeFailed) as caught:
        script.report.run({"year": 2014, "to": PARKS}, answers=answers)

    assert said in str(caught.value)
    assert office.envelopes == []


def test_a_person_may_drop_it_or_send_it_back_once(script, office):
    """Dropped, or sent back a second time, it goes to nobody, and the run says which limit ended it."""
    dropped = run(script, {"decision": "drop"})
    twice = run(script, MEND, MEND)

    assert (dropped.state.receipt, twice.state.receipt) == ({}, {})
    assert (len(dropped.state.texts), len(twice.state.texts)) == (4, 8)
    assert [limit.edge for limit in dropped.limits] == []
    assert len(twice.limits) == 1
    assert office.envelopes == []


def test_the_policy_lets_it_go_to_the_listed_one_only(script, office):
    """One recipient gets it without a further question; another one does not, whoever approved."""
    assert run(script, SEND).state.receipt["accepted"] == [PARKS]
    with pytest.raises(NodeFailed, match="recipient 'eve@elsewhere.example' is not among those"):
        run(script, SEND, to="eve@elsewhere.example")

    assert len(office.envelopes) == 1


def test_files_that_changed_after_the_question_are_not_sent(script, office):
    """What the person saw is sent or nothing is."""
    standing = script.report.start({"year": 2014, "to": PARKS}, interactive=True, policy=ONLY_PARKS)
    question, future = begun_until_asked(standing)
    assert f"Send this report to {PARKS}?" in question.prompt
    with Path("build/report/report-2014.pdf").open("ab") as file:
        file.write(b"one byte more")
    standing.answer(question.slot, SEND)

    with pytest.raises(NodeFailed, match=r"report-2014.pdf has changed since it was approved"):
        future.result(20)
    assert office.envelopes == []


def test_a_wrong_number_is_written_anew_or_gives_way_to_the_facts(script, office):
    """A model that invents a number is told so; if it keeps to it, the bare facts are printed and the person knows."""

    def invent(request):
        asked = request.messages[-1].text
        stubborn = '"Wind"' in asked
        mended = "Leave out 77, which no fact has." in asked
        return "It was <b>fine</b> in 2015." if mended and not stubborn else "It was 77 more."

    model = Scripted(invent, name="inventor")
    state = run(script, SEND, model=model.model).state
    pages = attachments(office.envelopes[0])["report-2015.html"].decode()

    assert len(model.requests) == 4 + 4 + 1
    assert "77" not in re.sub(r"base64,[^\"]*", "", pages)
    assert pages.count("<p>It was &lt;b&gt;fine&lt;/b&gt; in 2015.</p>") == 3
    assert "<p>Wind averaged 3.2 m/s in 2015" in pages
    assert state.faults == 1
    assert "the text of 1 had others" in state.standing


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("It came to 1,139.2 mm, or 1139 mm, or 1,139.20 mm.", []),
        ("It came to 1,140 mm.", ["1,140"]),
        ("4% more, and 284 or 285 mm in December.", ["285"]),
        ("From 29 June to 24 July.", ["24"]),
        ("No number.", []),
    ],
)
def test_numbers_are_known_as_they_are_or_rounded(script, text, unknown):
    """A number may be rounded; any other one is named."""
    assert script.unknown_numbers(text, script.facts_of("precipitation", 2015)) == unknown


@pytest.mark.parametrize(("year", "years"), [(2012, "2012, 2013, 2014, 2015"), (1999, "2012, 2013")])
def test_a_year_without_one_before_it_is_refused(script, office, year, years):
    """The message says which years there are."""
    with pytest.raises(NodeFailed, match=f"cannot tell of {year}. It has {years}"):
        run(script, SEND, year=year)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.drop(columns="wind"), "no column 'wind', only date, precipitation"),
        (
            lambda table: table.assign(date=table.date.astype(str)),
            "'date' holds str, no dates. Read it with parse_",
        ),
        (
            lambda table: table.assign(wind=table.wind.astype(str)),
            "'wind' holds str, no numbers. Turn it into numbers with pd.to_numeric",
        ),
        (
            lambda table: table.assign(date=table.date.where(table.index > 2)),
            r"3 rows have no 'date'. Leave them out: table.dropna\(subset=\['date'\]\)",
        ),
        (
            lambda table: table[table.date < "2015-07-01"],
            "The table has 6 months of 2015. Leave out years that are not whole, or set YEAR to one before",
        ),
        (
            lambda table: table[table.date > "2012-02-10"],
            "The table has 11 months of 2012. Leave out years that are not whole",
        ),
    ],
)
def test_a_table_that_lacks_something_is_refused(office, change, said):
    """The message names the column that is missing, the one that holds no dates or no numbers, or the year that is not whole."""
    script = loaded()
    script.table = change(script.table)

    with pytest.raises(NodeFailed, match=said):
        run(script, SEND)


SALES = """
from pathlib import Path
import pandas as pd

days = pd.date_range("2024-01-01", "2025-12-31").repeat(2)  # morning and evening
table = pd.DataFrame({"day": days, "cups": [day.year - 2020 if day.weekday() < 6 else 0 for day in days]})
table["tips/day"] = table.cups / 4
TITLE = "Coffee & <cake>"
DATE = "day"
MEASURES = {"cups": ("Cups <sold>", "", "sum"), "tips/day": ("Tips", "€", "sum")}
YEAR = 2025
TO = "owner@example.org"
MODEL = "offline"
OUT = Path("build/report")
ANSWERS = OUT / "answers.json"
"""


def test_a_single_day_at_zero_is_named(script):
    """One day is no row of days."""
    days = script.pd.Series([2.0, 0.0, 3.0], script.pd.date_range("2025-03-01", periods=3))
    assert script.longest_pause("Orders", days) == ["Orders stayed at zero on one day, 2 March."]


def test_another_table_needs_one_cell(tmp_path):
    """With the cell of the data replaced, the whole notebook tells of two years of a café, with right sums and escaped names."""
    notebook = nbformat.read(NOTEBOOK, 4)
    (cell,) = [
        cell for cell in notebook.cells if cell.source.startswith("from pathlib") and "TITLE" in cell.source
    ]
    cell.source = SALES
    folder = {"metadata": {"path": str(tmp_path)}}
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GENXAI_")}
    client = NotebookClient(notebook, timeout=100, resources=folder)
    with client.setup_kernel(env=environment):
        for place, one in enumerate(notebook.cells):
            client.execute_cell(one, place)
    page = (tmp_path / "build/report/report-2025.html").read_text("utf-8")
    opened = [(date(2025, 1, 1) + timedelta(day)).weekday() < 6 for day in range(365)]
    facts = next(cell.outputs[0] for cell in notebook.cells if cell.source.endswith("\nsome_facts"))

    total, before = 2 * 5 * sum(opened), 2 * 4 * 314
    first = f"came to {total:,} in 2025, {total / before - 1:.0%} more than the {before:,} of a usual year (2024)."
    assert f"Cups &lt;sold&gt; {first}" in page
    assert "<td>Cups &lt;sold&gt; (2025)</td>" in page
    assert f"Tips came to {total / 4:,.1f} € in 2025" in page
    assert (
        f"stayed at zero on {opened.count(False)} days, never on two in a row." in facts["data"]["text/plain"]
    )
    assert "The highest value of a day was 10, on 1 January." in facts["data"]["text/plain"]
    assert "<h1>Coffee &amp; &lt;cake&gt; in 2025</h1>" in page
    assert "same in" in notebook.cells[-1].outputs[0]["data"]["text/plain"]
