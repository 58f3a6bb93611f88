"""The settings in force, in a notebook."""

from __future__ import annotations

from pathlib import Path

from genxai_nb import notebook

KEY = "sk-canary-0123456789abcdef0123"


def test_settings_tell_what_holds_and_where_it_comes_from(run, shell, monkeypatch, tmp_path):
    """A default, one of the environment and one that a cell has set; each says what it is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GENXAI_STORE", raising=False)
    before = run("%genxai config").content["result"]
    run("%env GENXAI_MODEL=scripted:echo")
    table = run("%genxai config").content["result"]
    monkeypatch.delenv("GENXAI_MODEL")

    assert list(table.columns) == ["value", "from", "what it is"]
    assert before.loc["GENXAI_MODEL", ["value", "from"]].tolist() == ["offline", "default"]
    assert table.loc["GENXAI_MODEL", ["value", "from"]].tolist() == ["scripted:echo", "cell"]
    assert table.loc["GENXAI_STORE", "value"] == str(Path.cwd() / ".genxai" / "journal.db")
    assert table.loc["GENXAI_STORE", "what it is"].startswith("Where runs are kept: :memory:, a path")
    assert table.loc["GENXAI_PROJECT", "value"] == tmp_path.name


def test_what_was_set_before_the_notebook_is_of_the_environment(monkeypatch, shell, run):
    """Loading the extension again does not make a cell's setting one of the environment."""
    monkeypatch.setenv("GENXAI_POLICY", "safe")
    run("%reload_ext genxai_nb")

    assert run("%genxai config policy").content["result"]["from"].tolist() == ["cell"]


def test_a_kernel_tells_its_environment_from_its_cells(new_kernel, monkeypatch):
    """What the kernel was started with is the environment's, also after a cell has changed something else."""
    monkeypatch.setenv("CO_API_KEY", KEY)
    kernel = new_kernel()
    kernel.run("%env GENXAI_USER=ada")
    told = kernel.run("df = %genxai config\nprint(df.loc[['CO_API_KEY', 'GENXAI_USER'], 'from'].tolist())")

    assert told.streams == "['environment', 'cell']\n", told.text


def test_secrets_are_told_as_set_or_not_set(run, monkeypatch):
    """The value of a key, of a connection and a password in an address are nowhere in the table."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("GENXAI_CONNECTION_SHOP", f"postgresql://shop:{KEY}@db.example.org/shop")
    monkeypatch.setenv("CO_API_URL", f"https://ada:{KEY}@example.org/v2")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    reply = run("%genxai config")
    table = reply.content["result"]

    assert table.loc["OPENAI_API_KEY", "value"] == table.loc["GENXAI_CONNECTION_SHOP", "value"] == "set"
    assert table.loc["ANTHROPIC_API_KEY", "value"] == "not set"
    assert KEY not in table.to_csv() + reply.text


def test_the_table_can_be_read_in_the_page(run, shell):
    """What a setting is stands there whole, beside its name."""
    page = run("%genxai config embedder").content["result"]._repr_html_()

    assert ">GENXAI_EMBEDDER</td>" in page
    assert "default the sentence encoder of the extra embed." in page


def test_one_setting_is_asked_by_its_name(run, shell):
    """By the variable or the short name, in a line and in Python; a wrong one names the nearest."""
    by_variable = run("%genxai config GENXAI_MODEL").content["result"]
    by_name = run("%genxai config model").content["result"]
    wrong = run("%genxai config GENXAI_MODLE")

    assert list(by_variable.index) == list(by_name.index) == ["GENXAI_MODEL"]
    assert notebook.config("model").to_dict() == by_name.to_dict()
    assert "Did you mean 'GENXAI_MODEL'?" in wrong.error
