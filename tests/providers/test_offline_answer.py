"""The offline model answering in text: picking, mending, judging, and keeping to what is asked."""

from __future__ import annotations

import subprocess
import sys

import pytest
from bread import BREAD, NOTES, say, text_of

from genxai_nb.messages import (
    Message,
    ModelReply,
    ModelRequest,
    TextDelta,
    ToolCall,
    ToolResult,
    assistant,
    user,
)
from genxai_nb.providers.offline import NOTICE, Offline
from genxai_nb.providers.offline.provider import answer


def test_question_is_answered_by_the_sentence_that_fits():
    """The sentences that share most with the question are picked from the context, word for word."""
    assert text_of(f"What does salt do to the yeast?\n\n{NOTES}").endswith(
        "Salt slows the yeast down and adds flavour."
    )


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("Explain how bread gets its crust in one sentence.", 1),
        ("Explain how bread gets its crust in two sentences.", 2),
        ("Write 4 short sentences about bread.", 4),
        ("Explain bread.", 3),
        ("Explain bread briefly.", 2),
        ("Explain bread in five bullet points.", 5),
    ],
)
def test_number_of_sentences_is_kept(asked: str, count: int):
    """As many sentences as are asked for come, three when nothing is said."""
    reply = text_of(f"{asked}\n\n{NOTES}")
    assert reply.count(".") == count
    assert all(f"{sentence}." in BREAD for sentence in reply.removesuffix(".").split(". "))


def test_length_may_stand_in_the_persona():
    """The system message's ask counts where the task says nothing."""
    assert text_of(f"Explain yeast.\n\n{NOTES}", persona="Goal: Answer in one sentence.").count(".") == 1


@pytest.mark.parametrize(
    "asked",
    [
        'What does yeast do? Begin each line with "Fact:".',
        "What does yeast do? Start every line with 'Fact:'",
        'What does yeast do? Write each fact on a line of its own that begins with "Fact:".',
    ],
)
def test_lines_begin_with_what_is_asked_for(asked: str):
    """Each sentence gets a line of its own behind the asked words, also where the persona asks for it."""
    wanted = "Fact: Yeast turns sugar into gas, which lifts the dough."

    assert text_of(f"{asked}\n\n{NOTES}").splitlines()[0] == wanted
    persona = asked.partition("? ")[2]
    question = "What does yeast turn sugar into, and what does salt slow down?"
    assert text_of(f"{question}\n\n{NOTES}", persona=persona).splitlines() == [
        wanted,
        "Fact: Salt slows the yeast down and adds flavour.",
    ]
    assert "Fact:" not in text_of(f"What does yeast do?\n\n{NOTES}")


def test_number_of_words_is_kept():
    """An answer in N words leaves out the least telling sentences."""
    reply = text_of(f"Write about crust and steam in at most 18 words.\n\n{NOTES}")
    assert "Steam" in reply
    assert len(reply.split()) <= 18


def test_order_of_the_context_is_kept():
    """Picked sentences stand in the order of the context."""
    reply = text_of(f"Write two sentences about rye flour and yeast gas.\n\n{NOTES}")
    assert reply.index("Yeast turns") < reply.index("Rye flour")


@pytest.mark.parametrize(
    "message",
    [
        f"Write about steam.\n\n{BREAD}",
        f"Write about steam.\n\nnotes: {BREAD}",
        f"Write about steam. Use the following text: {BREAD}",
        f"Write about steam.\n\nSource:\n{BREAD}",
        f"Write about steam. {BREAD}",
    ],
)
def test_context_is_found_in_any_form(message: str):
    """Tagged, labelled, in a paragraph of its own or right behind the task: context is context."""
    reply = text_of(message)
    assert "Steam in the oven" in reply
    assert "Write about" not in reply


def test_without_a_topic_the_frequent_terms_are_told():
    """A summary without further words picks what the context often tells of."""
    assert text_of(f"Summarise this.\n\n{NOTES}", persona="").count(".") == 3


def test_nothing_to_answer_from_is_said():
    """Without context the stand-in invents nothing and says what it is."""
    assert text_of("Write a poem about the sea.").startswith("I am the offline stand-in")


def test_draft_is_mended_by_what_the_advice_names():
    """What the advice names and the context holds is added; what the draft says stays."""
    draft = "Yeast turns sugar into gas, which lifts the dough."
    task = f"Write about yeast. Mend what the reader said: Missing: steam, rye, chocolate.\n\n{NOTES}"
    reply = text_of(task, user(f"Write about yeast.\n\n{NOTES}"), assistant(draft))
    assert reply.startswith(draft)
    assert "Steam in the oven" in reply
    assert "Rye flour" in reply
    assert "chocolate" not in reply


