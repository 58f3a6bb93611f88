"""The ``genxai-nb`` command, also as ``python -m genxai_nb``."""

from __future__ import annotations

import os
import sys

from .command import INTERRUPTED, main


def run() -> None:
    """Run the command and leave the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    code = main()
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has gone, as head does; Python would complain again at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if code == INTERRUPTED:  # a plain function cannot be stopped, and Python would wait for its thread
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    run()
