"""The first process inside a sandbox: takes its limits upon itself, then runs the code that it is given.

Its standard input is a socket, from which it reads one JSON object and to which it writes another. It is run as a file, in a place where
this package is not, so it imports nothing of it. What it writes is as little to be trusted as the code is.
"""

from __future__ import annotations

import ast
import ctypes
import json
import linecache
import os
import platform
import resource
import socket
import struct
import sys
import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "<code>"
DEEPEST = 100
SHELLS = {"bash": ("/bin/bash", "-c"), "javascript": ("node", "--max-old-space-size=256", "-e")}

# numbers of system calls: x86_64, aarch64; those after clone3 are equal on both
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
CLONE = (56, 220)
CLONE3 = (435, 435)
REFUSED = {
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "kexec_load": (246, 104),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "open_by_handle_at": (304, 265), "quotactl": (179, 60), "swapon": (167, 224), "reboot": (169, 142),
    "acct": (163, 89), "syslog": (103, 116), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsmount": (432, 432), "mount_setattr": (442, 442), "memfd_secret": (447, 447),
}  # fmt: skip
NEW_NAMESPACE = 0x7E020080  # all CLONE_NEW* flags


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
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        resource.setrlimit(kind, (most, most))


def refuse_calls() -> None:
    """Let the kernel refuse what no computation needs: namespaces, mounts, tracing, keys, modules.

    Raises:
        OSError: The kernel takes no such filter.
    """
    architecture, column = MACHINES[platform.machine()]
    # (code, jump if true, jump if false, operand): load the architecture, the number, the flags of clone
    lines = [(0x20, 0, 0, 4), (0x15, 1, 0, architecture), (0x06, 0, 0, 0x80000000), (0x20, 0, 0, 0)]
    if column == 0:  # the x32 numbers
        lines += [(0x35, 0, 1, 0x40000000), (0x06, 0, 0, 0x80000000)]
    for numbers in REFUSED.values():
        lines += [(0x15, 0, 1, numbers[column]), (0x06, 0, 0, 0x00050001)]  # EPERM
    lines += [(0x15, 0, 1, CLONE3[column]), (0x06, 0, 0, 0x00050026)]  # ENOSYS: libraries then take clone
    lines += [(0x15, 0, 3, CLONE[column]), (0x20, 0, 0, 16), (0x45, 0, 1, NEW_NAMESPACE)]
    lines += [(0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]  # EPERM; allowed
    program = b"".join(struct.pack("=HBBI", *line) for line in lines)
    kept = ctypes.create_string_buffer(program)
    header = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(kept)))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(38, 1, 0, 0, 0) or library.prctl(22, 2, ctypes.byref(header), 0, 0):
        raise OSError(ctypes.get_errno(), "no filter of system calls")


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
    linecache.cache[NAME] = (len(code), None, code.splitlines(keepends=True), NAME)
    try:
        tree = ast.parse(code, NAME)
        last = tree.body[-1] if tree.body else None
        if isinstance(last, ast.Expr):
            tree.body.pop()
        exec(compile(tree, NAME, "exec"), scope)  # noqa: S102 - it is what this process is for
        if not isinstance(last, ast.Expr):
            return {"value": None}
        value = eval(compile(ast.Expression(last.value), NAME, "eval"), scope)  # noqa: S307 - as above
        return {"value": as_data(value)}
    except SystemExit as exc:
        return {"value": None} if not exc.code else {"error": f"SystemExit: {exc.code}"}
    except BaseException as exc:  # noqa: BLE001 - the code may raise anything
        return {"error": traced(exc)}


def traced(error: BaseException) -> str:
    """A traceback of the code's own frames."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(frames)] if frames else []
    try:
        return "".join([*lines, *traceback.format_exception_only(error)]).strip()
    except BaseException:  # noqa: BLE001 - an error's own text may raise anything
        return type(error).__name__


def main() -> None:
    """Run what is asked for."""
    channel = socket.socket(fileno=os.dup(0))
    asked = json.loads(b"".join(iter(lambda: channel.recv(65536), b"")))
    limits, language = asked["limits"], asked["language"]
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    drop_root(asked["user"])
    limit(limits, reserves=language == "javascript")
    refuse_calls()
    if language != "python":
        channel.close()
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
    channel.sendall(text.encode())
    os._exit(0)


if __name__ == "__main__":
    main()
