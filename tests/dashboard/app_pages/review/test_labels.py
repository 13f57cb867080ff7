"""The Labels page: what labels would settle, a sample drawn, handed out and read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.monitoring import audit_draw as audit
from core.text.spreadsheet import csv_of
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.review import label_plan
from dashboard.server import open_ledger as owner
from tests.worlds.running.pages import page, text_of

SAFETY = "reply-safety.self-report"
VERA, KIM = "user:risk/vera.roth", "user:desk/kim.sato"
Open = Callable[..., AppTest]


@pytest.fixture
def opened(told_read: Path) -> Open:
    return partial(page, "labels")


@pytest.fixture
def drawing(told_copy: Path, serving) -> Open:
    """The page of a ledger that may be written to."""
    serving(told_copy)
    return partial(page, "labels")


def button(app: AppTest, key: str):
    return next((one for one in app.button if one.key == key), None)


def test_what_cannot_be_told_leads_with_the_number_that_settles_it(opened: Open) -> None:
    app = opened(signal=SAFETY, by="language")
    text = text_of(app)
    assert "5 of 5 values of language not decided" in text
    assert "80% chance" in text
    assert "**en**" in text
    assert app.get("vega_lite_chart")
    table = next(one.value for one in app.dataframe if "needed" in one.value)
    english = table[table["name"] == "en"].iloc[0]
    assert english["claims"].startswith(f"claims?signal={SAFETY}&seg_language=en")
    assert "stated=stated" in english["claims"]
    assert "Choose who you are in the sidebar" in text
    assert button(app, "labels_draw") is None


def test_where_an_answer_is_given_no_label_is_asked_for(opened: Open) -> None:
    text = text_of(opened(acting_for=VERA, signal="ticket-triage.self-report"))
    assert "No more labels are needed" in text
    assert "The plan asks for none here, because nothing needs one" in text


def test_labels_of_looked_at_cases_are_no_clean_bill(opened: Open) -> None:
    app = opened(acting_for=VERA, signal="callback-urgency.self-report")
    text = text_of(app)
    assert "only of the cases people looked at" in text
    assert "No label is needed" not in text
    table = next(one.value for one in app.dataframe if "needed" in one.value)
    assert not any("-0.0" in str(value) for value in table.to_numpy().ravel())


def test_claims_under_a_sampling_of_their_own_are_counted(opened: Open) -> None:
    text = text_of(opened(acting_for=VERA, signal="answer-grounding.agreement"))
    assert "claims are under the signal's own sampling" in text
    assert "What counts is the estimate that weighs each label by its chance" in text
    assert "Every claim that could be drawn here" not in text


def test_who_may_not_draw_is_told_who_may(opened: Open) -> None:
    app = opened(acting_for=KIM, signal=SAFETY, by="language")
    assert "Only the owner, a deputy or a validator may draw an audit sample" in text_of(app)
    assert "Kim Sato" in text_of(app)
    assert button(app, "labels_draw") is None


def test_of_an_unregistered_signal_it_leads_to_the_registry(opened: Open) -> None:
    app = opened(acting_for=VERA, signal="callback-urgency.self-report", by="language")
    assert "nobody may draw a sample of it yet" in text_of(app)
    links = {one.proto.label: one.proto.query_string for one in app.get("page_link")}
    assert links["Register it"] == "signal=callback-urgency.self-report"


def test_a_sample_is_drawn_handed_out_and_taken_back_on_the_page(drawing: Open) -> None:
    app = drawing(acting_for=VERA, signal=SAFETY, by="language")
    draw = button(app, "labels_draw")
    assert draw is not None
    assert draw.label.endswith("claims to label as Vera Roth")
    draw.click().run()
    assert not app.exception
    (sample,) = audit.samples(owner.cursor(), SAFETY)
    assert sample.act.actor.via == "page"
    text = text_of(app)
    assert "wait" in text
    assert "confidence out" in text
    assert any("labels verify" in one.value for one in app.code)

    rows = list(csv.DictReader(io.StringIO(csv_of(data.to_label(SAFETY)).decode(), newline="")))
    for i, row in enumerate(rows):
        row["outcome"] = str(int(i % 6 > 0)) if i else "perhaps"
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    (uploader,) = app.file_uploader
    uploader.set_value(("filled.csv", written.getvalue().encode(), "text/csv")).run()
    take = button(app, "labels_take")
    assert take is not None
    assert take.label == f"Take in {len(rows) - 1:,} labels"
    assert "Row 1, outcome 'perhaps'" in text_of(app)
    take.click().run()
    assert not app.exception
    text = text_of(app)
    assert f"{len(rows):,} rows: {len(rows) - 1:,} taken in, 1 refused" in text
    assert "Row 1, outcome 'perhaps'" in text
    assert "the gap of all claims is" in text
    assert f"{sample.n - 1:,} of {sample.n:,} drawn claims labelled" in text


def test_a_number_of_ones_own_goes_before_the_plan(drawing: Open) -> None:
    app = drawing(acting_for=VERA, signal="ticket-triage.self-report")
    app.number_input(key="labels_each_0").set_value(40).run()
    draw = button(app, "labels_draw")
    assert draw is not None
    assert draw.label == "Draw about 40 claims to label as Vera Roth"
    draw.click().run()
    assert not app.exception
    (sample,) = audit.samples(owner.cursor(), "ticket-triage.self-report")
    assert sample.act.body["groups"][0]["wanted"] == 40


def test_names_are_shown_as_they_are(tmp_path: Path, serving) -> None:
    file, path = tmp_path / "claims.csv", tmp_path / "ledger.duckdb"
    name, value = "a*b_[x](http://e)", "[y](http://e)"
    lines = ["event_id,ts,signal,confidence,outcome,seg_kind"]
    lines += [
        f"e{i},2026-11-02T09:00:00Z,{name},0.7,{'1' if i < 20 else ''},{value if i % 2 else 'b'}"
        for i in range(200)
    ]
    file.write_text("\n".join(lines))
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, file)
    serving(path)
    text = text_of(page("labels", by="kind"))
    assert "2 of 2 values of kind not decided" in text
    assert "[x](http" not in text
    assert "[y](http" not in text


def test_a_group_that_is_chosen_and_then_gone_leaves_the_page_whole(drawing: Open) -> None:
    app = drawing(acting_for=VERA, signal=SAFETY, by="language")
    draw = button(app, "labels_draw")
    assert draw is not None
    draw.click().run()
    assert not app.exception
    assert "labels_of_1" in next(one.key for one in app.multiselect if one.label == "Of")
    app.number_input(key="labels_each_1").set_value(10_000).run()
    draw = button(app, "labels_draw")
    # The plan asks for what was drawn already, so no group is chosen by itself.
    assert draw is None
    assert "What the plan asks for is drawn: label it below" in text_of(app)


def test_as_known_is_said_to_be_left_out(opened: Open) -> None:
    assert "As known on” is left out" in text_of(opened(signal=SAFETY, as_known="2026-10-01"))


def test_an_empty_ledger_shows_the_command_that_fills_it(tmp_path: Path, serving) -> None:
    path = tmp_path / "ledger.duckdb"
    Ledger.open(path, create=True).close()
    serving(path)
    assert any("calledger import" in one.value for one in page("labels").code)


def test_filters_that_leave_nothing_say_so(opened: Open) -> None:
    assert "No claim matches these filters" in text_of(opened(signal=SAFETY, since="2030-01-01"))


def test_a_broken_trail_is_said_instead(told_copy: Path, serving) -> None:
    with Ledger.open(told_copy) as ledger, ledger.transaction() as cursor:
        cursor.execute("UPDATE acts SET entry = entry || ' ' WHERE seq = 20")
    serving(told_copy)
    assert "broken" in text_of(page("labels")).lower()


def test_the_data_page_leads_here(opened: Open) -> None:
    app = opened(signal=SAFETY)
    app.switch_page(PAGES["data"].path).run()
    links = [one.proto.label for one in app.get("page_link")]
    assert "Which labels would decide what is still open" in links
    assert label_plan.KEYS == "labels_"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"event_id\nx\n", "The file has no column outcome"), (b"event_id,outcome\n", "holds no row")],
    ids=["unusable", "empty"],
)
def test_a_file_of_which_nothing_can_be_taken_in_leaves_the_button_closed(
    drawing: Open, content: bytes, said: str
) -> None:
    app = drawing(acting_for=VERA, signal=SAFETY, by="language")
    draw = button(app, "labels_draw")
    assert draw is not None
    draw.click().run()
    (uploader,) = app.file_uploader
    uploader.set_value(("filled.csv", content, "text/csv")).run()
    take = button(app, "labels_take")
    assert take is not None
    assert take.disabled
    assert said in text_of(app)
