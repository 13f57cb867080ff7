from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from core.governance.signal_terms import read_state
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.measure.cells.cells import FloatArray
from core.queries.base.selection import Selection
from core.sentences.version_change import verdict_words
from core.views.review.changes import ChangeReview, NothingToCompare, compare, offered

Cursor = duckdb.DuckDBPyConnection


@pytest.fixture
def sample(told_copy: Path) -> Iterator[Cursor]:
    with Ledger.open(told_copy) as ledger:
        yield ledger.cursor()


def claims(signal: str, **where: str) -> Selection:
    return Selection(signal, where=tuple((name, (value,)) for name, value in where.items()))


def prompts(cursor: Cursor, signal: str, before: str, after: str, **more) -> ChangeReview:
    sides = (claims(signal, prompt_version=one) for one in (before, after))
    return compare(cursor, *sides, state=read_state(cursor), **more)


def models(cursor: Cursor, signal: str, before: str, after: str, **more) -> ChangeReview:
    sides = (claims(signal, model_version=one) for one in (before, after))
    return compare(cursor, *sides, **more)


def test_a_prompt_that_is_right_more_often_and_breaks_calibration_is_worse(sample) -> None:
    found = prompts(sample, "reply-draft.self-report", "draft-v2", "draft-v3")
    assert found.verdict == "worse"
    assert found.regressed
    assert found.whole.accuracy.low > 0
    assert "although accuracy rose by" in found.headline
    assert found.load_before is not None
    assert found.load_after is not None
    assert found.load_after["automate"] > found.load_before["automate"] + 0.3
    assert sum(found.load_after.values()) == pytest.approx(1)


def test_a_model_that_breaks_one_segment_names_it(sample) -> None:
    found = models(sample, "reply-safety.self-report", "guard-1", "guard-2")
    assert found.verdict in ("worse", "mixed")
    assert not found.paired
    assert found.segments[0].name == "policy=legal"
    assert "policy=legal" in found.headline


def test_on_shared_inputs_a_few_weeks_are_enough_to_name_it(sample) -> None:
    found = models(sample, "reply-safety.self-report", "guard-1", "guard-2", paired=True)
    assert found.paired
    assert found.shared == found.whole.gap.inputs < 1000
    assert found.verdict in ("worse", "mixed")
    worse = [one.name for one in found.segments if one.worse]
    assert worse == ["policy=legal"]


def test_changes_that_do_no_harm_are_none(sample) -> None:
    refund = models(sample, "refund-check.logprob", "refund-model-5", "refund-model-6")
    assert refund.verdict in ("same", "cannot_tell")
    agreement = prompts(sample, "ticket-triage.agreement", "triage-v3", "triage-v4")
    assert agreement.verdict == "same"
    assert not refund.regressed
    assert not agreement.regressed


def test_two_signals_on_the_same_inputs_are_paired_by_themselves(sample) -> None:
    found = compare(sample, claims("ticket-triage.self-report"), claims("ticket-triage.agreement"))
    assert found.paired
    assert found.before_name == "ticket-triage.self-report"
    assert found.whole.accuracy.value == pytest.approx(0)
    better = [one.name for one in found.segments if one.better]
    assert "topic=medical" in better


def test_segments_stand_worst_first_and_only_those_asked_for(sample) -> None:
    found = models(sample, "reply-safety.self-report", "guard-1", "guard-2", by=("policy",))
    assert {one.dimension for one in found.segments} == {"policy"}
    changes = [one.gap.change.value for one in found.segments if one.worse]
    assert changes == sorted(changes, reverse=True)


def test_json_holds_every_group_and_no_infinite_number(sample) -> None:
    found = prompts(sample, "reply-draft.self-report", "draft-v2", "draft-v3")
    told = json.loads(found.to_json())
    assert told["verdict"] == "worse"
    assert told["regression"] is True
    assert len(told["groups"]) == len(found.groups)
    # draft-v2 never states 90% or more: no number, rather than one that is none.
    high = next(one for one in told["groups"] if one["high_band"])
    assert high["gap_size_change"]["value"] is None


def test_an_empty_side_names_the_values_there_are(sample) -> None:
    with pytest.raises(NothingToCompare, match="candidate is empty; there are: guard-1, guard-2"):
        models(sample, "reply-safety.self-report", "guard-1", "guard-3")
    both = claims("reply-draft.self-report", prompt_version="draft-v3", elicitation_order="after")
    with pytest.raises(NothingToCompare, match=r"no claim of .* meets all of"):
        compare(sample, claims("reply-draft.self-report"), both)
    with pytest.raises(NothingToCompare, match="There is no signal 'x'"):
        compare(sample, claims("x"), both)


