"""A filled sample revoked in: once, row by row, and as an import like any other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest

from core.audit.verify import verify_ledger
from core.governance.recorded_import import import_recorded
from core.monitoring import audit_draw as audit
from core.monitoring.label_upload import TakenLabels, UnusableSample, take
from core.queries.base.selection import Selection
from core.queries.sums.labelling.audit_samples import to_label
from tests.worlds.governed.governed import Governed, registered
from tests.worlds.running.begun import Begun

ANN = "user:desk/ann"
NOW = datetime(2026, 11, 2, 9)


def drawn(governed: Governed) -> None:
    """A sample of 60 claims, none of them labelled."""
    rows = [
        {
            "event_id": f"=e{i}" if i % 2 else f"e{i}",
            "ts": "2026-10-01T09:00:00Z",
            "signal": "triage",
            "confidence": 0.8,
        }
        for i in range(60)
    ]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "claims.csv"
        pd.DataFrame(rows).to_csv(file, index=False)
        import_recorded(governed.office, file)
    actor = governed.actor(ANN, audit.KIND)
    audit.draw(governed.office, actor, Selection("triage"), {None: 40})


@pytest.fixture
def governed(begun: Begun) -> Governed:
    """The governed ledger, of which a sample is drawn."""
    return begun.after(registered, drawn)


@pytest.fixture
def sampled(governed: Governed) -> list[str]:
    """The events of the sample, as they are handed out."""
    with governed.ledger.cursor() as cursor:
        seed = audit.samples(cursor, "triage")[0].design.seed
        return to_label(cursor, "triage", seed)["event_id"].to_list()


@pytest.fixture
def fill_in(governed: Any) -> Callable[..., TakenLabels]:
    """``fill_in(rows, header)``: take a file of such rows in."""

    def taken(
        rows: Sequence[Sequence[str]],
        header: str = "signal,event_id,outcome,outcome_ts,outcome_source",
    ) -> TakenLabels:
        text = "\r\n".join([header, *(",".join(row) for row in rows)])
        return take(governed.office, "triage", text.encode())

    return taken


def labels(governed: Any) -> dict[str, tuple[Any, ...]]:
    with governed.ledger.cursor() as cursor:
        found = cursor.execute(
            "SELECT event_id, outcome, outcome_ts, outcome_source FROM claims "
            "WHERE outcome IS NOT NULL"
        ).fetchall()
    return {event: tuple(rest) for event, *rest in found}


def test_labels_are_taken_stamped_recorded_and_sealed(
    governed: Any, sampled: list[str], fill_in: Any
) -> None:
    one, two, three, *_ = sampled
    before = governed.office.state()
    taken = fill_in(
        [
            ("triage", one, "1", "", ""),
            ("triage", two, "wrong", "2026-10-05T08:00:00+02:00", "code"),
            ("triage", three, "", "", ""),
        ]
    )
    assert (taken.n_rows, taken.n_new, taken.n_empty, taken.n_known) == (3, 2, 1, 0)
    assert taken.refused == ()
    assert labels(governed) == {
        one: (1, NOW, "HUMAN"),
        two: (0, datetime(2026, 10, 5, 6), "CODE"),
    }
    assert taken.summary is not None
    assert taken.summary.n_attached == 2
    assert governed.office.state().imports == before.imports | {taken.summary.import_id}
    with governed.ledger.cursor() as cursor:
        assert verify_ledger(cursor).ok


def test_the_same_file_again_changes_nothing_even_later(
    governed: Any, sampled: list[str], fill_in: Any
) -> None:
    rows = [("triage", event, str(i % 2), "", "") for i, event in enumerate(sampled[:10])]
    fill_in(rows)
    known, size = labels(governed), governed.office.state().size
    governed.clock.forward(days=2)
    again = fill_in(rows)
    assert (again.n_new, again.n_known, again.summary) == (0, 10, None)
    assert labels(governed) == known
    assert governed.office.state().size == size


def test_it_does_not_take_back_a_correction(
    governed: Any, sampled: list[str], fill_in: Any
) -> None:
    event = sampled[0]
    fill_in([("triage", event, "1", "", "")])
    governed.clock.forward(days=1)
    fill_in([("triage", event, "0", "", "")])
    assert labels(governed)[event][0] == 0
    governed.clock.forward(days=1)
    assert fill_in([("triage", event, "1", "", "")]).n_known == 1
    assert labels(governed)[event][0] == 0


def test_an_apostrophe_against_formulas_is_taken_off(
    governed: Any, sampled: list[str], fill_in: Any
) -> None:
    event = next(one for one in sampled if one.startswith("="))
    assert fill_in([("triage", f"'{event}", "1", "", "")]).n_new == 1
    assert event in labels(governed)


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"outcome": "maybe"}, "outcome", "neither right nor wrong"),
        ({"outcome": "0.7"}, "outcome", "neither right nor wrong"),
        ({"signal": "other"}, "signal", "not triage"),
        ({"event_id": ""}, "event_id", "no event"),
        ({"event_id": "nobody"}, "event_id", "no claim of triage"),
        ({"outcome_source": "ORACLE"}, "outcome_source", "not one of the values allowed"),
        ({"outcome_ts": "soon"}, "outcome_ts", "not a time"),
        ({"outcome_ts": "2027-01-01"}, "outcome_ts", "not a time, or one to come"),
    ],
)
def test_a_row_that_cannot_be_used_costs_itself_alone(
    governed: Any, sampled: list[str], fill_in: Any, change: dict[str, str], field: str, reason: str
) -> None:
    row = {"signal": "triage", "event_id": sampled[1], "outcome": "1", "outcome_ts": "",
           "outcome_source": ""}  # fmt: skip
    bad = row | change
    taken = fill_in([("triage", sampled[0], "1", "", ""), tuple(bad.values())])
    assert taken.n_new == 1
    (refused,) = taken.refused
    assert (refused.row, refused.field, refused.value) == (2, field, bad[field])
    assert reason in refused.reason
    assert refused.mend in refused.words
    assert set(labels(governed)) == {sampled[0]}


def test_an_event_outside_the_sample_and_a_contradiction_are_refused(
    governed: Any, sampled: list[str], fill_in: Any
) -> None:
    every = {f"=e{i}" if i % 2 else f"e{i}" for i in range(60)}
    outside = min(every - set(sampled))
    one = sampled[0]
    taken = fill_in(
        [
            ("triage", outside, "1", "", ""),
            ("triage", one, "1", "", ""),
            ("triage", one, "0", "", ""),
        ]
    )
    assert [(row.row, row.field) for row in taken.refused] == [(1, "event_id"), (3, "outcome")]
    assert taken.refused[0].reason == "not in a sample"
    assert "row 2 says another" in taken.refused[1].reason
    assert labels(governed)[one][0] == 1


def test_semicolons_and_a_byte_order_mark_are_read(governed: Any, sampled: list[str]) -> None:
    text = f"\ufeffevent_id;outcome\r\n{sampled[0]};right\r\n"
    assert take(governed.office, "triage", text.encode()).n_new == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2\n", "no column event_id; it has: a, b"),
        (b"event_id,result\n1,2\n", "no column outcome"),
        (b"", "no column event_id; it has: none"),
        ("event_id,outcome\nä,1".encode("latin-1"), "not UTF-8"),
        (b'event_id,outcome\n"a"b,1\n', "no CSV"),
    ],
)
def test_a_file_that_is_no_sample_is_refused_as_a_whole(
    governed: Any, content: bytes, message: str
) -> None:
    with pytest.raises(UnusableSample, match=message):
        take(governed.office, "triage", content)


def test_its_words_say_what_became_of_it(governed: Any, sampled: list[str], fill_in: Any) -> None:
    rows = [("triage", sampled[0], "1", "", ""), ("triage", sampled[1], "", "", "")]
    assert fill_in(rows).words == "2 rows: 1 taken in, 1 still empty."
    assert fill_in(rows).words == "2 rows: 1 known already, 1 still empty."
    assert fill_in([]).words == "The file holds no row."
