"""The sample: made from its seed, true to its README, and never stale."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ingest.import_file import ImportSummary, import_file
from core.ingest.quarantine import list_quarantined
from core.ledger.connection import Ledger
from sample_data import generate, planted, sample_files, shifted_copies
from sample_data.shift import SAMPLE_END, whole_weeks_to

FOLDER = Path(generate.__file__).parent
README = (FOLDER / "README.md").read_text(encoding="utf-8")
TIMES = ["ts", "outcome_ts", "answer_ts", "confidence_ts", "handed_at", "taken_at", "decided_at"]

Read = Callable[[Path], pd.DataFrame]
Committed = dict[str, pd.DataFrame]


def times_of(frame: pd.DataFrame) -> list[str]:
    return [name for name in TIMES if name in frame and frame[name].dtype.kind == "M"]


# Made from its seed


def test_the_committed_files_are_what_the_seed_makes(
    committed: Committed, read_file: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    generate.main()
    assert {path.name for path in tmp_path.iterdir()} == set(committed)
    for name, frame in committed.items():
        pd.testing.assert_frame_equal(read_file(tmp_path / name), frame)


def test_it_is_small_enough_to_commit_and_to_open_at_once(committed: Committed) -> None:
    assert sum(path.stat().st_size for path in sample_files()) < 5_000_000
    claims = sum(len(frame) for name, frame in committed.items() if "claims" in name)
    assert claims < 150_000


def test_it_is_half_a_year_of_whole_weeks_and_nothing_lies_after_its_end(
    committed: Committed, claims: pd.DataFrame
) -> None:
    assert pd.Timestamp(SAMPLE_END, tz="UTC") == planted.END
    assert planted.FIRST_MONDAY + pd.Timedelta(weeks=planted.WEEKS) == planted.END
    for frame in committed.values():
        for column in times_of(frame):
            assert frame[column].max() < planted.END
    weeks = claims.groupby("signal")["week"].agg(["min", "max", "nunique"])
    assert (weeks == [1, planted.WEEKS, planted.WEEKS]).all(axis=None)


def test_no_outcome_is_known_before_its_claim(claims: pd.DataFrame) -> None:
    timed = claims.dropna(subset="outcome_ts")
    assert (timed["outcome_ts"] >= timed["ts"]).all()


def test_importing_it_meets_exactly_the_planted_refusals(tmp_path: Path) -> None:
    summaries: list[ImportSummary] = []
    with Ledger.open(tmp_path / "sample.duckdb", create=True) as ledger:
        summaries += [import_file(ledger, path) for path in sample_files()]
        refused = list_quarantined(ledger.cursor())
    assert [one.n_quarantined for one in summaries] == [0, 0, 0, 0, 0, 0, 0, 6]
    assert not any(one.n_duplicate or one.n_held for one in summaries)
    assert [one.source for one in summaries if one.notices] == ["merge_handoffs.parquet"]
    assert [(one.import_row, one.field, one.value) for one in refused] == [
        (2, "confidence", "85ish"),
        (3, "confidence", "1.2"),
        (4, "ts", "16.11.2026 half past nine"),
        (5, "outcome", "0.5"),
        (6, "signal", None),
        (7, "confidence", "0.9"),
    ]


def test_corrected_outcomes_replace_the_first_ones(sample_path: Path) -> None:
    with Ledger.open(sample_path, read_only=True) as ledger:
        (corrected,) = ledger.cursor().execute(
            "SELECT count(DISTINCT event_id) FROM claims WHERE outcome_corrected"
        ).fetchone() or (0,)
    assert corrected == planted.CORRECTIONS


# Its README


def table(heading: str, keys: int = 1) -> dict[tuple[str, ...], list[str]]:
    """A table of the README: its first cells → the other cells."""
    part = README[README.index(heading) :]
    lines = [line for line in part.split("\n\n")[0].splitlines() if line.startswith("|")][2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {tuple(row[:keys]): row[keys:] for row in rows}


def test_the_readme_lists_every_file_with_its_rows(committed: Committed) -> None:
    stated = {name.strip("`"): row[0] for (name,), row in table("| file").items()}
    assert stated == {name: f"{len(frame):,}" for name, frame in committed.items()}


def points(gap: float) -> str:
    return f"+{100 * gap:.0f}"


def percent(share: float) -> str:
    return f"{share:.0%}"


def weeks(first: int, last: int = planted.WEEKS) -> str:
    return f"{first}–{last}"


ALWAYS = weeks(1)
OVER_500 = "over 500"
HANDED = weeks(planted.HANDED_FROM_WEEK)
STAMP, CAREFUL = (planted.MERGE_REVIEWERS[one] for one in (planted.RUBBER_STAMP, "m-3"))
#: (failure, signal) → what its line must say: of where, of weeks, of size.
FAILURES = {
    ("segment bad, aggregate healthy", planted.SELF_REPORT): (
        "topic `medical`", ALWAYS, f"gap {points(planted.MEDICAL_GAP)};",
    ),
    ("segment bad, in two dimensions", planted.SELF_REPORT): (
        "topic `translation` in language `hi`", ALWAYS,
        f"gap {points(planted.HINDI_TRANSLATION_GAP)}",
    ),
    ("slow decalibration of a segment", planted.SELF_REPORT): (
        "channel `voice`", weeks(planted.VOICE_FROM_WEEK),
        f"from 0 to {points(planted.VOICE_GAP)}",
    ),
    ("escalation breached", planted.SELF_REPORT): (
        f"topic `{planted.BREACH_TOPIC}`, action `automate` below "
        f"{percent(planted.TRIAGE_CUTS[0])}",
        weeks(*planted.BREACH_WEEKS), f"exactly {planted.BREACHES} claims",
    ),
    ("high-confidence band alone bad", planted.ANSWER): (
        "stated at 90% or more", ALWAYS, f"gap {points(planted.ANSWER_HIGH_GAP)};",
    ),
    ("evaluation leaked", planted.ANSWER): (
        "split `heldout`", weeks(3, 6),
        f"{planted.LEAKED_ROWS} of {planted.HELDOUT_ROWS} inputs are among the "
        f"{planted.TUNING_ROWS} of `tuning`; where sure, {percent(planted.LEAKED_HIGH_ERROR)} of "
        f"them are wrong",
    ),
    ("model update breaks calibration", planted.SAFETY): (
        f"model `guard-2`, policy `{planted.SAFETY_POLICY}`",
        weeks(planted.SAFETY_MODEL_FROM_WEEK), f"gap {points(planted.SAFETY_GAP)};",
    ),
    ("input drift, still calibrated", planted.LOGPROB): (
        f"amount `over 500` from {percent(planted.REFUND_MIX_BEFORE[OVER_500])} to "
        f"{percent(planted.REFUND_MIX_AFTER[OVER_500])} of claims",
        weeks(planted.REFUND_MIX_FROM_WEEK), "Brier score +0.04",
    ),
    ("metric gamed", planted.JUDGE): (
        "prompt `rubric-3`", weeks(planted.JUDGE_RUBRIC_FROM_WEEK),
        f"within {100 * planted.JUDGE_COLLAPSED_TO[0]:.0f}–"
        f"{percent(planted.JUDGE_COLLAPSED_TO[1])}; gap {points(planted.JUDGE_GAP_BEFORE)} to 0",
    ),
    ("more claims state no confidence", planted.JUDGE): (
        "everywhere", f"{planted.JUDGE_UNSTATED_FROM_WEEK}",
        f"to {percent(planted.JUDGE_UNSTATED)}",
    ),
    ("prompt edit: more right, more overconfident", planted.DRAFT): (
        "prompt `draft-v3`", weeks(planted.DRAFT_PROMPT_FROM_WEEK),
        f"accuracy {points(planted.DRAFT_ACCURACY_RISE)}, confidence "
        f"{points(planted.DRAFT_CONFIDENCE_RISE)}, gap 0 to "
        f"{points(planted.DRAFT_CONFIDENCE_RISE - planted.DRAFT_ACCURACY_RISE)}",
    ),
    ("confidence anchored by the answer", planted.DRAFT): (
        "order `after`", weeks(*planted.ANCHORING_WEEKS),
        f"confidence {points(planted.ANCHORING_SHIFT)} on the same "
        f"{planted.ANCHORED_INPUTS:,} inputs",
    ),
    ("confidence theatre", planted.MERGE): ("everywhere", ALWAYS, "every action is `review`"),
    ("a reviewer lets wrong answers pass", planted.MERGE): (
        f"reviewer `{planted.RUBBER_STAMP}`, {percent(STAMP[0])} of the cases", HANDED,
        f"catches {percent(STAMP[1])} of the wrong answers",
    ),
    ("cases that nobody takes up", planted.MERGE): (
        f"{planted.FORGOTTEN_CASES} cases of the Thursday", f"{planted.WEEKS}",
        "due within 24 hours",
    ),
    ("errors cancel", planted.ROUTING): (
        f"stated at {percent(planted.ROUTING_UNSURE_TO)} or less, and at "
        f"{percent(planted.ROUTING_SURE_FROM)} or more",
        ALWAYS,
        f"gap −{100 * planted.ROUTING_GAP:.0f} and {points(planted.ROUTING_GAP)}; of the whole "
        f"none, and {100 * planted.ROUTING_ERROR:.0f} on average over the range",
    ),
    ("asked before, logged as after", planted.ROUTING): (
        "order `after`", ALWAYS,
        f"of {percent(planted.ROUTING_ASKED_BEFORE)} the confidence was there first",
    ),
    ("a logged field vanishes", planted.ROUTING): (
        "language", f"{planted.ROUTING_NO_LANGUAGE_FROM_WEEK}", "then by none",
    ),
    ("off, and a certified map is not in use", planted.DRAFT): (
        f"{planted.DRAFTS_RATED} drafts of `draft-v3` rated in week {planted.DRAFTS_RATED_IN_WEEK}",
        weeks(25), f"{points(planted.DRAFT_CONFIDENCE_RISE - planted.DRAFT_ACCURACY_RISE)}, by",
    ),
    ("errors cost more than reviews, at low stakes", planted.DRAFT): (
        "an error costs 8 reviews", weeks(planted.DRAFT_PROMPT_FROM_WEEK), "12.5% would pay",
    ),
    ("model changed behind its name", planted.ANSWER): (
        f"the {planted.CANARY_INPUTS} kept inputs", weeks(planted.CANARY_CHANGED_FROM_WEEK),
        f"{points(planted.CANARY_RISE)} points stated, a third of the answers",
    ),
    ("kept inputs are not asked any more", planted.SAFETY): (
        f"its {planted.CANARY_INPUTS} kept inputs", weeks(planted.CANARY_ENDED_IN_WEEK + 1),
        f"asked on {planted.CANARY_ENDED_IN_WEEK - planted.CANARY_FROM_WEEK + 1} Mondays, the last "
        f"in week {planted.CANARY_ENDED_IN_WEEK}",
    ),
    ("labels of an audit never come", planted.ROUTING): (
        f"a weekly audit of {planted.AUDITED[planted.ROUTING]};", weeks(planted.AUDITED_FROM_WEEK),
        f"drawn of week {planted.AUDITED_FROM_WEEK - 1}",
    ),
    ("labelled only where escalated", planted.CALLBACK): (
        f"action `automate` from {percent(planted.CALLBACK_CUTS[0])}, `escalate` below "
        f"{percent(planted.CALLBACK_CUTS[1])}",
        ALWAYS,
        f"{percent(planted.CALLBACK_LABELLED['escalate'])} of the escalated, "
        f"{percent(planted.CALLBACK_LABELLED['review'])} of the reviewed, none",
    ),
}  # fmt: skip
NULLS = {
    ("calibrated everywhere", planted.AGREEMENT): ("every segment", ALWAYS, "gap 0"),
    ("calibrated everywhere", planted.LOGPROB): ("every segment", ALWAYS, "gap 0"),
    ("model update that changes nothing", planted.SELF_REPORT): (
        "model `assist-2`", weeks(planted.TRIAGE_MODEL_FROM_WEEK), "0",
    ),
    ("model update that changes nothing", planted.LOGPROB): (
        "model `refund-model-6`", weeks(planted.REFUND_MODEL_FROM_WEEK), "0",
    ),
    ("prompt edit that changes nothing", planted.SELF_REPORT): (
        "prompt `triage-v4`", weeks(planted.TRIAGE_PROMPT_FROM_WEEK), "0",
    ),
    ("prompt edit that changes nothing", planted.DRAFT): (
        "prompt `draft-v2`",
        weeks(planted.DRAFT_NULL_PROMPT_FROM_WEEK, planted.DRAFT_PROMPT_FROM_WEEK - 1), "0",
    ),
    ("odd only by small n", planted.SELF_REPORT): (
        "language `is`", ALWAYS,
        f"{planted.ICELANDIC_TICKETS} tickets, whose gap was set to "
        f"{points(planted.ICELANDIC_GAP)}",
    ),
    ("cases change, the model does not", planted.LOGPROB): (
        f"its {planted.CANARY_INPUTS} kept inputs", weeks(planted.CANARY_FROM_WEEK), "0",
    ),
    ("an audit whose labels come", planted.JUDGE): (
        f"a weekly audit of {planted.AUDITED[planted.JUDGE]}", weeks(planted.AUDITED_FROM_WEEK),
        f"of week {planted.AUDITED_FROM_WEEK - 1} labelled in week {planted.AUDITED_FROM_WEEK + 1}",
    ),
    ("kept inputs that are asked in time", planted.LOGPROB): (
        "due every 14 days", weeks(planted.CANARY_FROM_WEEK), "every Monday",
    ),
    ("young weeks look overconfident", planted.MERGE): (
        "the newest weeks", weeks(25),
        f"failures are known after {planted.FAILURE_DELAY_DAYS:.0f} days on average, successes "
        f"after {planted.SUCCESS_DELAY_DAYS:.0f}",
    ),
    ("clocks that differ", planted.MERGE): (
        "order `after`", ALWAYS, f"of {percent(planted.CLOCKS_DIFFER)}",
    ),
    ("errors that cost less than reviews", planted.ANSWER): (
        "an error costs 5 reviews", ALWAYS, "20% would pay",
    ),
    ("a reviewer who accepts much, and looks", planted.MERGE): (
        f"reviewer `m-3`, {percent(CAREFUL[0])} of the cases", HANDED,
        f"overrules {percent(CAREFUL[2])} of the right answers, and catches {percent(CAREFUL[1])}",
    ),
    ("some claims state no confidence", planted.SELF_REPORT): (
        "everywhere", ALWAYS, f"{percent(planted.UNSTATED_SHARE)}, always",
    ),
    ("some rows are refused", planted.SELF_REPORT): (
        "typed by hand", f"{planted.WEEKS}", "6 of 900",
    ),
    ("complaints are labelled first", planted.GROUNDING): (
        f"chance of a label {percent(planted.COMPLAINT_PROPENSITY)} after a complaint, else "
        f"{percent(planted.AUDIT_PROPENSITY)}",
        ALWAYS, "labelled claims alone show +10",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("heading", "expected"), [("| failure", FAILURES), ("| null", NULLS)])
def test_the_readme_states_what_is_planted_as_the_constants_have_it(
    heading: str, expected: dict[tuple[str, str], tuple[str, str, str]]
) -> None:
    stated = {(what, signal.strip("`")): row for (what, signal), row in table(heading, 2).items()}
    assert list(stated) == list(expected)
    for line, (where, when, size) in expected.items():
        assert where in stated[line][0], line
        assert when == stated[line][1], line
        assert size in stated[line][2], line


def test_the_commands_of_the_readme_name_what_can_be_split_by(sample_path: Path) -> None:
    from click.testing import CliRunner

    from dashboard.cli.main import main

    rows = table("| failure", 2)
    assert len(rows) == len(FAILURES)
    for (_, signal), (*_, how) in rows.items():
        words = re.findall(r"`((?:measure|canary|handoffs)[^`]*)`", how)[0].split()
        result = CliRunner().invoke(
            main, [*words, "--ledger", str(sample_path), "--signal", signal.strip("`")]
        )
        assert result.exit_code == 0, result.output


def test_every_other_number_of_the_readme_is_a_constant() -> None:
    flat = re.sub(r"\s+", " ", README)
    tickets = planted.WEEKS * planted.WEEKLY[planted.SELF_REPORT]
    first, last = planted.FIRST_MONDAY.date(), (planted.END - pd.Timedelta(days=1)).date()
    overlap_end = planted.SAFETY_MODEL_FROM_WEEK + planted.SAFETY_OVERLAP_WEEKS - 1
    assert planted.AGREEMENT_SHARE == 0.9
    assert planted.SAFETY_OVERLAP_SHARE == 0.5
    for said in (
        f"Half a year, {planted.WEEKS} whole weeks,",
        f"one seed, {planted.SEED},",
        f"Week 1 begins on {first}, week {planted.WEEKS} ends on {last}.",
        f"{tickets:,} tickets, each with `{planted.SELF_REPORT}`, nine in ten also with "
        f"`{planted.AGREEMENT}`",
        f"{planted.LABEL_DELAY_DAYS:.0f} days on average, and never for "
        f"{percent(planted.UNLABELLED_SHARE)}; {planted.CORRECTIONS} of them corrected",
        f"known after {planted.REFUND_DELAY_HOURS} hours",
        f"in weeks {weeks(planted.SAFETY_MODEL_FROM_WEEK, overlap_end)}, half of the replies",
        f"{percent(planted.UNSTATED_SHARE)} of the claims of `{planted.SELF_REPORT}` state no",
        f"{planted.SPOT_CHECKS} of its claims at {percent(planted.TRIAGE_CUTS[0])} or more",
        "3 rows that can be used, 6 that are refused",
    ):
        assert said in flat, said


# Never stale


@given(st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)))
def test_it_is_moved_by_whole_weeks_to_the_last_complete_week(now: datetime) -> None:
    by = whole_weeks_to(now)
    assert by % timedelta(weeks=1) == timedelta(0)
    end = SAMPLE_END + by
    assert end.weekday() == 0
    assert end <= now < end + timedelta(weeks=1)


@pytest.mark.parametrize(
    "now",
    [datetime(2024, 2, 29, 13, 5), datetime(2026, 11, 22, 23, 59), datetime(2031, 7, 2, 8)],
)
def test_a_copy_keeps_everything_but_the_week(
    now: datetime, committed: Committed, read_file: Read, tmp_path: Path
) -> None:
    by = whole_weeks_to(now)
    copies = shifted_copies(tmp_path, now)
    assert [path.name for path in copies] == [path.name for path in sample_files()]
    for path in copies:
        frame, before = read_file(path), committed[path.name]
        times = times_of(before)
        assert times or path.name == "hand_typed.csv"
        for column in times:
            assert frame[column].dtype == before[column].dtype
            assert (frame[column] - by).equals(before[column] + timedelta(0))
            assert frame[column].max() < pd.Timestamp(now, tz="UTC")
        others = [column for column in before if column not in TIMES]
        pd.testing.assert_frame_equal(frame[others], before[others])


def test_no_date_of_the_old_year_is_left_in_a_moved_text(tmp_path: Path) -> None:
    *_, lines, typed = shifted_copies(tmp_path, datetime(2031, 7, 2))
    assert not re.search(r"2026-\d\d-\d\dT", lines.read_text(encoding="utf-8"))
    text = typed.read_text(encoding="utf-8")
    assert not re.search(r"2026-\d\d-\d\dT", text)
    assert "16.11.2026 half past nine" in text


def test_a_copy_of_this_week_is_the_sample_itself(
    committed: Committed, read_file: Read, tmp_path: Path
) -> None:
    for path in shifted_copies(tmp_path, SAMPLE_END + timedelta(hours=5)):
        pd.testing.assert_frame_equal(read_file(path), committed[path.name])


def test_a_copy_is_imported_like_the_original(tmp_path: Path) -> None:
    now = datetime(2029, 3, 7, 10)
    with Ledger.open(tmp_path / "copy.duckdb", create=True) as ledger:
        copies = [import_file(ledger, path, now=now) for path in shifted_copies(tmp_path, now)]
        last = ledger.cursor().execute("SELECT max(ts) FROM claims").fetchall()[0][0]
    with Ledger.in_memory() as ledger:
        originals = [import_file(ledger, path, now=now) for path in sample_files()]
    for copy, original in zip(copies, originals, strict=True):
        for name in ("n_read", "n_new", "n_unstated", "n_quarantined", "n_attached"):
            assert getattr(copy, name) == getattr(original, name)
    assert datetime(2029, 2, 26) < last < datetime(2029, 3, 5)
