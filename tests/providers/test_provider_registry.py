"""Models by name, and what each lacks before it can answer."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from genxai_nb.calls.call import Call, Scope
from genxai_nb.errors import BadResponse, IncompleteStream, UnknownName
from genxai_nb.messages import ModelReply, ModelRequest, TextDelta, assistant, user
from genxai_nb.providers.registry import answer_from, find_provider, model_call, names
from genxai_nb.providers.vendors import VENDORS

VENDOR_CASES = [
    ("openai", "OPENAI_API_KEY"),
    ("anthropic", "ANTHROPIC_API_KEY"),
    ("google", "GOOGLE_API_KEY"),
    ("cohere", "CO_API_KEY"),
]


def run_python(code: str, folder: Path, **variables: str) -> str:
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n{textwrap.dedent(code)}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=variables
    )
    return done.stdout.strip()


class Broken:
    """A provider that streams what it is given."""

    name = "broken"

    def __init__(self, *items: Any) -> None:
        self.items = items

    async def stream(self, request: ModelRequest) -> AsyncIterator[Any]:
        for item in self.items:
            yield item


def call_of(emitted: list[Any]) -> Call:
    _, traits = model_call("offline")
    return Call(
        "model",
        "broken:x",
        ModelRequest(model="broken:x", messages=(user("Hello"),)),
        scope=Scope("", "node", 1),
        ordinal=0,
        slot="slot",
        head="r1.1",
        traits=traits,
        emit=emitted.append,
    )


REPLY = ModelReply(message=assistant("Hi."))


async def test_deltas_are_emitted_and_the_last_item_is_the_reply():
    """The handler sends deltas as hints and returns the reply."""
    emitted: list[Any] = []
    reply = await answer_from(Broken(TextDelta("H"), TextDelta("i."), REPLY), "broken:x")(call_of(emitted))
    assert reply is REPLY
    assert emitted == [TextDelta("H"), TextDelta("i.")]


@pytest.mark.parametrize(
    ("items", "error", "said"),
    [
        ((TextDelta("H"),), IncompleteStream, "The answer of model 'broken:x' broke off before its end"),
        ((), IncompleteStream, "broke off"),
        ((REPLY, TextDelta("more")), BadResponse, "went on after the end"),
        (("text", REPLY), BadResponse, "streamed a str, which is no delta"),
    ],
)
async def test_streams_that_break_the_protocol_are_errors(items: tuple[Any, ...], error: type, said: str):
    """A stream that ends early, goes on too long or holds something else never passes for an answer."""
    with pytest.raises(error, match=said):
        await answer_from(Broken(*items), "broken:x")(call_of([]))


def test_all_providers_are_listed():
    """The own providers, local servers, routes and the four vendors are known by name."""
    assert names() == ["anthropic", "cohere", "google", "local", "offline", "openai", "route", "scripted"]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("opnai:gpt-5", "Unknown provider 'opnai'. Did you mean 'openai'"),
        ("oflline", "Unknown model 'oflline'. Did you mean 'offline'"),
        ("gpt-5", "Unknown model 'gpt-5'. Write its provider before it: openai:gpt-5"),
        ("Claude-haiku", "Write its provider before it: anthropic:Claude-haiku"),
        ("", "Unknown model ''"),
    ],
)
def test_unknown_models_are_told_what_to_write(model: str, said: str):
    """A misspelt provider gets the nearest name, a bare model of a vendor its prefix."""
    with pytest.raises(UnknownName, match=said):
        model_call(model)


@pytest.mark.parametrize(("vendor", "variable"), VENDOR_CASES)
def test_vendor_without_its_package_names_the_extra_and_the_variable(
    tmp_path: Path, vendor: str, variable: str
):
    """A model says which extra has to be installed and, if there is no key, which variable has to be set."""
    code = f"""
        from genxai_nb.errors import MissingPackage
        from genxai_nb.providers.registry import model_call
        class Missing:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] == {VENDORS[vendor].module.partition(".")[0]!r}:
                    raise ModuleNotFoundError(name)
        sys.meta_path.insert(0, Missing())
        try:
            model_call("{vendor}:some-model")
        except MissingPackage as error:
            print(error)
    """
    install = f'pip install "genxai-nb[{VENDORS[vendor].extra}]"'
    assert run_python(code, tmp_path).endswith(f"{install}, and set {variable}.")
    assert run_python(code, tmp_path, **{variable: "sk-very-secret"}).endswith(install)


@pytest.mark.parametrize(("vendor", "variable"), VENDOR_CASES)
def test_vendor_with_its_package_names_its_key_and_then_is_there(tmp_path: Path, vendor: str, variable: str):
    """With the package the key's variable is named; with both, a model is there."""
    place = tmp_path
    for part in VENDORS[vendor].module.split("."):
        place /= part
        place.mkdir()
        (place / "__init__.py").write_text("", "utf-8")
    code = f"""
        from genxai_nb.errors import GenXAIError
        from genxai_nb.providers.registry import model_call
        try:
            model_call("{vendor}:some-model")
        except GenXAIError as error:
            print(error.code, error)
    """
    assert run_python(code, tmp_path).startswith(f"authentication Provider {vendor!r} has no key")
    assert variable in run_python(code, tmp_path)
    said = run_python(code, tmp_path, **{variable: "sk-very-secret"})
    assert not said


@pytest.mark.parametrize(
    ("vendor", "variable", "other"),
    [("google", "GOOGLE_API_KEY", "GEMINI_API_KEY"), ("cohere", "CO_API_KEY", "COHERE_API_KEY")],
)
def test_key_is_found_under_another_name(monkeypatch, vendor: str, variable: str, other: str):
    """Where the vendor's variable is not set, that of its documents or of other packages is looked at."""
    assert VENDORS[vendor].key_variable == variable
    monkeypatch.setenv(other, "a-key-of-mine")
    server = find_provider(f"{vendor}:some-model").server
    assert (server.variable, server.key.reveal()) == (other, "a-key-of-mine")
    monkeypatch.setenv(variable, "the-key-to-use")
    server = find_provider(f"{vendor}:some-model").server
    assert (server.variable, server.key.reveal()) == (variable, "the-key-to-use")


def test_installed_package_offers_a_provider(tmp_path: Path):
    """An entry point makes a prefix known; what it leads to makes the provider of a model."""
    (tmp_path / "parrots.py").write_text(
        textwrap.dedent(
            """
            class Parrot:
                name = "parrot"
                def __init__(self, model):
                    self.model = model
            """
        ),
        "utf-8",
    )
    about = tmp_path / "parrots-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: parrots\nVersion: 1.0\n", "utf-8")
    (about / "entry_points.txt").write_text("[genxai_nb.providers]\nparrot = parrots:Parrot\n", "utf-8")
    code = """
        from genxai_nb.providers.registry import find_provider, model_call, names
        print("parrot" in names(), "parrots" in sys.modules)
        print(find_provider("parrot:grey").model, model_call("parrot:grey")[1].attempts)
    """
    assert run_python(code, tmp_path).splitlines() == ["True False", "grey 4"]
