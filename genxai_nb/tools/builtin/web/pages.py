"""Reading web pages: the text for readers, tables, links, forms, and what selectors find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Interval, MaxLen

from genxai_nb.errors import ToolFailed
from genxai_nb.loop import run_in_worker
from genxai_nb.tools.base import tool

from .html import Page, read_html

if TYPE_CHECKING:
    from genxai_nb.tools.http import Answer

__all__ = ["html_parser", "web_scraper"]

LARGEST = 2_000_000

_KINDS = frozenset({"text/html", "application/xhtml+xml", "text/plain", "application/xml", "text/xml", ""})


@tool(
    category="web",
    tags=["page", "read"],
    read_only=True,
    idempotent=True,
    timeout=150,
    permissions=["network"],
    subjects={"url": "hosts"},
)
async def web_scraper(
    url: str,
    selector: str | None = None,
    *,
    extract_links: bool = False,
    extract_images: bool = False,
    extract_tables: bool = False,
    timeout: Annotated[float, Interval(ge=1, le=120)] = 30,  # noqa: ASYNC109 - a parameter of the tool
    context: Any = None,
) -> Page:
    """Fetch a web page and tell its readable text, and its links, images and tables if wanted.

    Args:
        url: The address of the page.
        selector: A CSS selector; only the text of what it finds is told, each by itself.
        extract_links: Tell the links with their texts.
        extract_images: Tell the addresses of the images with their descriptions.
        extract_tables: Tell the tables, row by row.
        timeout: Seconds that it may take.
        context: The context of the call.

    Example:
        >>> import asyncio
        >>> asyncio.run(web_scraper("http://127.0.0.1:8888/tree"))
        Traceback (most recent call last):
        genxai_nb.errors.Denied: Host '127.0.0.1' is a private or reserved address. ...
    """
    from genxai_nb.tools.http import client_for

    answer = await client_for(context).request(
        "GET", url, timeout=timeout, most=LARGEST, headers={"Accept": "text/html,*/*;q=0.5"}
    )
    _refuse_other(answer)
    if answer.kind == "text/plain":
        return Page(url=answer.url, status=answer.status, text=answer.text[:100_000])
    selectors = {"selected": selector} if selector is not None else None
    page = await run_in_worker(
        lambda: read_html(
            answer.text,
            base=answer.url,
            selectors=selectors,
            readable=True,
            links=extract_links,
            images=extract_images,
            tables=extract_tables,
        )
    )
    page.status, page.truncated = answer.status, page.truncated or answer.truncated
    return page


def _refuse_other(answer: Answer) -> None:
    if answer.status >= 400:
        raise ToolFailed(f"{answer.url} answers with status {answer.status}.", hint="Check the address.")
    if answer.kind not in _KINDS:
        raise ToolFailed(f"{answer.url} is {answer.kind}, which is no page.", hint="Use api_caller for data.")


@tool(category="web", tags=["html", "page"], read_only=True, idempotent=True, timeout=60)
def html_parser(
    html: Annotated[str, MaxLen(LARGEST)],
    selectors: dict[str, str] | None = None,
    extract: Literal["links", "text"] | None = None,
    *,
    extract_tables: bool = False,
    extract_forms: bool = False,
    clean_text: bool = True,
    timeout: Annotated[float, Interval(ge=1, le=30)] = 20,
) -> Page:
    """Take HTML apart that is given.

    Args:
        html: The HTML.
        selectors: CSS selectors by a name of your choice; the texts of what each finds are told under it.
        extract: links or text alone; by default both.
        extract_tables: Tell the tables, row by row.
        extract_forms: Tell the forms with their fields.
        clean_text: Fold blanks and drop empty lines.
        timeout: Seconds that it may take.

    Example:
        >>> found = html_parser("<h1>Hi</h1><a href='/x'>there</a>", selectors={"title": "h1"})
        >>> found.selected, found.links[0].url
        ({'title': ['Hi']}, '/x')
    """
    return read_html(
        html,
        timeout,
        selectors=selectors,
        text=extract != "links",
        links=extract != "text",
        tables=extract_tables,
        forms=extract_forms,
        clean=clean_text,
    )