def test_without_a_shared_input_there_is_nothing_to_pair(sample) -> None:
    with pytest.raises(NothingToCompare, match="share no labelled input_id"):
        models(sample, "refund-check.logprob", "refund-model-5", "refund-model-6", paired=True)


def test_the_newest_version_is_offered_against_the_one_in_use_before(sample) -> None:
    (change, *_) = offered(sample, Selection("reply-draft.self-report"))
    # draft-v2-after came later than draft-v2, and was asked a few times only.
    assert (change.dimension, change.before, change.after) == (
        "prompt_version",
        "draft-v2",
        "draft-v3",
    )
    triage = offered(sample, Selection("ticket-triage.self-report"))
    assert [one.dimension for one in triage] == ["prompt_version", "model_version"]


def test_other_cases_are_not_taken_for_another_version(tmp_path: Path) -> None:
    # Both models: gap 0 on easy cases and +0.3 on hard ones; b gets many more hard ones.
    rows = []
    for model, easy, hard in (("a", 900, 300), ("b", 300, 900)):
        for topic, n, right in (("easy", easy, 0.9), ("hard", hard, 0.6)):
            rows += [(model, topic, int(i < right * n)) for i in range(n)]
    file = tmp_path / "mix.csv"
    file.write_text(
        "event_id,ts,signal,confidence,outcome,model_version,seg_topic\n"
        + "".join(f"{i},2026-11-02,s,0.9,{y},{m},{t}\n" for i, (m, t, y) in enumerate(rows))
    )
    with Ledger.open(tmp_path / "mix.duckdb", create=True) as ledger:
        import_file(ledger, file)
        cursor = ledger.cursor()
        found = models(cursor, "s", "a", "b")
        raw = models(cursor, "s", "a", "b", by=())
    assert found.whole.gap.after.value == pytest.approx(found.whole.gap.before.value)
    assert not found.regressed
    assert raw.verdict == "worse"


def test_settings_and_calibrators_are_versions_too(tmp_path: Path) -> None:
    file = tmp_path / "settings.csv"
    file.write_text(
        "event_id,ts,signal,confidence,outcome,params_version,calibrator_version\n"
        + "".join(
            f"{i},2026-11-{1 + i // 50:02d},s,0.9,{int(i % 10 > 0)},t{i // 100},c{i // 150}\n"
            for i in range(200)
        )
    )
    with Ledger.open(tmp_path / "settings.duckdb", create=True) as ledger:
        import_file(ledger, file)
        cursor = ledger.cursor()
        changes = {one.dimension: (one.before, one.after) for one in offered(cursor, claims("s"))}
        found = compare(cursor, claims("s", params_version="t0"), claims("s", params_version="t1"))
    assert changes == {"calibrator_version": ("c0", "c1"), "params_version": ("t0", "t1")}
    assert (found.whole.gap.inputs, found.verdict) == (100, "cannot_tell")


def test_a_band_without_a_label_on_a_side_asks_for_none(sample) -> None:
    found = prompts(sample, "answer-quality.judge", "rubric-2", "rubric-3")
    assert found.high is not None
    assert verdict_words(found.high) == "Too few labels, none there after"
    back = prompts(sample, "answer-quality.judge", "rubric-3", "rubric-2")
    assert back.high is not None
    assert verdict_words(back.high) == "Too few labels, none there before"
    unknown = [one for one in found.segments if one.verdict == "cannot_tell"]
    assert unknown
    assert all(verdict_words(one).endswith(" more labels") for one in unknown)


V = np.array([0.3, 0.5, 0.7, 0.85])
CANCELLING = np.array([0.5, 0.6, 0.6, 0.65])


def logged(folder: Path, *sides: pd.DataFrame) -> Cursor:
    """A ledger of claims of models a, b, …; a side has columns confidence, outcome and others."""
    frames = [one.assign(model_version=name) for name, one in zip("ab", sides, strict=True)]
    rows = pd.concat(frames, ignore_index=True).assign(ts="2026-11-02", signal="s")
    rows.insert(0, "event_id", [f"e{i}" for i in range(len(rows))])
    rows.to_csv(folder / "claims.csv", index=False)
    ledger = Ledger.open(folder / "claims.duckdb", create=True)
    assert import_file(ledger, folder / "claims.csv").n_quarantined == 0
    return ledger.cursor()


def drawn(seed: int, right: FloatArray, n: int = 2000, v: FloatArray = V) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    at = rng.integers(len(v), size=n)
    outcome = (rng.random(n) < right[at]).astype(int)
    return pd.DataFrame({"confidence": v[at], "outcome": outcome})


