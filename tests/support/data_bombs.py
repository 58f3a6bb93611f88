"""Data made to harm."""

from __future__ import annotations

ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {new} "&{old};&{old};&{old};&{old};">' for old, new in ("ab", "bc", "cd", "de"))
    + "]><x>&e;</x>"
)
