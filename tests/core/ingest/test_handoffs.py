"""Hand-offs to people come in by files of their own, grow row by row, and name nobody."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from core.ingest.file_mapping import FileMapping
from core.ingest.import_file import ImportSummary, UnusableFile, import_file
from core.ingest.quarantine import export_quarantined, list_quarantined, ways_of_open
from core.ledger.connection import Ledger

NOW = datetime(2026, 11, 23, 12)
HEAD = "event_id,signal,queue,reviewer,handed_at,taken_at,decided_at,decision,agreed"
HANDED = "e1,s,desk,,2026-11-02T10:00:00Z,,,,"
TAKEN = "e1,s,,r-1,2026-11-02T10:00:00Z,2026-11-02T11:00:00Z,,,"
DECIDED = "e1,s,desk,r-1,2026-11-02T10:00:00Z,,2026-11-02T11:05:00Z,refund,no"


def bring(
    ledger: Ledger, folder: Path, *rows: str, head: str = HEAD, how: FileMapping | None = None
) -> ImportSummary:
    path = folder / f"{len(list(folder.iterdir()))}.csv"
    path.write_text("\n".join((head, *rows)) + "\n")
    return import_file(ledger, path, now=NOW, how=how or FileMapping())


def held(ledger: Ledger) -> list[tuple[object, ...]]:
    return (
        ledger.cursor()
        .execute(
            """
            SELECT event_id, any_value(queue), any_value(reviewer), any_value(taken_at),
                   any_value(decided_at), any_value(decision), any_value(agreed)
            FROM handoffs GROUP BY signal, event_id, handed_at ORDER BY event_id, handed_at
            """
        )
        .fetchall()
    )


ALL = (
    *("e1", "desk", "r-1", datetime(2026, 11, 2, 11), datetime(2026, 11, 2, 11, 5)),
    *("refund", 0),
)


def test_a_planted_case_may_be_told_later_and_waits_for_no_claim(
    ledger: Ledger, tmp_path: Path
) -> None:
    head = f"{HEAD},seeded"
    summary = bring(ledger, tmp_path, f"{DECIDED},", f"{DECIDED},1", head=head)
    assert (summary.n_new, summary.n_held, summary.n_quarantined) == (2, 1, 0)
    assert bring(ledger, tmp_path, f"{DECIDED},yes", head=head).n_new == 0
    only = "p1,s,desk,r-1,2026-11-03T10:00:00Z,,,,,1"
    assert bring(ledger, tmp_path, only, head=head).n_held == 0
    bring(ledger, tmp_path, f"{DECIDED},0", f"{DECIDED},perhaps", head=head)
    odd, unread = list_quarantined(ledger.cursor())
    assert {(one.field, one.value) for one in (odd, unread)} == {
        ("seeded", "0"),
        ("seeded", "perhaps"),
    }


@pytest.mark.parametrize(
    "order", [(HANDED, TAKEN, DECIDED), (DECIDED, TAKEN, HANDED), (TAKEN, HANDED, DECIDED)]
)
def test_what_becomes_known_later_is_added_in_whatever_order_it_comes(
    ledger: Ledger, tmp_path: Path, order: tuple[str, ...]
) -> None:
    for row in order:
        bring(ledger, tmp_path, row)
    assert held(ledger) == [ALL]


def test_rows_of_one_hand_off_in_one_file_are_put_together(ledger: Ledger, tmp_path: Path) -> None:
    summary = bring(ledger, tmp_path, HANDED, TAKEN, DECIDED, DECIDED)
    assert (summary.n_read, summary.n_new, summary.n_duplicate) == (4, 3, 1)
    assert held(ledger) == [ALL]


def test_the_same_again_changes_nothing_also_in_other_words(ledger: Ledger, tmp_path: Path) -> None:
    bring(ledger, tmp_path, DECIDED, TAKEN)
    again = bring(ledger, tmp_path, DECIDED.replace(",no", ",0"), TAKEN)
    assert (again.import_id, again.n_duplicate) == (None, 2)


def test_a_case_may_be_handed_over_twice(ledger: Ledger, tmp_path: Path) -> None:
    bring(ledger, tmp_path, DECIDED, "e1,s,lead,r-2,2026-11-03T10:00:00Z,,,,")
    assert [one[:3] for one in held(ledger)] == [("e1", "desk", "r-1"), ("e1", "lead", "r-2")]


def test_a_hand_off_waits_for_its_claim(ledger: Ledger, tmp_path: Path) -> None:
    assert bring(ledger, tmp_path, HANDED, TAKEN).n_held == 1


@pytest.mark.parametrize(
    ("row", "field", "value", "reason"),
    [
        (",s,,,2026-11-02T10:00:00Z,,,,", "event_id", None, "no event_id"),
        ("e1,,,,2026-11-02T10:00:00Z,,,,", "signal", None, "no signal"),
        ("e1,s,,,,,,,", "handed_at", None, "no handed_at"),
        ("e1,s,,,soon,,,,", "handed_at", "soon", "not a time"),
        ("e1,s,,,2026-11-02T10:00:00Z,never,,,", "taken_at", "never", "not a time"),
        (
            "e1,s,,,2026-11-02T10:00:00Z,2026-11-02T09:00:00Z,,,",
            *("taken_at", "2026-11-02T09:00:00Z", "before handed_at"),
        ),
        ("e1,s,,,2026-11-02T10:00:00Z,,,,1", "agreed", "1", "no decided_at"),
        ("e1,s,,,2026-11-02T10:00:00Z,,,refund,", "decision", "refund", "no decided_at"),
        (
            "e1,s,,,2026-11-02T10:00:00Z,,2026-11-02T11:00:00Z,,maybe",
            *("agreed", "maybe", "not 0 or 1"),
        ),
        (
            f"e1,s,,,2026-11-02T10:00:00Z,,2026-11-02T11:00:00Z,{'x' * 201},",
            *("decision", "x" * 80, "longer than 200"),
        ),
    ],
)
def test_a_bad_row_is_named_by_its_field_and_value_with_the_fix_and_costs_itself_alone(
    ledger: Ledger, tmp_path: Path, row: str, field: str, value: str | None, reason: str
) -> None:
    summary = bring(ledger, tmp_path, DECIDED, row)
    (refused,) = list_quarantined(ledger.cursor())
    assert (summary.n_new, summary.n_quarantined, refused.import_row) == (1, 1, 2)
    assert (refused.field, refused.value) == (field, value)
    assert reason in refused.reason
    assert refused.mend


def test_a_row_that_contradicts_what_is_logged_is_refused_and_the_first_stays(
    ledger: Ledger, tmp_path: Path
) -> None:
    bring(ledger, tmp_path, DECIDED, TAKEN)
    bring(ledger, tmp_path, DECIDED.replace(",no", ",yes"))
    (refused,) = list_quarantined(ledger.cursor())
    assert (refused.field, refused.value) == ("agreed", "1")
    assert held(ledger) == [ALL]


@pytest.mark.parametrize("where", ["reviewer", "queue", "decision", "note", "broken"])
def test_an_address_is_kept_nowhere(ledger: Ledger, tmp_path: Path, where: str) -> None:
    rows = [
        {
            **{"event_id": "e1", "signal": "s", "handed_at": "2026-11-02T10:00:00Z"},
            **{"reviewer": "r-1", "queue": "desk", "taken_at": "never"},
            **{where: "ann.lee@example.org"},
        }
    ]
    path = tmp_path / "rows.jsonl"
    line = json.dumps(rows[0])
    broken = line[:-1] if where == "broken" else line
    path.write_text(f"{broken}\n{line.replace('ann.lee@example.org', 'r-2')}\n")
    import_file(ledger, path, now=NOW)
    everything = str([list_quarantined(ledger.cursor()), held(ledger)])
    assert "example.org" not in everything
    assert "(an e-mail address)" in everything
    if where in ("reviewer", "queue", "decision"):
        (first, _) = list_quarantined(ledger.cursor())
        assert first.field == where
        assert "opaque ids" in first.reason


def test_other_names_words_and_one_signal_for_all_are_said(ledger: Ledger, tmp_path: Path) -> None:
    how = FileMapping(
        renames={"case": "event_id", "assigned": "handed_at", "who": "reviewer"},
        signal="s",
        values={"agreed": {"accepted": "1", "rejected": "0"}},
    )
    bring(
        ledger,
        tmp_path,
        "e1,2026-11-02T10:00:00Z,r-1,2026-11-02T11:05:00Z,rejected",
        head="case,assigned,who,decided_at,agreed",
        how=how,
    )
    assert held(ledger) == [("e1", None, "r-1", None, datetime(2026, 11, 2, 11, 5), None, 0)]


def test_a_file_without_a_column_that_each_has_is_refused_whole(
    ledger: Ledger, tmp_path: Path
) -> None:
    with pytest.raises(UnusableFile, match="no column for event_id; it has"):
        bring(ledger, tmp_path, "s,2026-11-02T10:00:00Z", head="signal,handed_at")


def test_a_file_that_states_confidences_holds_claims(ledger: Ledger, tmp_path: Path) -> None:
    head = "event_id,signal,ts,confidence,handed_at"
    bring(ledger, tmp_path, "e1,s,2026-11-02T10:00:00Z,0.9,2026-11-02T11:00:00Z", head=head)
    assert held(ledger) == []
    assert ledger.cursor().execute("SELECT attributes FROM claims").fetchall() == [
        ('{"handed_at":"2026-11-02T11:00:00Z"}',)
    ]


def test_corrected_rows_come_back_by_a_file_of_their_own_and_leave_the_quarantine(
    ledger: Ledger, tmp_path: Path
) -> None:
    bring(ledger, tmp_path, HANDED.replace("2026-11-02T10:00:00Z", "soon"))
    bring(ledger, tmp_path, "c1,s,2026-11-02,much", head="event_id,signal,ts,confidence")
    ways = ways_of_open(ledger.cursor())
    assert [one.imports for one in ways] == [(2,), (1,)]
    out = tmp_path / "refused.csv"
    export_quarantined(ledger.cursor(), out, imports=ways[1].imports)
    out.write_text(out.read_text().replace("soon", "2026-11-02T10:00:00Z", 1))
    import_file(ledger, out, now=NOW)
    assert [one.import_id for one in list_quarantined(ledger.cursor())] == [2]
    assert [one[0] for one in held(ledger)] == ["e1"]
