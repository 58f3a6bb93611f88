"""Runs from the command line: what is printed where, and how the process ends."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from genxai_nb.__main__ import run as installed
from genxai_nb.command import main

COMMAND = [sys.executable, "-m", "genxai_nb"]


def test_a_python_file_runs_without_its_main_part(command, written):
    """The final state is one line of JSON on stdout; what a node prints and the progress are not there."""
    file = written(
        "flow.py",
        """
        from genxai_nb import Graph

        def double(state):
            print("doubling")
            return {"n": state["n"] * 2}

        graph = Graph("double").node("double", double)
        graph.parse("START -> double -> END")

        if __name__ == "__main__":
            raise SystemExit("the main part ran")
        """,
    )

    done = command("run", file, "--input", "n=21", "--json")

    assert (done.stdout, done.stderr, done.returncode) == ('{"n":42}\n', "doubling\n", 0)


def test_progress_is_a_line_for_each_start_and_end(command, written):
    """Progress goes to stderr, the readable state to stdout."""
    file = written(
        "flow.py",
        """
        from genxai_nb import Graph

        async def add(state):
            return {"n": state.get("n", 0) + 1}

        graph = Graph("rounds").node("add", add)
        graph.parse('''
        START -> add
        add -> add if n < 9 max 1
        add -> END else
        ''')
        """,
    )

    done = command("run", file)

    assert done.stdout == "n: 2\n"
    assert [line for line in done.stderr.splitlines() if not re.match("(✓|  rounds)", line)] == [
        "▶ add",
        "▶ add, visit 2",
        "  add -> add: the limit of 1 is reached",
    ]
    assert len(re.findall(r"^✓ add.* s$", done.stderr, re.MULTILINE)) == 2


def test_the_installed_command_is_this_one():
    """The package installs `genxai-nb`."""
    (entry,) = entry_points(group="console_scripts", name="genxai-nb")

    assert entry.load() is installed


def test_an_unanswered_question_names_the_node_and_the_option(command, asking):
    """Without a terminal the command ends with 3, and the line that it shows goes on without repeating a node."""
    stopped = command("run", asking, "--input", "topic=yeast", "--json")
    hint = re.search(r"genxai-nb (resume \S+ \S+) --answer ok=\.\.\.", stopped.stderr)
    assert hint is not None
    done = command(*hint[1].split(), "--answer", "ok=no", "--json")

    assert (stopped.returncode, stopped.stdout) == (3, "")
    assert "node 'ok' asks 'Publish yeast?' (yes, no)" in stopped.stderr
    assert json.loads(done.stdout) == {"topic": "yeast", "counted": True, "verdict": "no"}
    assert Path("visits").read_text("utf-8") == "x"


def test_all_open_questions_are_named(command, written):
    """Questions side by side that are left open are all named, and answered by one command."""
    file = written(
        "two.py",
        """
        from genxai_nb import Graph, human

        graph = Graph("two").node("first", human("In?", choices=["a", "b"])).node("second", human("Out?"))
        graph.parse("START -> [first, second] -> END")
        """,
    )

    paused = command("run", file, "two", "--interactive")
    done = command("resume", "r1", file, "--answer", "first=a", "second=yes", "--json")

    assert "node 'first' asks 'In?' (a, b); node 'second' asks 'Out?'." in paused.stderr
    assert paused.stderr.endswith("genxai-nb resume r1 two.py two --answer first=... second=...\n")
    assert json.loads(done.stdout) == {"first": "a", "second": "yes"}


def test_answers_come_from_options_files_and_settings(command, asking):
    """`--answer` wins over `--answers`, which wins over GENXAI_ANSWERS."""
    Path("yes.yaml").write_text("ok: yes\n", "utf-8")
    Path("no.json").write_text('{"ok": "no"}', "utf-8")
    words = ["run", asking, "--input", "topic=yeast", "--json"]

    from_setting = command(*words, GENXAI_ANSWERS="yes.yaml")
    from_file = command(*words, "--answers", "no.json", GENXAI_ANSWERS="yes.yaml")
    from_option = command(*words, "--answers", "no.json", "--answer", "ok=yes")

    verdicts = [json.loads(done.stdout)["verdict"] for done in (from_setting, from_file, from_option)]
    assert verdicts == ["yes", "no", "yes"]


def test_a_question_left_open_pauses_the_run(command, asking):
    """At the end of what is typed the run is paused, and can be answered later."""
    words = ["run", asking, "--input", "topic=yeast", "--json", "--interactive"]

    paused = command(*words, typed="perhaps\n")
    rows = json.loads(command("runs", "--json").stdout)
    done = command("resume", "r1", asking, "--interactive", "--json", typed="YES\n")

    assert paused.returncode == 3
    assert "'perhaps' is none of them" in paused.stderr
    assert "--answer ok=..." in paused.stderr
    assert [row["status"] for row in rows] == ["paused"]
    assert json.loads(done.stdout)["verdict"] == "yes"
    assert Path("visits").read_text("utf-8") == "x"


def test_a_terminal_is_asked(asking):
    """Where stdin and stderr are a terminal, the question with its choices is asked there."""
    master, slave = pty.openpty()
    words = [*COMMAND, "run", asking, "--input", "topic=yeast", "--json"]
    with subprocess.Popen(words, stdin=slave, stderr=slave, stdout=subprocess.PIPE, text=True) as process:
        os.close(slave)
        shown = ""
        while "answer: " not in shown:
            shown += os.read(master, 1000).decode()
        os.write(master, b"2\n")
        out, _ = process.communicate(timeout=30)
    os.close(master)

    assert "ok asks: Publish yeast?" in shown
    assert re.search(r"1 +yes\s+2 +no", shown)
    assert json.loads(out)["verdict"] == "no"


def test_an_interrupt_at_a_question_keeps_the_run(asking, command):
    """Ctrl-C while a question stands ends with 130, and the run can be resumed."""
    words = [*COMMAND, "run", asking, "--input", "topic=yeast", "--json", "--interactive"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        shown = b""
        while b"answer: " not in shown:
            shown += process.stderr.read1()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    done = command("resume", "r1", asking, "--answer", "ok=yes", "--json")

    assert process.returncode == 130
    assert said.decode().startswith("\n‖ Run r1 was interrupted after step 1.")
    assert json.loads(done.stdout)["verdict"] == "yes"


def test_an_interrupt_is_one_calm_line(written, command):
    """Ctrl-C stops a run at once, though a plain function cannot be stopped, and shows how to go on."""
    file = written(
        "slow.py",
        """
        import time
        from pathlib import Path
        from genxai_nb import Graph

        def wait(state):
            if not Path("again").exists():
                time.sleep(50)
            return {"waited": True}

        graph = Graph("slow").node("wait", wait)
        graph.parse("START -> wait -> END")
        """,
    )
    with subprocess.Popen(
        [*COMMAND, "run", file, "--store", "kept.db"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line == "▶ wait\n":
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    rows = json.loads(command("runs", "--store", "kept.db", "--json").stdout)
    Path("again").touch()
    done = command("resume", "r1", file, "--store", "kept.db", "--json")

    assert (process.returncode, out) == (130, "")
    assert [row["status"] for row in rows] == ["cancelled"]
    assert err == (
        "‖ Run r1 was interrupted after step 0.\n  Go on with: genxai-nb resume r1 slow.py --store kept.db\n"
    )
    assert json.loads(done.stdout) == {"waited": True}


@pytest.fixture
def failing(written):
    """A file whose one node raises."""
    return written(
        "failing.py",
        """
        from genxai_nb import Graph

        def divide(state):
            return {"share": 1 / state["people"]}

        graph = Graph("share").node("divide", divide)
        graph.parse("START -> divide -> END")
        """,
    )


def test_a_failed_node_is_one_block(command, failing):
    """A failure ends with 1 and says what, where and how to go on, without a traceback."""
    done = command("run", failing, "--input", "people=0", "--json")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "✕ Node 'divide' failed: ZeroDivisionError: division by zero",
        '  in divide, failing.py line 4: return {"share": 1 / state["people"]}',
        "  Mend it, then: genxai-nb resume r1 failing.py",
    ]


def test_an_input_that_is_missing_is_asked_for(command, failing):
    """A run without a key that only its input can bring is to be run anew with it, as resuming cannot bring it."""
    done = command("run", failing, "--json")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "  Run it anew with --input people=..."


def test_a_traceback_is_shown_on_request(command, failing):
    """`--traceback` shows Python's own traceback above the block."""
    done = command("run", failing, "--input", "people=0", "--json", "--traceback")

    assert "Traceback (most recent call last)" in done.stderr
    assert done.stderr.splitlines()[-1] == "  Mend it, then: genxai-nb resume r1 failing.py"