def test_errors_that_cancel_after_the_change_are_worse(tmp_path: Path) -> None:
    found = models(logged(tmp_path, drawn(1, V), drawn(2, CANCELLING)), "s", "a", "b")
    assert (found.verdict, found.regressed) == ("worse", True)
    assert found.whole.worse == ("shape", "auroc")
    assert found.whole.gap.verdict == "same"
    assert found.headline.startswith("Worse for calibration: the shape of the errors: off by ")
    assert "now overconfident at 70% to 85%, underconfident at 30% to 50%" in found.headline
    assert "tells right from wrong less well: AUROC 0.7" in found.headline
    assert verdict_words(found.whole) == "Worse: shape, AUROC"
    (told,) = json.loads(found.to_json())["groups"]
    assert (told["verdict"], told["gap_verdict"]) == ("worse", "same")
    assert told["worse"] == ["shape", "auroc"]
    assert told["shape_change"]["change"]["low"] > 0.05
    assert told["auroc_change"]["change"]["high"] < -0.05


def test_a_segment_whose_errors_begin_to_cancel_makes_the_change_worse(tmp_path: Path) -> None:
    before, after = drawn(3, V, 6000), drawn(4, V, 6000)
    ill = drawn(5, CANCELLING, 1500)
    sides = [
        pd.concat([one.assign(seg_use="old"), other.assign(seg_use="new")], ignore_index=True)
        for one, other in ((before, drawn(6, V, 1500)), (after, ill))
    ]
    found = models(logged(tmp_path, *sides), "s", "a", "b")
    assert (found.verdict, found.segments[0].name) == ("worse", "use=new")
    assert "use=new (shape +" in found.headline
    assert "use=old" not in found.headline


def test_too_few_labels_for_the_shape_are_said_and_are_not_the_same(tmp_path: Path) -> None:
    # A gap of zero on either side, of 200 claims.
    side = pd.DataFrame({"confidence": [0.05, 0.95] * 100, "outcome": [0, 1] * 95 + [1, 0] * 5})
    found = models(logged(tmp_path, side, side), "s", "a", "b")
    assert found.whole.gap.verdict == "same"
    assert found.verdict == "cannot_tell"
    assert found.whole.shape is not None
    more = found.whole.shape.more_labels
    assert found.headline.startswith(
        f"Too few labels for the shape of the errors, {more} more labels would tell:"
    )
    assert verdict_words(found.whole) == f"Too few labels for the shape, {more} more labels"
    told = json.loads(found.to_json())["groups"][0]
    assert told["shape_more_labels"] == more > 0


def test_a_worse_brier_score_on_the_same_inputs_is_no_better_version(tmp_path: Path) -> None:
    # Both answer the same cases. The new one states its own accuracy, and guesses far more often.
    rng = np.random.default_rng(9)
    n = 3000
    sure = pd.DataFrame({"confidence": 1.0, "outcome": (rng.random(n) < 0.9).astype(int)})
    unsure = pd.DataFrame({"confidence": 0.6, "outcome": (rng.random(n) < 0.6).astype(int)})
    inputs = [f"i{i}" for i in range(n)]
    sides = [one.assign(input_id=inputs) for one in (sure, unsure)]
    found = models(logged(tmp_path, *sides), "s", "a", "b")
    assert found.paired
    assert found.whole.gap.verdict == "better"
    assert (found.verdict, found.regressed) == ("mixed", False)
    assert "better on the whole (the gap went from +" in found.headline
    assert "; but worse score (Brier): 0.0" in found.headline


def test_what_was_off_before_and_still_is_is_said(tmp_path: Path) -> None:
    sides = [
        pd.concat([drawn(seed, V, 3000).assign(seg_use="well"), ill.assign(seg_use="ill")])
        for seed, ill in ((10, drawn(11, V - 0.2)), (12, drawn(13, V - 0.2)))
    ]
    found = models(logged(tmp_path, *sides), "s", "a", "b")
    assert not found.regressed
    assert " Off before and after: " in found.headline
    assert "use=ill (gap +" in found.headline
    assert "use=well" not in found.headline


def test_what_labels_that_cannot_speak_for_all_show_off_is_not_said_to_be(tmp_path: Path) -> None:
    def chosen(seed: int) -> pd.DataFrame:
        one = drawn(seed, V - 0.2)
        return one.assign(
            outcome=one["outcome"]
            .astype("Int8")
            .mask((one["confidence"] < one["confidence"].median()) & (one.index % 10 > 0)),
            seg_use="ill",
        )

    sides = [
        pd.concat([drawn(seed, V, 3000).assign(seg_use="well"), chosen(seed + 1)])
        for seed in (10, 12)
    ]
    found = models(logged(tmp_path, *sides), "s", "a", "b")
    (ill,) = (one for one in found.segments if one.name == "use=ill")
    assert [side and side.state for side in (ill.before, ill.after)] == ["too_few", "too_few"]
    assert "Off before and after" not in found.headline