def test_draft_in_the_state_is_mended_too():
    """A draft under a key of its own is recognised without any history."""
    task = f"Improve the draft.\n\n<draft>\nOld loaves can be toasted.\n</draft>\n\n<feedback>\nMention flavour.\n</feedback>\n\n{NOTES}"
    assert text_of(task) == "Salt slows the yeast down and adds flavour. Old loaves can be toasted."


def test_report_names_words_of_advising_too():
    """A word that a judge's report misses is added also where it is a word of advice elsewhere."""
    notes = (
        "<notes>\nClay is dug near the river. An object is fired twice. Glaze holds a missing part.\n</notes>"
    )
    draft = "<draft>\nClay is dug near the river.\n</draft>"
    report = "Mend what the judge said: Missing: object, missing. Covered: 1 of 3."

    assert text_of(f"Explain pottery from the notes. {report}\n\n{notes}\n\n{draft}") == (
        "Clay is dug near the river. An object is fired twice. Glaze holds a missing part."
    )


def test_limit_of_sentences_holds_while_mending():
    """Added sentences are joined rather than lost when only so many are allowed."""
    draft = "Yeast turns sugar into gas, which lifts the dough. Old loaves can be toasted."
    task = f"Write two sentences about bread.\n\n<advice>\nMissing: steam, flavour.\n</advice>\n\n{NOTES}"
    reply = text_of(task, user("Write."), assistant(draft))
    assert reply.count(".") == 2
    for part in ("gas", "toasted", "team in the oven", "alt slows"):
        assert part in reply


def test_advice_that_nothing_is_missing_leaves_the_draft():
    """A satisfied critic changes nothing."""
    draft = "Old loaves can be toasted."
    task = f"Write about loaves.\n\n<advice>\nNothing is missing. Covered: 3 of 3.\n</advice>\n\n{NOTES}"
    assert text_of(task, user("Write."), assistant(draft)) == draft


def test_judging_reports_what_is_missing():
    """A task to judge is answered by what the judged text lacks of the list."""
    given = (
        "<draft>\nTake flour and salt.\n</draft>\n\n<ingredients>\n- flour\n- yeast\n- salt\n</ingredients>"
    )
    assert (
        text_of(f"Check the draft against the ingredients.\n\n{given}") == "Missing: yeast. Covered: 2 of 3."
    )
    given = given.replace("flour and salt", "flour, yeast and salt")
    assert (
        text_of(f"Check the draft against the ingredients.\n\n{given}")
        == "Nothing is missing. Covered: 3 of 3."
    )


def test_tool_results_make_the_answer():
    """A short result is told with its call, a longer one is picked from, a failed one is told as failed."""
    ask = user("How heavy is the loaf?")
    call = assistant("", ToolCall("c1", "scale", {"thing": "loaf"}))

    def after(text: str, *, failed: bool = False) -> str:
        result = Message("tool", (ToolResult("c1", "scale", text, failed=failed),))
        return answer(ModelRequest(model="offline", messages=(ask, call, result))).message.text

    assert after("1.5") == "scale(loaf) gives 1.5."
    assert after(
        '["A loaf is heavy when wet.", "Ovens differ a lot in the heat they give off to what is inside."]'
    ) == ("A loaf is heavy when wet.")
    assert after("no such thing", failed=True) == "scale(loaf) failed: no such thing."