def test_a_run_in_memory_offers_no_resuming(command, failing):
    """What goes with the process cannot be resumed, so that no command is shown."""
    done = command("run", failing, "--input", "people=0", "--json", "--store", ":memory:")

    assert "resume" not in done.stderr
    assert not Path(".genxai").exists()


def test_a_finished_run_gives_its_state_again(command, asking):
    """Resuming a run that has ended prints its state and runs nothing."""
    words = ["--input", "topic=yeast", "--answer", "ok=yes", "--json"]
    first = command("run", asking, *words)
    again = command("resume", "r1", asking, "--json")

    assert (first.returncode, again.returncode) == (0, 0)
    assert again.stdout == first.stdout
    assert Path("visits").read_text("utf-8") == "x"


def test_a_changed_graph_is_not_resumed(command, asking):
    """A run goes on with the graph that it began with only."""
    command("run", asking, "--input", "topic=yeast")
    text = Path(asking).read_text("utf-8")
    Path(asking).write_text(text.replace("START -> count -> ok", "START -> ok -> count"), "utf-8")

    done = command("resume", "r1", asking)

    assert done.returncode == 2
    assert "has changed its nodes or edges since run 'r1' began" in done.stderr


def test_a_run_of_another_folder_is_found(capsys, asking, monkeypatch):
    """Where no such run is kept, the journal beside the file is named."""
    assert main(["run", asking, "--input", "topic=yeast"]) == 3
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    capsys.readouterr()

    code = main(["resume", "r1", f"../{asking}"])

    assert code == 2
    assert f"--store {Path.cwd().parent / '.genxai' / 'journal.db'}" in capsys.readouterr().err

    main(["run", f"../{asking}", "--input", "topic=yeast"])
    assert main(["resume", "r7", f"../{asking}"]) == 2
    assert "No run 'r7'" in capsys.readouterr().err


