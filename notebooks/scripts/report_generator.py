# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "genxai-nb[tools]>=0.1",
#   "fpdf2>=2.8.9",
#   "matplotlib>=3.11.2",
#   "pandas>=3.1.1",
#   "vega-datasets>=0.9.0",
# ]
# ///
"""Run the graph report."""

import argparse
import base64
import hashlib
import json
import re
import sys
from calendar import month_name
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Literal

import matplotlib
import pandas as pd
from fpdf import FPDF
from genxai_nb import END, START, Agent, GenXAIError, Graph, Run, human
from matplotlib.figure import Figure
from pydantic import BaseModel, Field
from vega_datasets import data


class Approval(BaseModel):
    decision: Literal["send", "mend", "drop"] = Field(
        description="send it; let it be mended, once; or drop it",
    )
    comment: str = Field("", description="what is to be mended")


class Report(BaseModel):
    year: int = Field(description="the year to tell of")
    to: str = Field(description="who gets the mail")
    connection: str = Field("office", description="the name of the mail server")
    sections: list[dict] = []
    todo: list[dict] = Field([], description="the sections that are to be written now")
    texts: list[str] = Field([], description="all that was written, in that order")
    faults: int = Field(0, description="sections with a number that no fact has")
    subject: str = ""
    body: str = ""
    attachments: list[str] = []
    digests: list[str] = Field(
        [],
        description="what the files were when the person was asked",
    )
    standing: str = Field("", description="what the person is told about the report")
    approval: Approval | None = None
    receipt: dict = Field({}, description="what the mail server said")


table = data.seattle_weather()  # or pd.read_csv("sales.csv", parse_dates=["date"])
TITLE = "The weather in Seattle"
DATE = "date"

MEASURES = {  # column: its name, its unit, and what the days of a month or a year come to
    "precipitation": ("Rain", "mm", "sum"),
    "temp_max": ("Daily high", "°C", "mean"),
    "wind": ("Wind", "m/s", "mean"),
}

OUT = Path("build/report")
OUT.mkdir(parents=True, exist_ok=True)


def check_table():
    """Say what a table lacks."""
    missing = [column for column in (DATE, *MEASURES) if column not in table]
    if missing:
        raise ValueError(
            f"The table has no column {missing[0]!r}, only {', '.join(table)}."
        )
    if not pd.api.types.is_datetime64_any_dtype(table[DATE]):
        kind = table[DATE].dtype
        raise ValueError(
            f"{DATE!r} holds {kind}, no dates. Read it with parse_dates=[{DATE!r}]."
        )
    if absent := table[DATE].isna().sum():
        raise ValueError(
            f"{absent} rows have no {DATE!r}. Leave them out: table.dropna(subset=[{DATE!r}])."
        )
    if text := [
        column
        for column in MEASURES
        if not pd.api.types.is_numeric_dtype(table[column])
    ]:
        kind = table[text[0]].dtype
        raise ValueError(
            f"{text[0]!r} holds {kind}, no numbers. Turn it into numbers with pd.to_numeric."
        )


def places_of(column):
    """How many decimals a column's numbers are told with: none where whole things are counted together."""
    return (
        0
        if MEASURES[column][2] == "sum" and pd.api.types.is_integer_dtype(table[column])
        else 1
    )


def headed(column):
    """A column's name with its unit, if it has one."""
    return ", ".join(filter(None, MEASURES[column][:2]))


def number(value, column):
    return f"{value:,.{places_of(column)}f} {MEASURES[column][1]}".rstrip()


def day(date):
    return f"{date.day} {date:%B}"


def by_year(column, how, year):
    """Each year's value up to a year, and the mean of those before it."""
    values = table.groupby(table[DATE].dt.year)[column].agg(how)
    if year not in values.index[1:]:
        years = ", ".join(map(str, values.index))
        raise ValueError(
            f"The table cannot tell of {year}. It has {years}, the first only to compare with."
        )
    months = table[DATE].dt.month.groupby(table[DATE].dt.year).nunique().loc[:year]
    if (months < 12).any():
        raise ValueError(
            f"The table has {months.min()} months of {months.idxmin()}. "
            f"Leave out years that are not whole, or set YEAR to one before."
        )
    return values.loc[:year], values.loc[: year - 1].mean()


def by_month(column, how, year):
    """The months of a year beside the mean of the same months in the years before."""
    months = table.pivot_table(column, table[DATE].dt.month, table[DATE].dt.year, how)
    months.index = [month_name[month] for month in months.index]
    return pd.DataFrame(
        {"year": months[year], "usual": months.loc[:, : year - 1].mean(axis=1)}
    )


