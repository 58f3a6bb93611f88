"""The part of a script that reads the command line, runs the graph and prints its state."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping
from string import Template
from typing import Any, NamedTuple

from genxai_nb.secrets import mask

from .literals import call, literal, quoted
from .pieces import Import
from .unrun import Unrun, unrun_of

__all__ = ["Flag", "flags_of", "main_part"]

_EXAMPLES: Mapping[Any, str] = {
    str: "some text",
    int: "3",
    float: "0.5",
    bool: "true",
    list: "[]",
    dict: "{}",
}
_RESERVED = frozenset({"answers", "help", "input", "json", "model", "policy", "resume", "store"})


class Flag(NamedTuple):
    """A flag of the script, one for each key of the input.

    Attributes:
        key: The key of the state.
        is_text: Its value is text, whatever it looks like.
        help: What it says of itself.
        needed: If it has to be given: its type and an example; else empty.
    """

    key: str
    is_text: bool
    help: str
    needed: str = ""


def flags_of(model: Any, given: Mapping[str, Any] | None, is_text: Callable[[Any], bool]) -> list[Flag]:
    """The flags for a schema's fields, or for the keys of the last run's input.

    Args:
        model: The schema, or what stands for one that was not made; None for a dict state.
        given: That input.
        is_text: Tells whether all values of a type are texts.
    """
    unrun = model if isinstance(model, Unrun) else unrun_of(model)
    if unrun is not None:
        texts = {"str", "str | None", "Optional[str]"}
        return [Flag(key, kind in texts, kind) for key, kind in unrun.fields.items() if _usable(key)]
    if model is None:
        return [
            Flag(key, isinstance(value, str), f"such as {_short(value)}")
            for key, value in (given or {}).items()
            if _usable(key)
        ]
    return [
        Flag(key, is_text(info.annotation), _help_of(info), _needed(key, info, is_text))
        for key, info in model.model_fields.items()
        if _usable(key)
    ]


def _usable(key: str) -> bool:
    return key.isidentifier() and key not in _RESERVED and not key.startswith("_")


def _help_of(info: Any) -> str:
    said = (info.description or "").strip().split("\n")[0]
    if info.is_required():
        return said or "has to be given"
    default = info.get_default(call_default_factory=True)
    return f"{said} (default: {_short(default)})".strip()


def _needed(key: str, info: Any, is_text: Callable[[Any], bool]) -> str:
    """The type of a field that has to be given, and an example: its own, or one of its type."""
    if not info.is_required():
        return ""
    kind = info.annotation
    said = kind.__name__ if type(kind) is type else str(kind).replace("typing.", "")
    example = next(iter(info.examples or ()), None)
    if example is None:
        shown = _EXAMPLES.get(getattr(kind, "__origin__", None) or kind, "")
    else:
        shown = example if is_text(kind) else json.dumps(example, ensure_ascii=False, default=str)
    return f"{said}, such as --{key} {shlex.quote(_short(shown))}" if shown else said


def _short(value: Any) -> str:
    shown = value if isinstance(value, str) and value else repr(value)
    shown = mask(" ".join(shown.split()))
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


_MODULES = (
    Import("argparse", "", "argparse"),
    Import("json", "", "json"),
    Import("sys", "", "sys"),
    Import("pathlib", "Path", "Path"),
    Import("typing", "Any", "Any"),
    Import("genxai_nb", "GenXAIError", "GenXAIError"),
    Import("genxai_nb", "Run", "Run"),
)
_FUNCTIONS = ("exit_code", "main", "plain", "read_answers", "read_arguments", "read_policy", "value_of")
_CONSTANTS = ("FLAGS", "NEEDED", "TEXTS", "USAGE")


def main_part(
    graph: str,
    flags: Iterable[Flag],
    description: str,
    bring: Callable[[Import], str],
    free: Callable[[str], str],
) -> str:
    """Write the functions that make a script a command.

    Args:
        graph: What the script calls the graph.
        flags: The flags of its input.
        description: What the command does, for its help.
        bring: Imports something and gives its name in the script.
        free: Gives a name that nothing in the script has, the wanted one if it can be.
    """
    flags = list(flags)
    names = {what.name or what.module: bring(what) for what in _MODULES}
    names |= {name: free(name) for name in (*_FUNCTIONS, *_CONSTANTS)}
    needed = {flag.key: flag.needed for flag in flags if flag.needed}
    return Template(_TEXT).substitute(
        names,
        graph=graph,
        texts=_keys(names["TEXTS"], (flag.key for flag in flags if flag.is_text)),
        keys=_keys(names["FLAGS"], (flag.key for flag in flags)),
        description=quoted(description),
        arguments="".join(f"{_argument(flag)}\n" for flag in flags),
        needed=f"{names['NEEDED']} = {literal(needed, used=len(names['NEEDED']) + 3)}\n" if needed else "",
        check=Template(_CHECK).substitute(names) if needed else "",
    )


def _keys(name: str, keys: Iterable[str]) -> str:
    head = f"{name}: tuple[str, ...] = "
    return f"{head}{literal(tuple(keys), used=len(head))}"


def _argument(flag: Flag) -> str:
    words = {"metavar": "TEXT" if flag.is_text else "VALUE", "help": flag.help.replace("%", "%%")}
    return call("parser.add_argument", [f"--{flag.key}"], words, indent=1)


_CHECK = """\
    for name, how in $NEEDED.items():
        if not given.resume and name not in given.state:
            parser.error(f"--{name} has to be given: {how}")
