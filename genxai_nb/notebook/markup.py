"""HTML out of parts: the one place where text becomes markup, so that none gets in unescaped."""

from __future__ import annotations

from html import escape

from genxai_nb.graph.draw.lettering import visible


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, *inside: str | None, **attributes: str | None) -> Markup:
    """Make an element; text inside is escaped, markup is not, None is left out.

    Attributes whose name is taken in Python end in an underscore; one that is None is left out.

    Example:
        >>> element("b", "1 < 2", class_="gx-dim")
        '<b class="gx-dim">1 &lt; 2</b>'
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(visible(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{said}>{joined(*inside)}</{name}>")


def joined(*parts: str | None) -> Markup:
    """Put parts one after the other; text is escaped, markup is not."""
    return Markup("".join(_escaped(part) for part in parts if part is not None))


def image(source: str, alt: str, style: str) -> Markup:
    """Make an image that keeps its size unless the style says otherwise."""
    return Markup(f'<img src="{escape(source)}" alt="{escape(visible(alt))}" style="{escape(style)}">')


def _escaped(text: str) -> str:
    return text if isinstance(text, Markup) else escape(visible(text), quote=False)