def facts_of(column, year):
    """What a column says about a year."""
    name, _, how = MEASURES[column]
    values, usual = by_year(column, how, year)
    this, first = values[year], values.index[0]
    percent = how == "sum" and usual > 0
    apart = (
        f"{abs(this / usual - 1):.0%}" if percent else number(abs(this - usual), column)
    )
    months = by_month(column, how, year)
    before = str(first) if first == year - 1 else f"{first} to {year - 1}"
    high, low, odd = (
        months.year.idxmax(),
        months.year.idxmin(),
        (months.year - months.usual).abs().idxmax(),
    )
    days = (
        table[table[DATE].dt.year == year]
        .groupby(table[DATE].dt.normalize())[column]
        .agg(how)
    )
    return [
        f"{name} {'came to' if how == 'sum' else 'averaged'} {number(this, column)} in {year}, {apart} "
        f"{'more' if this >= usual else 'less'} than the {number(usual, column)} of a usual year ({before}).",
        f"Since {first} the highest year was {values.idxmax()} with {number(values.max(), column)}, "
        f"the lowest {values.idxmin()} with {number(values.min(), column)}.",
        f"The highest month was {high} with {number(months.year[high], column)}, "
        f"the lowest {low} with {number(months.year[low], column)}.",
        f"Furthest from the usual was {odd}: {number(months.year[odd], column)} "
        f"instead of {number(months.usual[odd], column)}.",
        f"The highest value of a day was {number(days.max(), column)}, on {day(days.idxmax())}.",
        *longest_pause(name, days),
    ]


def longest_pause(name, days):
    """On how many days there was none, and how long without a break; nothing if there always was some."""
    zero = days == 0
    if not zero.any():
        return []
    lengths = zero.groupby((~zero).cumsum()).cumsum()
    end = lengths.idxmax()
    began = zero[:end].index[-lengths.max()]
    if zero.sum() == 1:
        return [f"{name} stayed at zero on one day, {day(end)}."]
    most = f"{lengths.max()} of them in a row, from {day(began)} to {day(end)}"
    row = most if began < end else "never on two in a row"
    return [f"{name} stayed at zero on {zero.sum()} days, {row}."]


def picture_of(column, year):
    return OUT / f"{column.replace('/', '-')}-{year}.png"


def chart(column, year):
    """Draw the months of a year beside the usual ones."""
    months = by_month(column, MEASURES[column][2], year)
    figure = Figure(figsize=(6.6, 2.4), layout="constrained")
    axes = figure.subplots()
    axes.bar(months.index.str[:3], months.year, color="#4c78a8", label=str(year))
    axes.plot(months.index.str[:3], months.usual, "o", color="#e45756", label="usual")
    axes.set_ylabel(headed(column))
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper right", frameon=False, ncols=2)
    OUT.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture_of(column, year), dpi=130)


def draw(state):
    for column in MEASURES:
        chart(column, state.year)
    return {}


def outline(state):
    """The sections before anything is written."""
    check_table()
    facts = {column: facts_of(column, state.year) for column in MEASURES}
    found = [("In short", "", [some[0] for some in facts.values()])]
    found += [(MEASURES[column][0], column, some) for column, some in facts.items()]
    keys = ("name", "column", "facts", "text", "advice")
    return {
        "sections": [
            dict(zip(keys, (*section, "", ""), strict=True)) for section in found
        ]
    }


def plan(state):
    """The sections to be written now, with what is said about them."""
    todo = [section for section in state.sections if section["advice"]]
    if state.approval and not todo:
        todo = [
            {**section, "advice": state.approval.comment} for section in state.sections
        ]
    return {"todo": todo or state.sections}


NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def value_of(found):
    return float(found.replace(",", ""))


def unknown_numbers(text, facts):
    """The numbers of a text that no fact has, not even rounded to as many places as the text gives."""
    known = [value_of(found) for fact in facts for found in NUMBER.findall(fact)]
    wrong = []
    for found in NUMBER.findall(text):
        places = len(found.partition(".")[2])
        if value_of(found) not in {round(value, places) for value in known}:
            wrong.append(found)
    return wrong


def check(state):
    """Take what was written, and say what to mend where it has a number that no fact has."""
    sections = {section["name"]: section for section in state.sections}
    for section, text in zip(state.todo, state.texts[-len(state.todo) :], strict=True):
        wrong = ", ".join(unknown_numbers(text, section["facts"]))
        advice = (
            f"{section['advice']} Leave out {wrong}, which no fact has.".strip()
            if wrong
            else ""
        )
        sections[section["name"]] = {**section, "text": text, "advice": advice}
    faults = sum(bool(section["advice"]) for section in sections.values())
    return {"sections": list(sections.values()), "faults": faults}


PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>$title</title>
<style>
body { font: 16px/1.5 sans-serif; max-width: 44em; margin: 2em auto; color: #222 }
img { max-width: 100% }
table { border-collapse: collapse }
td { padding: .2em .8em; text-align: right; border-bottom: 1px solid #ddd }
</style>
</head>
<body>
<h1>$title</h1>
$sections
<h2>Month by month</h2>
<table>
$rows
</table>
</body>
</html>
""")


def printed(section):
    """The text of a section, or its facts while the text has a number that none of them has."""
    return "\n".join(section["facts"]) if section["advice"] else section["text"]


def month_rows(year):
    """The lines of the table of months: of each measure the year and the usual."""
    months = {
        column: by_month(column, how, year) for column, (_, _, how) in MEASURES.items()
    }
    yield [
        "",
        *(
            f"{headed(column)} ({which})"
            for column in MEASURES
            for which in (year, "usual")
        ),
    ]
    whole = pd.concat(months.values(), axis=1)
    places = [places_of(column) for column in MEASURES for _ in ("year", "usual")]
    for month, values in zip(whole.index, whole.values, strict=True):
        told = (
            f"{value:,.{digits}f}" for value, digits in zip(values, places, strict=True)
        )
        yield [month, *told]


def html_of(title, sections, year):
    """The report as one page."""
    parts = []
    for section in sections:
        parts.append(f"<h2>{escape(section['name'])}</h2>")
        parts += [f"<p>{escape(line)}</p>" for line in printed(section).split("\n")]
        if section["column"]:
            picture = base64.b64encode(
                picture_of(section["column"], year).read_bytes()
            ).decode()
            parts.append(f'<img alt="by month" src="data:image/png;base64,{picture}">')
    rows = [
        "".join(f"<td>{escape(cell)}</td>" for cell in row) for row in month_rows(year)
    ]
    table_rows = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return PAGE.substitute(
        title=escape(title), sections="\n".join(parts), rows=table_rows
    )


FONTS = Path(
    matplotlib.get_data_path(), "fonts", "ttf"
)  # DejaVu, which has the letters of many languages


class Pages(FPDF):
    """Pages with their number at the bottom."""

    def footer(self):
        self.set_y(-15)
        self.set_font("DejaVu", size=8)
        self.cell(0, 10, f"{self.title}, page {self.page_no()}", align="C")

    def say(self, text, size, style=""):
        self.set_font("DejaVu", style, size)
        self.multi_cell(0, size / 2, text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(2)


def pdf_of(title, sections, year):
    """The report as a PDF."""
    pages = Pages()
    pages.set_title(title)
    pages.set_creation_date(
        table[DATE].max().to_pydatetime()
    )  # not the clock: equal reports are equal files
    pages.add_font("DejaVu", "", FONTS / "DejaVuSans.ttf")
    pages.add_font("DejaVu", "B", FONTS / "DejaVuSans-Bold.ttf")
    pages.add_page()
    pages.say(title, 20, "B")
    for section in sections:
        if section["column"] and pages.will_page_break(100):
            pages.add_page()
        pages.say(section["name"], 13, "B")
        pages.say(printed(section), 10)
        if section["column"]:
            pages.image(picture_of(section["column"], year), w=pages.epw)
            pages.ln(4)
    if pages.will_page_break(100):
        pages.add_page()
    pages.say("Month by month", 13, "B")
    pages.set_font("DejaVu", size=8)
    with pages.table(text_align="RIGHT", borders_layout="HORIZONTAL_LINES") as rows:
        for row in month_rows(year):
            rows.row(row)
    return bytes(pages.output())


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def build(state):
    """Write the report, and what is to be said about it."""
    title = f"{TITLE} in {state.year}"
    files = [OUT / f"report-{state.year}.html", OUT / f"report-{state.year}.pdf"]
    OUT.mkdir(parents=True, exist_ok=True)
    files[0].write_text(html_of(title, state.sections, state.year), "utf-8")
    files[1].write_bytes(pdf_of(title, state.sections, state.year))
    numbers = sum(len(NUMBER.findall(printed(section))) for section in state.sections)
    bare = (
        f"; the text of {state.faults} had others, so that bare facts stand there"
        if state.faults
        else ""
    )
    return {
        "subject": title,
        "body": f"{printed(state.sections[0])}\n\nThe report is attached: a page for the browser, and a PDF.",
        "attachments": [str(file) for file in files],
        "digests": [digest(file) for file in files],
        "standing": f"In its {len(state.sections)} sections are {numbers} numbers, all from the facts{bare}. See {files[1]}.",
    }


def unchanged(state):
    """Let nothing be sent but what the person has seen."""
    for file, seen in zip(state.attachments, state.digests, strict=True):
        if digest(file) != seen:
            raise ValueError(
                f"{file} has changed since it was approved. Run the graph again."
            )
    return {}


writer = Agent(
    "writer",
    model="offline",
    role="Writer of yearly reports",
    goal="Say in plain words what the figures say",
    memory=[],
    task="""Write the section "{{section.name}}" in three sentences from the facts, and from nothing else.
If there is a draft, mend it as the advice says.
<facts>
{{section.facts}}
</facts>
<draft>
{{section.text}}
</draft>
<advice>
{{section.advice}}
</advice>""",
    reads=[],
    writes="texts",
)

report = Graph("report", state=Report, reducers={"texts": "append"})
report.node(
    "approve",
    human("Send this report to {{to}}? {{standing}}"),
    into="approval",
)
report.node(
    "send",
    "email_sender",
    connection="connection",
    to="[to]",
    subject="subject",
    body="body",
    attachments="attachments",
    into="receipt",
)
report.node("outline", outline)
report.node("draw", draw)
report.node("plan", plan)
report.node("writer", writer)
report.node("check", check)
report.node("build", build)
report.node("unchanged", unchanged)
report.edge(START, "outline")
report.edge("outline", "draw")
report.edge("draw", "plan")
report.edge("plan", "writer", each="todo", item="section")
report.edge("writer", "check")
report.edge("check", "plan", when="faults", limit=2)
report.edge("check", "build", otherwise=True)
report.edge("build", "approve")
report.edge("approve", "plan", when='approval.decision == "mend"', limit=1)
report.edge("approve", "unchanged", when='approval.decision == "send"')
report.edge("approve", END, otherwise=True)
report.edge("unchanged", "send")


FLAGS: tuple[str, ...] = (
    "year",
    "to",
    "connection",
    "sections",
    "todo",
    "texts",
    "faults",
    "subject",
    "body",
    "attachments",
    "digests",
    "standing",
    "approval",
    "receipt",
)
TEXTS: tuple[str, ...] = ("to", "connection", "subject", "body", "standing")
NEEDED = {"year": "int, such as --year 3", "to": "str, such as --to 'some text'"}
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
        description="Run the graph report.",
        epilog="exit codes: 0 done, 1 failed, 2 wrong usage, 3 paused or waiting",
    )
    parser.add_argument("--year", metavar="VALUE", help="the year to tell of")
    parser.add_argument("--to", metavar="TEXT", help="who gets the mail")
    parser.add_argument(
        "--connection",
        metavar="TEXT",
        help="the name of the mail server (default: office)",
    )
    parser.add_argument("--sections", metavar="VALUE", help="(default: [])")
    parser.add_argument(
        "--todo",
        metavar="VALUE",
        help="the sections that are to be written now (default: [])",
    )
    parser.add_argument(
        "--texts",
        metavar="VALUE",
        help="all that was written, in that order (default: [])",
    )
    parser.add_argument(
        "--faults",
        metavar="VALUE",
        help="sections with a number that no fact has (default: 0)",
    )
    parser.add_argument("--subject", metavar="TEXT", help="(default: '')")
    parser.add_argument("--body", metavar="TEXT", help="(default: '')")
    parser.add_argument("--attachments", metavar="VALUE", help="(default: [])")
    parser.add_argument(
        "--digests",
        metavar="VALUE",
        help="what the files were when the person was asked (default: [])",
    )
    parser.add_argument(
        "--standing",
        metavar="TEXT",
        help="what the person is told about the report (default: '')",
    )
    parser.add_argument("--approval", metavar="VALUE", help="(default: None)")
    parser.add_argument(
        "--receipt",
        metavar="VALUE",
        help="what the mail server said (default: {})",
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
        name: text if name in TEXTS else value_of_1(text)
        for name, text in said.items()
        if text is not None
    }
    for name, how in NEEDED.items():
        if not given.resume and name not in given.state:
            parser.error(f"--{name} has to be given: {how}")
    return given


def value_of_1(text: str) -> Any:
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


def plain(value: Any) -> Any:
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
            run = Run.load(given.resume, report, given.store)
            if policy is not None:
                run.set_policy(policy)
        else:
            run = report.start(
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
        print(json.dumps(state, default=plain, ensure_ascii=False))
    else:
        for key, value in state.items():
            print(f"{key}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

# exported by genxai-nb, 2376d6dfe5cadbe8
