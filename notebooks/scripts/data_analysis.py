# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "genxai-nb>=0.1",
#   "bokeh_sampledata>=2026.1",
#   "matplotlib>=3.11.2",
#   "pandas>=3.1.1",
# ]
# ///
"""Run the graph ask."""

import argparse
import json
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from bokeh_sampledata.movies_data import movie_path
from genxai_nb import END, START, Agent, GenXAIError, Graph, Run, tool
from pandas.api.types import is_datetime64_any_dtype as is_dates
from pydantic import BaseModel, Field


class Question(BaseModel):
    question: str = Field(description="in words")
    answer: str = Field("", description="what the analyst found")
    answered: bool = Field(False, description="the answer has a figure")


with closing(sqlite3.connect(movie_path)) as db:
    table = pd.read_sql(
        """select Title title, Year year, Runtime runtime, omdb.Rating rating, Genre genre, Language language,
                  Country country, Meter critics, Reviews reviews, BoxOffice box_office, Oscars oscars, Awards awards
           from omdb join tomatoes using (ID) order by ID""",
        db,
    )
table["decade"] = (table.year // 10 * 10).astype(str) + "s"

NAME, YEAR = (
    "title",
    "year",
)  # what a row is called, and its year or date; "" if it has none
SEPARATOR = (
    ", "  # parts the values of a cell, such as "Drama, Crime"; "" if each has one
)
ENOUGH = 100  # rows that a value has to stand in to be a group

NUMBERS = {  # columns to compute with, and what they are
    "critics": "per cent of the critics who liked it",
    "reviews": "how many critics wrote of it",
    "runtime": "minutes",
    "box_office": "US dollars that it took in",
    "oscars": "how many it won",
}

GROUPS = {  # columns to group and to filter by
    "genre": "such as Drama",
    "country": "where it was made",
    "language": "what is spoken",
    "rating": "of the MPAA, such as PG-13",
    "decade": "such as 1990s",
}


def cells(column):
    """Each row's values in a column of groups: a list."""
    whole = table[column].astype("str").fillna("")
    return whole.str.split(SEPARATOR) if SEPARATOR else whole.map(lambda value: [value])


def common(column):
    """The values that stand in enough rows."""
    rows = cells(column).explode().value_counts()
    return [value for value in rows[rows >= ENOUGH].index if value]


def told(columns):
    """The columns as a model is told of them."""
    return Field(
        description="; ".join(f"{name}: {what}" for name, what in columns.items())
    )


def years(rows):
    """The year of each row."""
    if not YEAR:
        raise ValueError("The table has no years.")
    return (rows[YEAR].dt.year if is_dates(rows[YEAR]) else rows[YEAR]).astype("Int64")


column_of = {value: name for name in reversed(GROUPS) for value in common(name)}
Number = Annotated[Literal[*NUMBERS], told(NUMBERS)]
Group = Annotated[Literal[*GROUPS], told(GROUPS)]
Value = Literal[*column_of]
Statistic = Literal["mean", "median", "sum", "min", "max"]


def kept(only=(), since=None, until=None):
    """The rows with all of some values and within some years, and this in words."""
    rows, said = table, [*only]
    for value in only:
        rows = rows[
            cells(column_of[value])[rows.index].map(
                lambda cell, value=value: value in cell
            )
        ]
    if since is not None:
        rows, said = rows[years(rows) >= since], [*said, f"since {since}"]
    if until is not None:
        rows, said = rows[years(rows) <= until], [*said, f"until {until}"]
    return rows, f" ({', '.join(said)})" if said else ""


def by_group(rows, group):
    """The rows once for each of their values in a column of groups, of the common ones."""
    each = rows.assign(**{group: cells(group)[rows.index]}).explode(group)
    return each[each[group].isin(common(group))].groupby(group)


def ordered(found):
    """Groups that are numbers, such as decades, in their order; others the largest first."""
    counted = all(str(name)[:1].isdigit() for name in found.index)
    return (
        found.sort_index()
        if counted
        else found.sort_values(ascending=False, kind="stable")
    )


def say(number):
    """A number as it is told: one decimal where it has any, two below 1."""
    whole = float(number).is_integer() or abs(number) >= 1000
    return (
        f"{number:,.0f}"
        if whole
        else f"{number:.1f}"
        if abs(number) >= 1
        else f"{number:.2f}"
    )


def listed(found, most=8):
    """Names with their numbers, as a text."""
    told = ", ".join(
        f"{name}: {say(number)}" for name, number in found.head(most).items()
    )
    return f"{told}, and {len(found) - most} more" if len(found) > most else told


@tool(read_only=True)
def summarise(
    column: Number,
    statistic: Statistic = "mean",
    by: Group | None = None,
    only: tuple[Value, ...] = (),
    since: int | None = None,
    until: int | None = None,
) -> str:
    """Compute the mean, median, sum, minimum or maximum of a column, of all rows or by group."""
    rows, where = kept(only, since, until)
    if by is None:
        return (
            f"The {statistic} of {column}{where} is {say(rows[column].agg(statistic))}."
        )
    found = ordered(by_group(rows, by)[column].agg(statistic).dropna())
    return f"The {statistic} of {column} by {by}{where} is {listed(found)}."


@tool(read_only=True)
def count_rows(
    by: Group | None = None,
    only: tuple[Value, ...] = (),
    since: int | None = None,
    until: int | None = None,
) -> str:
    """Count how many rows there are, of all rows or by group."""
    rows, where = kept(only, since, until)
    if by is None:
        return f"There are {len(rows):,} rows{where}."
    return f"The rows by {by}{where} are {listed(ordered(by_group(rows, by).size()))}."


@tool(read_only=True)
def rank(
    column: Number,
    top: int = 5,
    *,
    lowest: bool = False,
    only: tuple[Value, ...] = (),
    since: int | None = None,
    until: int | None = None,
) -> str:
    """List the rows with the highest or lowest values of a column.

    Args:
        column: The column to go by.
        top: How many rows to list.
        lowest: The lowest values instead of the highest.
        only: Rows with these values.
        since: The first year.
        until: The last year.
    """
    rows, where = kept(only, since, until)
    found = (
        rows.sort_values(column, ascending=lowest, kind="stable")
        .dropna(subset=[column])
        .head(top)
    )
    names = found[NAME].astype(str) + (
        " (" + years(found).astype(str) + ")" if YEAR else ""
    )
    return f"The {'lowest' if lowest else 'highest'} {column}{where}: {listed(found[column].set_axis(names), top)}."


@tool(read_only=True)
def correlate(column: Number, other: Number, only: tuple[Value, ...] = ()) -> str:
    """Measure the correlation between two columns: whether they are related."""
    rows, where = kept(only)
    pairs = rows[[column, other]].dropna()
    found = pairs[column].corr(pairs[other])
    return f"The correlation of {column} and {other}{where} is {found:.2f} over {len(pairs):,} rows."


CHARTS = Path("build/charts")


@tool(idempotent=True)
def draw(
    column: Number,
    by: Group,
    statistic: Statistic = "mean",
    only: tuple[Value, ...] = (),
) -> str:
    """Draw a chart of a column by group."""
    from matplotlib.figure import Figure

    rows, where = kept(only)
    found = ordered(by_group(rows, by)[column].agg(statistic).dropna()).head(12)
    figure = Figure(figsize=(7, 2.6), layout="constrained")
    axes = figure.subplots()
    axes.bar(found.index, found, color="#4c78a8")
    axes.set_title(f"{statistic} of {column} by {by}{where}", fontsize=10)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(axis="x", labelrotation=0 if len(found) < 9 else 30)
    axes.spines[["top", "right"]].set_visible(False)
    CHARTS.mkdir(parents=True, exist_ok=True)
    name = f"{statistic}-{column}-by-{by}.png".replace("/", "-")
    figure.savefig(CHARTS / name, dpi=80)
    return (
        f"The chart {name} shows that the {statistic} of {column} is {listed(found)}."
    )


def judge(state):
    asked = re.findall(r"\b(?:19|20)\d\d\b", state.question)
    return {
        "answered": bool(re.search(r"\d", state.answer))
        and all(year in state.answer for year in asked)
    }


def advise(state):
    ask_of = f"a number ({', '.join(NUMBERS)}) and, if you like, a group ({', '.join(GROUPS)}), since or until a year"
    return {"answer": f"No tool fits {state.question!r} Name {ask_of}."}


analyst_1 = Agent(
    "analyst",
    role="Data analyst",
    goal="Answer from the table, never from memory",
    tools=[summarise, count_rows, rank, correlate, draw, "calculator"],
    memory=[],
    task="{{question}}",
    reads=["question"],
    writes="answer",
)

ask = Graph("ask", state=Question)
ask.node("analyst", analyst_1)
ask.node("judge", judge)
ask.node("advise", advise)
ask.edge(START, "analyst")
ask.edge("analyst", "judge")
ask.edge("judge", END, when="answered")
ask.edge("judge", "advise", otherwise=True)
ask.edge("advise", END)


FLAGS: tuple[str, ...] = ("question", "answer", "answered")
TEXTS: tuple[str, ...] = ("question", "answer")
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
        description="Run the graph ask.",
        epilog="exit codes: 0 done, 1 failed, 2 wrong usage, 3 paused or waiting",
    )
    parser.add_argument("--question", metavar="TEXT", help="in words")
    parser.add_argument(
        "--answer",
        metavar="TEXT",
        help="what the analyst found (default: '')",
    )
    parser.add_argument(
        "--answered",
        metavar="VALUE",
        help="the answer has a figure (default: False)",
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
            run = Run.load(given.resume, ask, given.store)
            if policy is not None:
                run.set_policy(policy)
        else:
            run = ask.start(
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

# exported by genxai-nb, 4a90082760ede754