"""
_TEXT = '''\
$keys
$texts
$needed$USAGE = (
    "definition",
    "input",
    "resume_refused",
    "run_not_found",
    "state_invalid",
    "unknown_name",
)


def $read_arguments(words: list[str] | None = None) -> $argparse.Namespace:
    """Read the command line; `state` of what is returned is the run's input."""
    parser = $argparse.ArgumentParser(
        description=$description,
        epilog="exit codes: 0 done, 1 failed, 2 wrong usage, 3 paused or waiting",
    )
$arguments    parser.add_argument(
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
    said = {name: getattr(given, name) for name in $FLAGS}
    for word in given.input:
        name, equals, text = word.partition("=")
        if not equals:
            parser.error(f"--input {word!r} is no KEY=VALUE")
        said[name] = text
    given.state = {
        name: text if name in $TEXTS else $value_of(text)
        for name, text in said.items()
        if text is not None
    }
$check    return given


def $value_of(text: str) -> $Any:
    """A number, true, false, null, [...] or {...} as such; all else is text."""
    try:
        return $json.loads(text)
    except ValueError:
        return text


def $read_answers(file: str | None) -> dict[str, $Any]:
    """The answers of people, by node."""
    text = $Path(file).read_text("utf-8") if file else ""
    if text.lstrip().startswith("{"):
        return dict($json.loads(text))
    pairs = [line.partition(":") for line in text.splitlines() if ":" in line]
    return {node.strip(): answer.strip() for node, _, answer in pairs}


def $read_policy(word: str | None) -> $Any:
    """The name of a policy, or the fields that a JSON file holds."""
    if word is None or not word.endswith(".json"):
        return word
    return $json.loads($Path(word).read_text("utf-8"))


def $plain(value: $Any) -> $Any:
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


def $exit_code(error: $GenXAIError) -> int:
    """3 if a person has to answer or the run stands, 2 for wrong usage, else 1."""
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "code", "") in {"human_answer_missing", "run_paused"}:
            return 3
        cause = cause.__cause__
    return 2 if error.code in $USAGE else 1


def $main(words: list[str] | None = None) -> int:
    """Run the graph and print its final state; returns the exit code."""
    given = $read_arguments(words)
    try:
        answers, policy = $read_answers(given.answers), $read_policy(given.policy)
        if given.resume:
            run = $Run.load(given.resume, $graph, given.store)
            if policy is not None:
                run.set_policy(policy)
        else:
            run = $graph.start(
                given.state, model=given.model, store=given.store, policy=policy
            )
        result = run.resume(answers=answers)
    except $GenXAIError as error:
        print(error, file=$sys.stderr)
        code = $exit_code(error)
        run_id = str(getattr(error, "run_id", ""))
        if run_id and code != 2:
            print(f"To go on: --resume {run_id}", file=$sys.stderr)
        return code
    except KeyboardInterrupt:
        print("Interrupted; what was finished is kept.", file=$sys.stderr)
        return 130
    except (OSError, ValueError) as error:
        print(f"A file cannot be read: {error}", file=$sys.stderr)
        return 2
    if result.status != "done":
        print(f"Run {run.run_id} stands: --resume {run.run_id}", file=$sys.stderr)
        return 3
    state = result.state if isinstance(result.state, dict) else vars(result.state)
    if given.json:
        print($json.dumps(state, default=$plain, ensure_ascii=False))
    else:
        for key, value in state.items():
            print(f"{key}: {value}")
    return 0


if __name__ == "__main__":
    $sys.exit($main())
'''
