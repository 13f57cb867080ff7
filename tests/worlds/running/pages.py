"""A page opened as by its link."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from core.governance.people.names import directory
from dashboard.pages import PAGES
from dashboard.server import open_ledger as owner
from dashboard.widgets.acting.acting_for import KEY
from tests.worlds.claims.drawn import markup
from tests.worlds.paths import MAIN


def title_of(app: AppTest) -> str:
    """The first heading of a page, as Streamlit has it or as it is drawn."""
    if app.title:
        return app.title[0].value
    found = re.search(r"<h1>(.*?)</h1>", markup(app))
    assert found is not None
    return re.sub(r"<[^>]*>", "", found[1])


def page(
    name: str | None = None, /, *, acting_for: str | None = None, **query: str | list[str]
) -> AppTest:
    """A page of the served ledger; it must not fail.

    Args:
        name: its row in `dashboard.pages`; None: the first.
        acting_for: who the session acts as, a principal; None: nobody yet.
        query: what its link says.
    """
    app = AppTest.from_file(MAIN, default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    if acting_for is not None:
        app.session_state[KEY] = directory(owner.cursor()).sub(acting_for)
    if name is not None:
        app.switch_page(PAGES[name].path)
    app.run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    """What a page says in Streamlit's own elements, kind by kind, without Markdown's escapes."""
    shown = (
        *(app.title, app.header, app.subheader, app.markdown, app.caption),
        *(app.info, app.success, app.warning, app.error),
    )
    return "\n".join(one.value for kind in shown for one in kind).replace("\\", "")


def links(app: AppTest) -> dict[str, str]:
    """Every link of Streamlit's own, by its words."""
    found = app.get("page_link")
    return {one.proto.label: f"{one.proto.page}?{one.proto.query_string}" for one in found}


def finding_key(app: AppTest, begins: str) -> str:
    """The one field or button about a finding whose key begins so."""
    (key,) = (
        one.key
        for one in (*app.text_input, *app.button)
        if one.key and one.key.startswith(f"finding_{begins}_")
    )
    return str(key)
