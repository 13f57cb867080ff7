"""HTML built of parts that are escaped as they are put in."""

from __future__ import annotations

import html
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from core.text.shown import visible
from dashboard.pages import PAGES


class Markup(str):
    """Text that is HTML already; only this module makes any."""

    __slots__ = ()


def esc(value: object) -> Markup:
    """A value as text inside an element."""
    return value if isinstance(value, Markup) else Markup(html.escape(str(value)))


def join(*parts: object) -> Markup:
    """Parts one behind the other; what is no markup yet is escaped."""
    return Markup("".join(esc(part) for part in parts))


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """An element.

    Args:
        name: of the element, ours and never a reader's.
        children: escaped, unless they are markup.
        attributes: ``class_`` is class, ``aria_label`` aria-label; None leaves one out.
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{said}>{join(*children)}</{name}>")


def href(page: str, **query: str | Sequence[str]) -> str:
    """The address of a page with its filters, relative, so that it holds behind a base path too.

    Args:
        page: key of `dashboard.pages.PAGES`.
        query: URL keys and values; several values make several pairs.
    """
    path = "./" if page == next(iter(PAGES)) else quote(page)
    return f"{path}?{urlencode(query, doseq=True)}" if query else path


def name(signal: str) -> Markup:
    """A signal's name, its source in grey."""
    what, dot, how = visible(signal).partition(".")
    return join(what, tag("span", f"{dot}{how}", class_="soft weak") if how else "")
