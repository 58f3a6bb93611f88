"""The data analysis: its figures computed another way, its script, other data, and columns that are not there."""

from __future__ import annotations

import copy
import importlib.util
import io
import json
import re
import sqlite3
import statistics
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import vega_datasets
from bokeh_sampledata.movies_data import movie_path
from matplotlib.figure import Figure
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "data_analysis.ipynb"
SCRIPT = NOTEBOOK.parent / "scripts" / "data_analysis.py"

CARS = """
from vega_datasets import local_data

MODEL = "offline"
PRICE = {"input": 1.0, "output": 4.0}
table = local_data.cars()
NAME, YEAR, SEPARATOR, ENOUGH = "Name", "Year", "", 50
NUMBERS = {"Miles_per_Gallon": "how far it goes", "Horsepower": "how strong it is", "Acceleration": "seconds to 60 mph"}
GROUPS = {"Origin": "where it was made", "Cylinders": "how many"}
QUESTIONS = {
    "What is the average horsepower by origin?": lambda: table.groupby("Origin").Horsepower.mean(),
    "Which 3 cars have the most miles per gallon?": lambda: table.Miles_per_Gallon.nlargest(3),
    "How many cars from Japan are there since 1980?": None,
    "Do horsepower and acceleration go together?": lambda: 0.123,
}
texts = table[table.Name.str.contains("ford|toyota")].assign(maker_text=lambda row: "A " + row.Name).head(40).reset_index(drop=True)
TEXT = "maker_text"


class Reading(BaseModel):
    maker: Literal["ford", "toyota"] = Field("ford", description="Who made it.")
    price: int | None = Field(None, description="The price in dollars.")


def expected(text):
    return {"maker": text.split()[1], "price": None}


LABEL, OUTCOME = "maker", "Miles_per_Gallon"
"""


def output_of(notebook, part: str) -> str:
    """What the cell whose source has a part put out, as text."""
    (found,) = [cell for cell in notebook.cells if cell.cell_type == "code" and part in cell.source]
    return "\n".join(out.get("text") or out.get("data", {}).get("text/plain", "") for out in found.outputs)


def table_of(notebook, part: str) -> pd.DataFrame:
    """The last table that such a cell shows."""
    (found,) = [cell for cell in notebook.cells if cell.cell_type == "code" and part in cell.source]
    pages = [out.data["text/html"] for out in found.outputs if "text/html" in out.get("data", {})]
    return pd.read_html(io.StringIO(pages[-1]), index_col=0)[0]


@pytest.fixture(scope="module")
def committed():
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def ask_sql():
    """Rows of the package's database, by SQL and without pandas."""
    with closing(sqlite3.connect(movie_path)) as db:
        yield lambda sql: db.execute(sql).fetchall()


def listed(column: str, value: str) -> str:
    """The SQL that finds a value in a cell of several."""
    return f"', ' || {column} || ', ' like '%, {value}, %'"


FROM = "from omdb join tomatoes using (ID)"


def test_answers_are_those_of_the_database(committed, ask_sql):
    """Counts, means, ranks and medians are the same by SQL, figure by figure."""
    answers = table_of(committed, '"pandas agrees"').set_index("question").answer
    decades = ask_sql("select Year / 10 * 10, count(*) from omdb group by 1 order by 1")
    documentary = f"{FROM} where {listed('Genre', 'Documentary')}"
    hindi = ask_sql(
        f"select Runtime {FROM} where {listed('Language', 'Hindi')} and Year >= 1990 and Runtime is not null"
    )
    best = ask_sql(f"select Title, Year, BoxOffice {FROM} order by BoxOffice desc limit 3")
    both = f"{listed('Language', 'French')} and {listed('Genre', 'War')}"

    ((mean,),) = ask_sql(f"select avg(Meter) {documentary}")
    assert answers.iloc[0].startswith(f"The mean of critics by genre is Documentary: {mean:.1f}, ")
    assert ", ".join(f"{decade}s: {rows:,}" for decade, rows in decades) in answers.iloc[1]
    assert answers.iloc[2] == f"The mean of critics (Documentary) is {mean:.1f}."
    assert ", ".join(f"{title} ({year}): {gross:,.0f}" for title, year, gross in best) in answers.iloc[3]
    assert answers.iloc[4].endswith(f" is {statistics.median(row[0] for row in hindi):.0f}.")
    ((rows,),) = ask_sql(f"select count(*) from omdb where {both}")
    assert answers.iloc[5] == f"There are {rows} rows (French, War)."


def test_correlations_are_those_of_the_database(committed, ask_sql):
    """Pearson's by the standard library, of the films that have both figures."""
    answers = table_of(committed, '"pandas agrees"').answer
    both = f"{FROM} where BoxOffice is not null and"
    for place, sql in (
        (6, f"select BoxOffice, Meter {both} Meter is not null"),
        (7, f"select Runtime, BoxOffice {both} Runtime is not null and {listed('Genre', 'Drama')}"),
    ):
        pairs = ask_sql(sql)
        correlation = statistics.correlation(*zip(*pairs, strict=True))
        assert f" is {correlation:.2f} over {len(pairs):,} rows." in answers.iloc[place]


