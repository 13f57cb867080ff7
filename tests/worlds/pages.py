"""A page opened as by its link."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from dashboard.pages import PAGES
from tests.worlds.drawn import markup
from tests.worlds.paths import MAIN


def title_of(app: AppTest) -> str:
    """The first heading of a page, as Streamlit has it or as it is drawn."""
    if app.title:
        return app.title[0].value
    found = re.search(r"<h1>(.*?)</h1>", markup(app))
    assert found is not None
    return re.sub(r"<[^>]*>", "", found[1])


def page(name: str, /, **query: str | list[str]) -> AppTest:
    """A page of the served ledger; it must not fail.

    Args:
        name: its row in `dashboard.pages`.
        query: what its link says.
    """
    app = AppTest.from_file(MAIN, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(PAGES[name].path).run()
    assert not app.exception
    return app
