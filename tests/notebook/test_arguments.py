"""Lines that cannot be read: each is one sentence, a caret, one hint."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("line", "what", "under"),
    [
        ("run g --as", "--as needs a value.", "--as"),
        ("run g --as --detach", "--as needs a value.", "--as"),
        ("run g --as=", "--as needs a value.", "--as="),
        ("run g --detach=yes", "--detach takes no value.", "--detach=yes"),
        ("run g --as a --as b", "--as is given twice.", "--as b"),
        ("run g h", "'h' is one word too many.", "h"),
        ("agents all", "'all' is one word too many.", "all"),
        ("runs --all", "Unknown option '--all'.", "--all"),
        ("run", "The GRAPH is missing.", ""),
        ("schema Draft", "schema needs a body.", "schema"),
        ("rnu g", "Unknown verb 'rnu'.", "rnu"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(run, line, what, under):
    """The caret stands under the word that is wrong, or behind the line if a word is missing."""
    said, shown, caret, *hint = run(f"%genxai {line}").error.splitlines()

    assert said == f"✕ {what}"
    assert shown == f"  cell line 1: %genxai {line}"
    assert shown[len(caret) - 1 :].startswith(under)
    assert len(hint) == 1


def test_quotes_hold_words_together(run, shell):
    """A quoted value may hold spaces, and an option may be written with an equals sign."""
    run("async def one(state):\n    return {'got': state['text']}")
    run("%%genxai graph g\nSTART -> one")
    run("%genxai run g --as=taken --input text='two words' --input other=\"it's\"")

    assert shell.user_ns["taken"].state == {"text": "two words", "other": "it's", "got": "two words"}


def test_an_input_without_value_is_refused(run):
    """`--input` takes KEY=VALUE."""
    run("async def one(state):\n    return {}")
    run("%%genxai graph g\nSTART -> one")

    assert (
        run("%genxai run g --input topic").error
        == "✕ --input 'topic' has no value.\nWrite: --input KEY=VALUE"
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (None, "cannot be read: [Errno 2]"),
        ("[1, 2", "cannot be read: "),
        ("- yes", "holds ['yes']"),
    ],
)
def test_a_file_of_answers_that_cannot_be_used_is_refused(run, tmp_path, text, what):
    """A file of answers that is absent, broken or no mapping is refused before the run begins."""
    run('%%genxai graph g\nnode ok = human "Publish?"\nSTART -> ok')
    if text is not None:
        (tmp_path / "answers.yaml").write_text(text)
    reply = run("%%genxai run g --answers answers.yaml\n")

    assert "The file of answers 'answers.yaml'" in reply.error
    assert what in reply.error
    assert "nothing yet" not in run("%genxai").text
    assert "r1" not in run("%genxai").text


def test_answers_may_come_from_the_environment(run, shell, tmp_path, monkeypatch):
    """GENXAI_ANSWERS names the file of answers when no option does."""
    (tmp_path / "answers.yaml").write_text("ok: fine\n")
    monkeypatch.setenv("GENXAI_ANSWERS", "answers.yaml")
    run('%%genxai graph g\nnode ok = human "Publish?"\nSTART -> ok')
    run("%genxai run g")

    assert shell.user_ns["result"].state == {"ok": "fine"}
