"""Data made to harm."""

from __future__ import annotations

ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {new} "&{old};&{old};&{old};&{old};">' for old, new in ("ab", "bc", "cd", "de"))
    + "]><x>&e;</x>"
)


def moving_gif(frames: int) -> bytes:
    """A GIF of one pixel and many frames."""
    frame = b"\x21\xf9\x04\0\0\0\0\0" + b"\x2c\0\0\0\0\1\0\1\0\0" + b"\2\2\x44\1\0"
    return b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + frame * frames + b";"
