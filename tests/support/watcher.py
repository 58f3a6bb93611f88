"""Write down each finished node that standard input tells of, and sync it to the disk: ``watcher.py SEEN``."""

from __future__ import annotations

import os
import sys


def main():
    out = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for line in sys.stdin.buffer:
        if line.startswith(b'{"event":"node_finished"') and line.endswith(b"\n"):
            os.write(out, line)
            os.fsync(out)


if __name__ == "__main__":
    main()
