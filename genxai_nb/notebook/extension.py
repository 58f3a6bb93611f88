"""What ``%load_ext genxai_nb`` puts into IPython, and takes out again."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from genxai_nb.agents.chat_opening import open_chats_by
from genxai_nb.errors import SetupError
from genxai_nb.graph.driven import watch_driving
from genxai_nb.graph.progress import show_progress_by
from genxai_nb.loop import enter_kernel

from . import bodies, tracebacks
from .cell import is_kernel
from .inspection import inspector_for
from .transform import clean_lines, transformer_for
from .verbs import AWAITED

if TYPE_CHECKING:
    from .session import Session, Started

MAGIC = "genxai"

_sessions: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()  # kept over %reload_ext
_environments: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()  # before cells could change them
_undo: WeakKeyDictionary[Any, list[Callable[[], object]]] = WeakKeyDictionary()


def load_ipython_extension(shell: Any) -> None:
    """Put the magic, its transformers, its completion and its help into a shell."""
    if shell in _undo:
        return
    _environments.setdefault(shell, dict(os.environ))
    kernel = is_kernel(shell)
    shell.register_magic_function(_magic_of(shell), magic_kind="line_cell", magic_name=MAGIC)
    undo: list[Callable[[], object]] = [lambda: _remove_magic(shell)]
    await_lines = transformer_for(AWAITED, awaits=lambda: kernel and shell.autoawait)
    for hooks, hook in (
        (shell.input_transformers_cleanup, clean_lines),
        (shell.input_transformers_post, await_lines),
        (shell.Completer.custom_matchers, _matcher_of(shell)),
    ):
        hooks.append(hook)
        undo.append(lambda hooks=hooks, hook=hook: hooks.remove(hook))  # type: ignore[misc]  # defaults bind now
    if kernel:
        inspect = shell.kernel.do_inspect
        shell.kernel.do_inspect = inspector_for(inspect)
        undo.append(lambda: setattr(shell.kernel, "do_inspect", inspect))
    bundles = shell.display_formatter.mimebundle_formatter
    bundles.for_type_by_name("genxai_nb.graph.build", "Graph", _graph_bundle)
    undo.append(lambda: bundles.pop("genxai_nb.graph.build.Graph", None))
    bundles.for_type_by_name("genxai_nb.tools.outcome", "Outcome", _outcome_bundle)
    undo.append(lambda: bundles.pop("genxai_nb.tools.outcome.Outcome", None))
    shell.events.register("post_run_cell", tell := _teller_of(shell))
    undo.append(lambda: shell.events.unregister("post_run_cell", tell))
    shell.events.register("pre_run_cell", keep := _keeper_of(shell))
    undo.append(lambda: shell.events.unregister("pre_run_cell", keep))
    undo.append(bodies.install(shell, lambda run: _started(shell, run)))
    enter_kernel(kernel)
    undo.append(lambda: enter_kernel(inside=False))
    show_progress_by(_line_in_cell if kernel else None)
    undo.append(lambda: show_progress_by(None))
    open_chats_by(lambda agent, message, **how: _open_chat(shell, agent, message, **how))
    undo.append(lambda: open_chats_by(None))
    watch_driving(lambda run: _keep_script(shell, run))
    undo.append(lambda: watch_driving(None))
    tracebacks.install()
    undo.append(tracebacks.uninstall)
    _undo[shell] = undo


def unload_ipython_extension(shell: Any) -> None:
    """Take everything out again; definitions and runs stay."""
    for step in _undo.pop(shell, ()):
        step()


def session_of(shell: Any | None = None) -> Session:
    """The session of a shell, by default of the one that is running.

    Raises:
        SetupError: The extension is not loaded there.
    """
    if shell is None:
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
    if shell is None or shell not in _undo:
        raise SetupError("genxai_nb is not loaded in this notebook.", hint="Type: %load_ext genxai_nb")
    if shell not in _sessions:
        from .session import Session  # on demand, so that loading the extension is quick

        _sessions[shell] = Session(shell, _environments[shell])
        _undo[shell].append(_offer_kernel_of(shell))
    return _sessions[shell]


def _magic_of(shell: Any) -> Callable[..., Any]:
    from IPython.core.magic import no_var_expand

    @no_var_expand
    def genxai(line: str, cell: str | None = None) -> Any:
        """Define agents and graphs in cells, run them, look at what happened.

        ``%%genxai agent|graph|schema|run|ask|chat NAME`` with a body below, ``%genxai VERB`` in a line.
        ``%genxai help`` lists all verbs, ``%genxai VERB?`` tells about one.
        """
        from .dispatch import dispatch

        return dispatch(session_of(shell), line, cell)

    function: Callable[..., Any] = genxai
    return function


def _matcher_of(shell: Any) -> Callable[[Any], dict[str, Any]]:
    """IPython's matcher for our lines and cells; anywhere else it offers nothing."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher()
    def genxai_matcher(context: Any) -> dict[str, Any]:
        if MAGIC not in context.full_text:
            return {"completions": []}
        from .completion import offer_at

        lines = context.full_text.split("\n")
        offer = offer_at(session_of(shell), lines, context.cursor_line, context.text_until_cursor)
        if offer is None:
            return {"completions": []}
        found = [
            SimpleCompletion(text=word, type=kind)
            for word, kind in offer.words.items()
            if word.startswith(offer.fragment) and word != offer.fragment
        ]
        return {"completions": found, "suppress": True, "matched_fragment": offer.fragment, "ordered": True}

    matcher: Callable[[Any], dict[str, Any]] = genxai_matcher
    return matcher


def _teller_of(shell: Any) -> Callable[..., None]:
    """What tells behind each cell which definitions of standing runs it has changed."""

    def tell(_result: Any = None) -> None:
        session = _sessions.get(shell)
        if session is not None and session.started:
            from .editing import tell_of_edits

            tell_of_edits(session)

    return tell


def _keeper_of(shell: Any) -> Callable[[Any], None]:
    """What keeps the cells that run outside of the history, for the export."""

    def keep(told: Any) -> None:
        if not told.store_history and not told.silent:
            from .keeping import keep_unlisted

            keep_unlisted(shell.user_ns, told.raw_cell)

    return keep


def _keep_script(shell: Any, run: Any) -> None:
    from .keeping import keep_script_of

    keep_script_of(session_of(shell), run)


def _open_chat(shell: Any, agent: Any, message: str, **how: Any) -> None:
    from .chatting import open_by_agent

    open_by_agent(session_of(shell), agent, message, **how)


def _offer_kernel_of(shell: Any) -> Callable[[], object]:
    """Let code that a person allows run among the variables of the shell; returns what takes that back."""
    from genxai_nb.tools.sandbox.kernel import offer_kernel

    offer_kernel(lambda: shell.user_ns)
    return lambda: offer_kernel(None)


def _started(shell: Any, run: str) -> Started | None:
    session = _sessions.get(shell)
    return session.started.get(run) if session is not None else None


def _line_in_cell() -> Callable[[str, bool], None]:
    from .progress import line_in_cell

    return line_in_cell()


def _graph_bundle(graph: Any, **_: Any) -> dict[str, str]:
    from .record import graph_bundle

    return graph_bundle(graph)


def _outcome_bundle(outcome: Any, **_: Any) -> dict[str, str]:
    from .tool_result import outcome_bundle

    return outcome_bundle(outcome)


def _remove_magic(shell: Any) -> None:
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(MAGIC, None)
