"""Above a table of many signals a reader asks for those to be shown; a short one is all there."""

from __future__ import annotations

from dataclasses import replace

from streamlit.testing.v1 import AppTest

from dashboard.widgets import table_search
from tests.core.sentences.test_standing import BASE


def page() -> None:
    import streamlit as st

    from dashboard.widgets import table_search
    from tests.dashboard.widgets.test_table_search import people, standing

    rows = table_search.of_signals(
        tuple(people(st.session_state["n"])),
        standing(),
        lambda one: one,
        people(st.session_state["n"]).__getitem__,
        page="registry",
    )
    st.write(", ".join(rows))


def people(n: int) -> dict[str, str]:
    """Signals, with who answers for each."""
    return {f"s{i:02}": "Ann Lee" if i % 2 else "Bob Ng" for i in range(n)}


def standing() -> dict[str, object]:
    """The verdicts of two of them."""
    return {"s01": replace(BASE, state="off"), "s02": replace(BASE, state="fine")}


def shown(n: int, **query: str) -> AppTest:
    app = AppTest.from_function(page, default_timeout=60)
    app.session_state["n"] = n
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def test_a_short_table_is_shown_whole_and_not_searched() -> None:
    app = shown(table_search.SEVERAL)
    assert app.markdown[0].value == ", ".join(people(table_search.SEVERAL))
    assert not app.text_input


def test_a_long_one_is_searched_by_signal_and_person() -> None:
    n = table_search.SEVERAL + 1
    assert shown(n).markdown[0].value == ", ".join(people(n))
    assert shown(n, registry_find=" S03").markdown[0].value == "s03"
    expected = ", ".join(one for one, who in people(n).items() if who == "Ann Lee")
    assert shown(n, registry_find="ann").markdown[0].value == expected


def test_and_by_the_words_of_a_standing_verdict() -> None:
    n = table_search.SEVERAL + 1
    assert shown(n, registry_verdict="Off").markdown[0].value == "s01"
    assert shown(n, registry_verdict="Fine", registry_find="ann").markdown[0].value == ""


def test_a_table_in_which_nothing_is_found_says_so() -> None:
    assert "No signal like this." in table_search.none()
