"""The shared filters: what the URL says is what is asked."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.base.catalogue import DimensionFacts, SignalFacts
from core.queries.base.selection import Selection
from dashboard.pages import PAGES
from dashboard.widgets.filters import Filters, url_key, value_of
from sample_data.generate import LOGPROB, SELF_REPORT
from tests.worlds.running.pages import page


def chosen(app: AppTest) -> Filters:
    found = app.session_state["shared_filters"]
    # Streamlit may have loaded the module anew, so the class is not asked for.
    assert type(found).__name__ == "Filters"
    return found


def facts(name: str, *values: str, missing: int = 0) -> DimensionFacts:
    return DimensionFacts(name, len(values), missing, tuple((value, 5) for value in values))


FILTERS = Filters(
    Selection("s"),
    SignalFacts("s", 10, 0, None, None),
    (
        facts("model_version", "m1", "m2"),
        facts("prompt_version", "p1"),
        facts("language", "de", missing=3),
        facts("tier", "gold"),
    ),
)


def test_a_dimension_can_be_split_by_when_it_has_two_values_or_some_name_none() -> None:
    assert FILTERS.splittable() == ("language", "model_version")
    assert FILTERS.segment_dimensions() == ("language",)


def test_a_dimension_with_too_many_values_is_narrowed_to_but_not_split_by() -> None:
    many = DimensionFacts("user", 5_000, 0, (("u1", 2), ("u2", 1)))
    found = Filters(FILTERS.selection, FILTERS.facts, (*FILTERS.dimensions, many))
    assert found.splittable() == FILTERS.splittable()
    assert found.not_split_by() == (many,)
    assert found.values("user") == ("u1", "u2")


def test_claims_that_name_no_value_are_a_choice_of_their_own() -> None:
    assert FILTERS.values("language") == ("de", None)
    assert FILTERS.values("model_version") == ("m1", "m2")
    assert (value_of("(none)"), value_of("de")) == (None, "de")


def test_segments_keep_their_column_name_in_the_url() -> None:
    assert (url_key("language"), url_key("model_version")) == ("seg_language", "model_version")


def test_without_a_choice_the_largest_signal_is_shown_whole(sample_shared: Path, serving) -> None:
    serving(sample_shared, keep=True)
    assert chosen(page("reliability")).selection == Selection(SELF_REPORT)


def test_a_link_brings_back_signal_period_and_segments(sample_shared: Path, serving) -> None:
    serving(sample_shared, keep=True)
    app = page(
        "reliability",
        signal=LOGPROB,
        since="2026-09-07",
        until="2026-10-04",
        as_known="2026-10-11",
        seg_language=["de", "pt"],
    )
    assert chosen(app).selection == Selection(
        LOGPROB,
        since=datetime(2026, 9, 7),
        until=datetime(2026, 10, 5),
        as_known=datetime(2026, 10, 12),
        where=(("language", ("de", "pt")),),
    )


@pytest.mark.parametrize(
    "query", [{"signal": "gone"}, {"seg_language": "xx"}, {"since": "soon"}, {"tier": "gold"}]
)
def test_a_link_to_what_is_not_there_opens_what_is(
    query: dict[str, str], sample_shared: Path, serving
) -> None:
    serving(sample_shared, keep=True)
    assert chosen(page("reliability", **query)).selection == Selection(SELF_REPORT)


def test_a_page_about_everything_a_signal_has_takes_the_signal_alone(
    sample_shared: Path, serving
) -> None:
    serving(sample_shared, keep=True)
    app = page("data", signal=LOGPROB, since="2026-09-07")
    assert chosen(app).selection == Selection(LOGPROB)
    assert not app.multiselect


def test_only_dimensions_with_a_choice_are_offered(tmp_path: Path, serving) -> None:
    file = tmp_path / "claims.csv"
    file.write_text(
        "event_id,ts,signal,confidence,outcome,model_version,seg_language,seg_tier\n"
        + "".join(
            f"e{i},2026-11-02T09:00:00Z,s,0.8,{i % 2},m1,{'de' if i % 3 else ''},t{i % 2}\n"
            for i in range(40)
        )
    )
    path = tmp_path / "ledger.duckdb"
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, file)
    serving(path)
    app = page("reliability")
    assert {one.label: list(one.options) for one in app.multiselect} == {
        "Language": ["de", "(none)"],
        "Tier": ["t0", "t1"],
    }
    app.multiselect(key="seg_language").set_value(["(none)"]).run()
    assert chosen(app).selection.where == (("language", (None,)),)


def test_an_empty_ledger_has_nothing_to_choose_from(tmp_path: Path, serving) -> None:
    path = tmp_path / "ledger.duckdb"
    Ledger.open(path, create=True).close()
    serving(path)
    app = page("reliability")
    assert app.session_state["shared_filters"] is None
    assert not app.selectbox


@pytest.mark.usefixtures("told_read")
def test_a_link_from_another_page_narrows_what_was_chosen_there() -> None:
    app = page("segments", signal=SELF_REPORT)
    app.multiselect(key="model_version").set_value(["assist-2"]).run()
    # What the link does not name stays.
    app.query_params["seg_topic"] = ["medical", "no such topic"]
    app.query_params["until"] = "2026-10-23"
    app.switch_page(PAGES["reliability"].path).run()
    assert not app.exception
    selection = chosen(app).selection
    assert dict(selection.where) == {"model_version": ("assist-2",), "topic": ("medical",)}
    assert selection.until == datetime(2026, 10, 24)


@pytest.mark.usefixtures("told_read")
def test_on_the_same_page_what_is_chosen_counts_and_not_the_link_that_led_there() -> None:
    app = page("segments", signal=SELF_REPORT)
    app.query_params["seg_topic"] = "medical"
    app.switch_page(PAGES["reliability"].path).run()
    app.multiselect(key="seg_topic").set_value([]).run()
    assert chosen(app).selection.where == ()