def test_same_request_gets_the_same_answer_in_any_process():
    """The answer does not depend on the process's hash seed."""
    message = f"Explain bread.\n\n{NOTES}"
    code = (
        "from genxai_nb.messages import *\n"
        "from genxai_nb.providers.offline.provider import answer\n"
        f"print(answer(ModelRequest(model='offline', messages=(user({message!r}),))))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1


def test_answer_keeps_to_max_tokens():
    """An answer over max_tokens is cut at a sentence and says that it was."""
    whole, cut = say(f"Explain bread.\n\n{NOTES}"), say(f"Explain bread.\n\n{NOTES}", max_tokens=20)
    assert (whole.stop, cut.stop) == ("end", "length")
    assert whole.message.text.startswith(cut.message.text)
    assert 0 < cut.usage.output <= 20 < whole.usage.output


async def test_answer_streams_and_says_what_it_is():
    """The deltas add up to the reply, whose raw marks the stand-in and whose usage is estimated."""
    items = [
        item
        async for item in Offline().stream(
            ModelRequest(model="offline", messages=(user(f"Explain steam.\n\n{NOTES}"),))
        )
    ]
    *deltas, reply = items
    assert isinstance(reply, ModelReply)
    assert len(deltas) > 3
    assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == reply.message.text
    assert reply.raw == {"stand_in": True}
    assert reply.usage.input > 80


async def test_long_requests_are_answered_off_the_loop():
    """A request of many pages gives the same kind of answer, from a worker thread."""
    pages = "\n\n".join(f"Page {number} tells of item {number} in the store." for number in range(2000))
    request = ModelRequest(
        model="offline", messages=(user(f"What is item 1234?\n\n<pages>\n{pages}\n</pages>"),)
    )
    reply = [item async for item in Offline().stream(request)][-1]
    assert isinstance(reply, ModelReply)
    assert "Page 1234 tells of item 1234 in the store." in reply.message.text


@pytest.mark.parametrize(("inside", "shown"), [(False, 1), (True, 0)])
def test_stand_in_is_announced_once_per_process(inside: bool, shown: int):
    """A script sees the notice once on standard error; in a kernel it is left to the notebook to claim."""
    code = f"""
import asyncio
from genxai_nb.loop import enter_kernel
from genxai_nb.messages import ModelRequest, user
from genxai_nb.providers.offline import NOTICE, Offline, claim_notice
enter_kernel({inside})
async def ask():
    return [item async for item in Offline().stream(ModelRequest(model="offline", messages=(user("Hi"),)))]
asyncio.run(ask()); asyncio.run(ask())
print(claim_notice() == (NOTICE if {inside} else None), claim_notice())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.count(NOTICE) == shown
    assert done.stdout.strip() == "True None"
    assert "GENXAI_MODEL" in NOTICE
    assert "stand-in" in NOTICE


def test_search_hands_on_what_it_found():
    """A task to find answers with the passages that the tool found, whole and in order."""
    found = '["Rye is sown in autumn.\\nIt likes cold.", "Rye flour is dark.", "Rye bread keeps long."]'
    conversation = (
        assistant("", ToolCall("c1", "look_up", {"query": "rye"})),
        Message("tool", (ToolResult("c1", "look_up", found),)),
    )

    def after(task: str) -> str:
        request = ModelRequest(model="offline", messages=(user(task), *conversation))
        return answer(request).message.text

    assert after("Find passages about rye.") == (
        "Rye is sown in autumn.\nIt likes cold.\n\nRye flour is dark.\n\nRye bread keeps long."
    )
    assert after("Find two sentences about rye.").count("\n\n") == 1
    assert after("How dark is rye flour?") == "Rye flour is dark."


def test_code_tables_and_headings_are_no_sentences():
    """Fenced code is left out, and sentences of a readable length come before headings and endless lines."""
    table = "Yeast " + "| 12 | 13 " * 60
    context = f"# Yeast\n\n```\nyeast = bake(yeast)\n```\n\n{table}\n\nDry yeast keeps for two years."
    assert text_of(f"What about yeast?\n\n<notes>\n{context}\n</notes>") == "Dry yeast keeps for two years."


def test_a_short_text_is_a_source_where_it_is_named_and_whole():
    """A sentence that the task names is answered from, however short; a word or a name that it names is not."""
    given = "<answer>\nYeast lifts the dough.\n</answer>"

    assert text_of(f"Repeat the answer.\n\n{given}") == "Yeast lifts the dough."
    persona = "Keep to the answer."
    assert (
        text_of(f"What does yeast do, by the answer?\n\n{given}", persona=persona) == "Yeast lifts the dough."
    )
    assert "Yeast" not in text_of(f"Repeat the notes.\n\n{given}")
    assert "yeast" not in text_of("Repeat the answer.\n\n<answer>\nyeast\n</answer>")


def test_named_source_is_the_one_to_answer_from():
    """Of several texts the one that the task names is picked from; the others say what to look for."""
    letter = "Dear baker, my dough will not rise although I waited for a whole day in the kitchen."
    task = f"Say what the notes have to tell the writer of the letter.\n\nletter: {letter}\n\n{NOTES}"
    assert "Yeast turns sugar into gas, which lifts the dough." in text_of(
        task.replace("of the letter", "of this")
    )