def test_what_was_read_is_what_the_awards_say(committed, ask_sql):
    """Medians by standing, from the texts of the database, without the agent."""
    rows = ask_sql(
        f"select Awards, Meter, BoxOffice, Oscars {FROM}"
        " where Awards is not null and BoxOffice is not null and Reviews >= 40"
    )
    summary = table_of(committed, "summary = labelled")
    for standing, chosen in (
        ("winner", [row for row in rows if "Won" in row[0]]),
        ("nominee", [row for row in rows if "Won" not in row[0]]),
    ):
        assert int(summary.loc[standing, "rows"]) == len(chosen)
        assert round(float(summary.loc[standing, "box_office"])) == round(
            statistics.median(row[2] for row in chosen)
        )
        assert float(summary.loc[standing, "critics"]) == statistics.median(row[1] for row in chosen)
    assert all(int(re.search(r"Won (\d+)", row[0])[1]) == row[3] for row in rows if "Won" in row[0])
    assert set(table_of(committed, "by_pattern")["as the pattern says"]) == {"100.0%"}


def test_the_interrupted_map_went_on_where_it_stopped(committed):
    """Eleven of twenty rows were done, and only the others were run again."""
    assert "fragile: 11 of 20 rows · interrupted" in output_of(committed, "except KeyboardInterrupt")
    assert "fragile: 20 of 20 rows, 11 done before" in output_of(committed, "whole = fragile")
    assert "read: 629 of 629 rows, 5 done before" in output_of(committed, "done = read.map")


