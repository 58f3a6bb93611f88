"""The pages of the site that are not in docs/: README, CONTRIBUTING, CHANGELOG and the notebooks; a hook of MkDocs.

A link may lead to anything in the repository, as GitHub has it. In the site it leads to the page of that file, and to
the repository where ``repo_url`` is set; a link to what has no page stays as its text.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ("tutorials/*.ipynb", "notebooks/*.ipynb")
TEXTS = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}

# The text of a link may be an image, which has a way of its own.
LINK = re.compile(
    r"(?P<open>!?\[(?P<text>(?:!\[[^\]]*\]\([^)]*\)|[^\]])*)\]\()(?P<target>[^)#\s]+)(?P<rest>#[^)\s]*)?\)"
)
OUTSIDE = re.compile(r"[a-z]+:|/")
FENCED = re.compile(r"(^```.*?^```)", re.DOTALL | re.MULTILINE)


def sources() -> dict[str, str]:
    """The page of each file that gets one, by its path in the repository."""
    books = [path for pattern in NOTEBOOKS for path in sorted(ROOT.glob(pattern))]
    found = {path.relative_to(ROOT).as_posix() for path in books}
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("**/*") if path.is_file()}
    return (
        TEXTS
        | {source: source.removesuffix(".ipynb") + ".md" for source in found}
        | {source: source.removeprefix("docs/") for source in pages}
    )


def on_files(files: Any, config: Any) -> Any:
    """Add a page for each text and notebook beside docs/."""
    for source, page in sources().items():
        if not source.startswith("docs/"):
            text = notebook_as_text(ROOT / source) if source.endswith(".ipynb") else read(source)
            files.append(File.generated(config, page, content=text))
    return files


def read(source: str) -> str:
    """The text of a file of the repository."""
    return (ROOT / source).read_text("utf-8")


def notebook_as_text(path: Path) -> str:
    """A notebook with its outputs as Markdown; what is drawn in HTML stays HTML, and cells of ours are no Python."""
    from nbconvert import MarkdownExporter

    text: str = MarkdownExporter().from_filename(str(path))[0]
    return text.replace("```python\n%%genxai", "```text\n%%genxai")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Let each link lead to a page of the site."""
    pages = sources()
    origin = next((source for source, at in pages.items() if at == page.file.src_uri), page.file.src_uri)

    def turned(found: re.Match[str]) -> str:
        target = found["target"]
        if OUTSIDE.match(target):
            return found[0]
        source = posixpath.normpath(posixpath.join(posixpath.dirname(origin), target))
        rest, opening = found["rest"] or "", LINK.sub(turned, found["open"])
        if source in pages:
            way = posixpath.relpath(pages[source], posixpath.dirname(page.file.src_uri) or ".")
            return f"{opening}{way}{rest})"
        if config.repo_url:
            return f"{opening}{config.repo_url.rstrip('/')}/blob/main/{source}{rest})"
        return found["text"].removesuffix("↗")  # an arrow alone says only that there is a link

    parts = FENCED.split(markdown)
    return "".join(part if part.startswith("```") else LINK.sub(turned, part) for part in parts)