def test_terminal_codes_in_answers_do_nothing(capsys, written):
    """What others wrote reaches the terminal without its control characters."""
    file = written(
        "evil.py",
        r"""
        from genxai_nb import Graph

        async def say(state):
            return {"text": "a\x1b[2Jb\x07"}

        graph = Graph("say").node("say", say)
        graph.parse("START -> say -> END")
        """,
    )

    assert main(["run", file]) == 0
    assert capsys.readouterr().out == "text: ab\n"


def test_a_policy_is_given_by_name_and_bounded_by_the_environment(command, written, monkeypatch):
    """A tool that writes is denied by itself, allowed by --policy open, and denied again by GENXAI_POLICY."""
    file = written(
        "flow.py",
        """
        from genxai_nb import Graph

        graph = Graph("note").node("keep", "file_writer", path="'kept.txt'", content="'x'", into="kept")
        graph.parse("START -> keep -> END")
        """,
    )

    assert "nobody is there to ask" in command("run", file).stderr
    assert command("run", file, "--policy", "open").returncode == 0
    monkeypatch.setenv("GENXAI_POLICY", "safe")
    assert "denies" in command("run", file, "--policy", "open").stderr
    assert "Unknown policy 'opne'." in command("run", file, "--policy", "opne").stderr


def test_a_budget_ends_a_run_and_a_larger_one_goes_on(command, written):
    """The run says on stderr what it would need, and is resumed with that."""
    file = written(
        "flow.py",
        """
        from genxai_nb import Agent, Graph

        graph = Graph("two").node("one", Agent("one", task="Moss grows. Say so."))
        graph.node("two", Agent("two", task="Fern grows. Say so."))
        graph.parse("START -> one -> two -> END")
        """,
    )

    stopped = command("run", file, "--json", "--budget", "calls=1")
    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert "by node 'two' is one too many: all 1 are made" in stopped.stderr
    assert "--budget calls=2" in stopped.stderr
    assert command("resume", "r1", file, "--json").returncode == 1

    done = command("resume", "r1", file, "--json", "--budget", "calls=2")
    assert done.returncode == 0
    assert json.loads(done.stdout)["two"]