@pytest.fixture(scope="module")
def script():
    """The exported script as a module."""
    spec = importlib.util.spec_from_file_location("data_analysis", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize(
    ("question", "call"),
    [
        ("average runtime per country", "summarise(column='runtime', statistic='mean', by='country')"),
        ("How well do critics score horror films on average?", "summarise(column='critics', statistic='mean', only=['Horror'])"),
        ("Which genres earn the most at the box office, by median?",
         "summarise(column='box_office', statistic='median', by='genre')"),
        ("Tell me the sum of the box office in the 1990s.", "summarise(column='box_office', statistic='sum', only=['1990s'])"),
        ("How do runtimes differ between genres?", "summarise(column='runtime', by='genre')"),
        ("How many Japanese horror films were made until 1999?", "count_rows(only=['Japanese', 'Horror'], until=1999)"),
        ("Count the R films by decade.", "count_rows(by='decade', only=['R'])"),
        ("Show me the ten longest documentaries by runtime.", "rank(column='runtime', top=10, only=['Documentary'])"),
        ("Which film won the most oscars?", "rank(column='oscars')"),
        ("List the 3 lowest box office results among comedies since 2000.",
         "rank(column='box_office', top=3, lowest=True, only=['Comedy'], since=2000)"),
        ("Is there any relation between the number of reviews and the critics' score?",
         "correlate(column='reviews', other='critics')"),
        ("Visualise the total oscars per decade.", "draw(column='oscars', by='decade', statistic='sum')"),
        ("Make a bar chart of the films' mean runtime by genre.", "draw(column='runtime', by='genre', statistic='mean')"),
        ("What share is 48 / 589?", "calculator(expression='48 / 589')"),
        ("Show the maximum runtime by rating.", "summarise(column='runtime', statistic='max', by='rating')"),
        ("Who was the best director?", ""),
    ],
)  # fmt: skip
def test_analyst_makes_the_call_that_a_question_means(script, question: str, call: str):
    """Also in words that the notebook does not use."""
    steps = script.ask.run({"question": question}, store=":memory:").timeline()
    assert list(steps[steps.kind == "model"].text)[:-1] == ([call] if call else [])


def test_an_answer_that_leaves_out_the_year_is_none(script):
    """Since, until, in and between choose years; a question with another word for them gets advice."""
    told = [
        script.ask.run({"question": f"How many horror films were made {when} 1999?"}, store=":memory:").state
        for when in ("until", "in", "around")
    ]
    assert [state.answered for state in told] == [True, True, False]
    assert "since or until a year" in told[2].answer


def ask_script(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--json", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_script_answers_another_question(tmp_path, ask_sql):
    """It computes and draws by itself; what no tool answers gets advice, and no question at all is an error."""
    asked = ask_script(tmp_path, "--question", "Plot the total oscars by decade.")
    state = json.loads(asked.stdout)
    ((nineties,),) = ask_sql("select sum(Oscars) from omdb where Year between 1990 and 1999")

    assert f"1990s: {nineties}," in state["answer"]
    assert (tmp_path / "build" / "charts" / "sum-oscars-by-decade.png").read_bytes().startswith(b"\x89PNG")
    advice = json.loads(ask_script(tmp_path, "--question", "Who was the best director?").stdout)
    assert advice["answer"].startswith("No tool fits 'Who was the best director?' Name a number (critics, ")
    nothing = ask_script(tmp_path)
    assert (nothing.returncode, "--question has to be given: str, such as --question" in nothing.stderr) == (
        2,
        True,
    ), nothing.stderr


def with_data(committed, source: str, *, last: str = "") -> nbformat.NotebookNode:
    """The notebook with another cell of data, up to the cell that has a text."""
    notebook = copy.deepcopy(committed)
    (place,) = [number for number, cell in enumerate(notebook.cells) if "movie_path" in cell.source]
    notebook.cells[place].source = source
    if last:
        notebook.cells = notebook.cells[: 1 + [last in cell.source for cell in notebook.cells].index(True)]
    return notebook


def executed(notebook, folder: Path):
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def test_one_cell_makes_it_an_analysis_of_cars(committed, tmp_path):
    """With another table in the cell of data all others run as they are, and their figures are those of the cars."""
    cars = pd.DataFrame(
        json.loads((Path(vega_datasets.__file__).parent / "_data" / "cars.json").read_text("utf-8"))
    )
    old = tmp_path / "build" / "charts" / "mean-critics-by-decade.png"
    old.parent.mkdir(parents=True)
    Figure().savefig(old)
    notebook = executed(with_data(committed, CARS), tmp_path)
    answers = table_of(notebook, '"pandas agrees"')

    assert not old.exists()
    assert list(answers["pandas agrees"]) == ["yes", "yes", "-", "NO"]  # the last check is wrong on purpose
    strong = {origin: statistics.fmean(rows.dropna()) for origin, rows in cars.groupby("Origin").Horsepower}
    told = {origin: f"{mean:.0f}" if mean.is_integer() else f"{mean:.1f}" for origin, mean in strong.items()}
    assert [origin for origin in told if f"{origin}: {told[origin]}" not in answers.answer.iloc[0]] == []
    late = ((cars.Origin == "Japan") & (cars.Year >= "1980")).sum()
    assert answers.answer.iloc[2] == f"There are {late} rows (Japan, since 1980)."
    assert "read: 40 of 40 rows, 5 done before" in output_of(notebook, "done = read.map")
    assert set(table_of(notebook, "by_pattern")["as the pattern says"]) == {"100.0%"}
    assert "Cylinders: 3 of 5 values stand in 50 rows or more: 4, 8, 6\n" in output_of(notebook, "def cells(")
    assert list(table_of(notebook, "summary = labelled").index) == ["ford", "toyota", "all of the table"]


TABLE = "local_data.cars()\n"


@pytest.mark.parametrize(
    ("there", "instead", "said"),
    [
        ('"Horsepower": ', '"Horses": ', r"The table has no column Horses\. Its columns: Name, Miles_per"),
        (TABLE, f"{TABLE[:-1]}.astype({{'Horsepower': str}})\n", r"'Horsepower' holds str, no numbers\."),
        (TABLE, f"{TABLE[:-1]}.astype({{'Year': str}})\n", r"'Year' holds str, no years or dates\."),
        (
            TABLE,
            f"pd.concat([{TABLE[:-1]}] * 2)\n",
            r"share a label of its index\. .*reset_index\(drop=True\)",
        ),
        ('", 50', '", 300', r"No value of Origin, Cylinders stands in 300 rows, the most frequent in 254\."),
    ],
    ids=["column", "numbers", "years", "labels", "groups"],
)
def test_a_table_that_cannot_be_asked_is_refused(committed, tmp_path, there: str, instead: str, said: str):
    """A mistake in the cell of data is told by the next one, with what to do."""
    assert CARS.count(there) == 1
    with pytest.raises(CellExecutionError, match=said):
        executed(with_data(committed, CARS.replace(there, instead), last="def cells("), tmp_path)


def test_a_table_may_have_no_years_and_values_in_two_columns(committed, tmp_path):
    """It is asked all the same; values that a question cannot tell apart are listed, and a question for years is refused."""
    source = CARS.replace('"Year", "", 50', '"", "", 50').replace(
        TABLE, f"{TABLE}table['Doors'] = table.Cylinders.where(table.Cylinders < 6, 2)\n"
    )
    source = source.replace('"Cylinders": "how many"', '"Cylinders": "how many", "Doors": "how many"')
    notebook = executed(with_data(committed, source, last='"pandas agrees"'), tmp_path)
    answers = table_of(notebook, '"pandas agrees"').answer

    assert "In more than one column: 4." in output_of(notebook, "def cells(")
    assert answers.iloc[1].startswith("The highest Miles_per_Gallon: mazda glc: 46.6, ")
    assert "The table has no years." in answers.iloc[2]
