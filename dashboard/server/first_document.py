"""The document a browser loads first: Streamlit's own, our script for the address and our frame.

The frame stands in the document, and not on the page: what came with the page's first elements
would move all that is there already.
"""

from __future__ import annotations

import functools
from pathlib import Path

import streamlit
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.pages import PAGES
from dashboard.widgets import tall

SCRIPT = "address.js"
FRAME = Path(__file__).parents[1] / "frame.css"
#: The script goes before every other; the style sheet after all that Streamlit adds to the head.
_HEAD, _END = "<head>", "</body>"


class _PagePath(Convertor[str]):
    """The path of a page, known or not: one part, no file's name, nor where a sign-on ends."""

    regex = "(?!oauth2callback$)[^/.]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


@functools.cache
def document() -> str:
    """Streamlit's document with `SCRIPT` before every script of its own, and with the frame.

    Raises:
        RuntimeError: Streamlit's document has no place for them.
    """
    found = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    for place in (_HEAD, _END):
        if place not in found:
            raise RuntimeError(
                f"The page of Streamlit {streamlit.__version__} has no {place} to put {SCRIPT} and "
                f"{FRAME.name} at: install the version that pyproject.toml names."
            )
    frame = FRAME.read_text(encoding="utf-8") + tall.rules()
    found = found.replace(_HEAD, f'{_HEAD}\n    <script src="./{SCRIPT}"></script>', 1)
    return found.replace(_END, f"<style>\n{frame}</style>\n  {_END}", 1)


async def _start(request: Request) -> Response:
    # The first page has the bare address; by its own name Streamlit would say "Page not found".
    if request.path_params["page"] == next(iter(PAGES)):
        query = request.url.query
        return RedirectResponse(f"./?{query}" if query else "./")
    return HTMLResponse(document(), headers={"Cache-Control": "no-cache"})


async def _script(_request: Request) -> Response:
    return FileResponse(Path(__file__).with_name(SCRIPT), headers={"Cache-Control": "no-cache"})


register_url_convertor("page", _PagePath())
#: To come after the routes for programs, of which some look like a page.
routes = [Route(f"/{SCRIPT}", _script), Route("/{page:page}", _start)]
