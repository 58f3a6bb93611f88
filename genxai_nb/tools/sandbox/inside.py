"""The first process inside a sandbox: takes its limits upon itself, then runs the code that it is given.

Its standard input is a socket, from which it reads one JSON object and to which it writes another. It is run as a file, in a place where
this package is not, so it imports nothing of it. What it writes is as little to be trusted as the code is.
"""

from __future__ import annotations

import _ast  # what ast has of names, without the time that ast takes to load
import json
import os
import resource
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "<code>"
DEEPEST = 100
SHELLS = {"bash": ("/bin/bash", "-c"), "javascript": ("node", "--max-old-space-size=256", "-e")}


def drop_root(user: int) -> None:
    """Become a user whom nobody else is, so that the limit of processes counts."""
    if user and os.getuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def limit(limits: dict[str, Any], *, reserves: bool) -> None:
    """Set the limits of this process and of all that it starts; ``reserves`` for programs that only reserve memory."""
    seconds = int(limits["seconds"]) + 2
    size = resource.RLIMIT_DATA if reserves else resource.RLIMIT_AS
    for kind, most in (
        (size, limits["memory"]),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, limits["disk"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        resource.setrlimit(kind, (most, most))


def as_data(value: Any, depth: int = 0) -> Any:
    """A value as plain data: tables as rows, arrays as lists, all else that JSON does not know as its text."""
    if value is None or isinstance(value, bool | str):
        return value if value is None or isinstance(value, bool) else str(value)
    if isinstance(value, int | float):
        return value
    if depth > DEEPEST:
        return "..."
    if isinstance(value, dict):
        return {str(key): as_data(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_data(item, depth + 1) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((as_data(item, depth + 1) for item in value), key=repr)
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return as_data(value.to_dict("records"), depth + 1)
    if hasattr(value, "to_dict"):
        return as_data(value.to_dict(), depth + 1)
    if hasattr(value, "tolist"):
        return as_data(value.tolist(), depth + 1)
    return repr(value)


def run_python(code: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Run code; its last expression's value is the result."""
    scope: dict[str, Any] = {"__name__": "__main__", **inputs}
    try:
        tree: Any = compile(code, NAME, "exec", _ast.PyCF_ONLY_AST)
        last = tree.body[-1] if tree.body else None
        if isinstance(last, _ast.Expr):
            tree.body.pop()
        exec(compile(tree, NAME, "exec"), scope)  # noqa: S102 - it is what this process is for
        if not isinstance(last, _ast.Expr):
            return {"value": None}
        value = eval(compile(_ast.Expression(last.value), NAME, "eval"), scope)  # noqa: S307 - as above
        return {"value": as_data(value)}
    except SystemExit as exc:
        return {"value": None} if not exc.code else {"error": f"SystemExit: {exc.code}"}
    except BaseException as exc:  # noqa: BLE001 - the code may raise anything
        return {"error": traced(exc, code)}


def traced(error: BaseException, code: str) -> str:
    """A traceback of the code's own frames."""
    import linecache
    import traceback

    linecache.cache[NAME] = (len(code), None, code.splitlines(keepends=True), NAME)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(frames)] if frames else []
    try:
        return "".join([*lines, *traceback.format_exception_only(error)]).strip()
    except BaseException:  # noqa: BLE001 - an error's own text may raise anything
        return type(error).__name__


def main() -> None:
    """Run what is asked for."""
    channel = os.dup(0)
    asked = json.loads(b"".join(iter(lambda: os.read(channel, 65536), b"")))
    limits, language = asked["limits"], asked["language"]
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    drop_root(asked["user"])
    limit(limits, reserves=language == "javascript")
    sys.path += asked["packages"]
    if language != "python":
        os.close(channel)
        program, *options = SHELLS[language]
        os.execvp(program, [program, *options, asked["code"]])  # noqa: S606 - no shell reads the words
    first = os.getpid()
    reply = run_python(asked["code"], asked["inputs"])
    if os.getpid() != first:  # a fork of the code, which has come to its end
        os._exit(0)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        text = json.dumps(reply)
    except (TypeError, ValueError, RecursionError, MemoryError):
        text = json.dumps({"value": None, "error": "MemoryError or a value that cannot be told"})
    left = memoryview(text.encode())
    while left:
        left = left[os.write(channel, left) :]
    os._exit(0)


if __name__ == "__main__":
    main()
