"""The filter of system calls that bubblewrap puts around code: what no computation needs is refused by the kernel."""

from __future__ import annotations

import platform
import struct

__all__ = ["program"]

# numbers of system calls on x86_64 and aarch64
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
CLONE = (56, 220)
CLONE3 = (435, 435)
SOCKET = (41, 198)
UNIX = 1  # the one kind of socket that is local to a process and what it starts
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
    # memory that belongs to no process, so that no limit counts it
    "memfd_create": (319, 279), "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190),
}  # fmt: skip
SETSOCKOPT = (54, 208)
OF_SOCKETS, SEND_BUFFER, RECEIVE_BUFFER = 1, 7, 8  # buffers of sockets are no process's memory
NEW_NAMESPACE = 0x7E020080  # all CLONE_NEW* flags

_LOAD, _EQUAL, _AT_LEAST, _HAS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ALLOW = 0x80000000, 0x7FFF0000
_EPERM, _ENOSYS, _EAFNOSUPPORT = 0x00050001, 0x00050026, 0x00050061
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD = (
    0,
    4,
    16,
    24,
    32,
)  # offsets in what the filter is shown of a call


def program(machine: str = "") -> bytes:
    """The filter as a program of the kernel's packet filter; empty for a machine whose numbers are not known.

    Args:
        machine: The machine; empty for this one.

    Example:
        >>> len(program("x86_64")) % 8, program("vax")
        (0, b'')
    """
    known = MACHINES.get(machine or platform.machine())
    if known is None:
        return b""
    architecture, column = known
    # (operation, lines to skip if true, if false, operand)
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if column == 0:  # the x32 numbers
        lines += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _KILL)]
    for numbers in REFUSED.values():
        lines += [(_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, _EPERM)]
    lines += [(_EQUAL, 0, 1, CLONE3[column]), (_RETURN, 0, 0, _ENOSYS)]  # libraries then take clone
    lines += [(_EQUAL, 0, 4, SOCKET[column]), (_LOAD, 0, 0, _FIRST), (_EQUAL, 0, 1, UNIX)]
    lines += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _EAFNOSUPPORT)]
    lines += [(_EQUAL, 0, 7, SETSOCKOPT[column]), (_LOAD, 0, 0, _SECOND), (_EQUAL, 0, 4, OF_SOCKETS)]
    lines += [(_LOAD, 0, 0, _THIRD), (_EQUAL, 1, 0, SEND_BUFFER), (_EQUAL, 0, 1, RECEIVE_BUFFER)]
    lines += [(_RETURN, 0, 0, _EPERM), (_RETURN, 0, 0, _ALLOW)]
    lines += [(_EQUAL, 0, 3, CLONE[column]), (_LOAD, 0, 0, _FIRST), (_HAS, 0, 1, NEW_NAMESPACE)]
    lines += [(_RETURN, 0, 0, _EPERM), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
