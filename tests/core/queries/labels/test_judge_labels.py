"""The sums of truth and a judge beside it are those of the claims, counted one by one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.ledger.errors import BadValue
from core.measure.labelling.judge_labels import LabelSums, judge_error, powered
from core.queries.base.selection import Selection
from core.queries.labels.judge_labels import JudgedGroups, judge_sums

MADE = datetime(2026, 11, 2)
Claims = list[dict[str, Any]]
Take = Callable[[Claims], None]


@pytest.fixture
def take(ledger: Ledger, tmp_path: Path) -> Take:
    def bring(records: Claims) -> None:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in records))
        assert import_file(ledger, path).n_quarantined == 0

    return bring


def some(n: int = 400, inputs: int | None = None, propensity: float | None = None) -> Claims:
    """A third with truth, two thirds with a judge's label, some with both and some with none."""
    rng = np.random.default_rng(n)
    claims: Claims = []
    for i in range(n):
        v = float(rng.choice([0.5, 0.8, 0.9, 0.95]))
        y, f = int(rng.random() < v - 0.1), int(rng.random() < v)
        claims.append(
            {
                "event_id": f"e{i}",
                "v": v,
                "y": y if rng.random() < 0.3 else None,
                "f": f if rng.random() < 0.7 else None,
                "topic": "ab"[int(rng.random() < 0.3)],
                "input": f"i{i if inputs is None else int(rng.integers(inputs))}",
                "propensity": propensity,
            }
        )
    return claims


def records(claims: Claims) -> Claims:
    """As files bring them: the claims, then people's labels, then the judge's."""
    made = f"{MADE.isoformat()}Z"
    known = f"{(MADE + timedelta(days=1)).isoformat()}Z"
    rows: Claims = [
        {
            "event_id": one["event_id"], "ts": made, "signal": "s", "confidence": one["v"],
            "seg_topic": one["topic"], "input_id": one["input"],
            **({} if one["propensity"] is None else {"label_propensity": one["propensity"]}),
        }
        for one in claims
    ]  # fmt: skip
    for source, name in (("HUMAN", "y"), ("LLM", "f")):
        rows += [
            {"event_id": one["event_id"], "outcome": one[name], "outcome_source": source,
             "outcome_ts": known}
            for one in claims
            if one[name] is not None
        ]  # fmt: skip
    return rows


def counted(claims: Claims) -> dict[str, float]:
    """The sums of `LabelSums`, by hand."""
    units: dict[str, list[tuple[float, float, float]]] = {}
    for one in claims:
        y = one["v"] if one["y"] is None else one["y"]  # r is zero where truth is not known
        f = one["v"] if one["f"] is None else one["f"]
        units.setdefault(one["input"], []).append((one["v"] - y, one["v"] - f, 1.0))
    r, q, m = (
        np.array([np.sum(of, axis=0) for of in units.values()]).T if units else np.zeros((3, 0))
    )
    v = np.array([one["v"] for one in claims])
    f = np.array([one["f"] or 0 for one in claims])
    s = np.array([one["y"] or 0 for one in claims])
    return {
        "inputs": len(units), "n": len(claims), "v": v.sum(), "vv": v @ v, "f": f.sum(),
        "s": s.sum(), "fs": f @ s, "r": r.sum(), "q": q.sum(), "rr": r @ r, "qq": q @ q,
        "rq": r @ q, "rm": r @ m, "qm": q @ m, "mm": m @ m, "most": m.max(initial=0),
    }  # fmt: skip


def same(found: LabelSums, g: int, claims: Claims) -> None:
    expected = counted(claims)
    for field in fields(LabelSums):
        assert getattr(found, field.name)[g] == pytest.approx(expected[field.name]), field.name


def asked(ledger: Ledger, by: tuple[str, ...] = (), **given: Any) -> JudgedGroups:
    with ledger.cursor() as cursor:
        found = judge_sums(cursor, Selection("s", **given), by)
    assert found is not None
    return found


@pytest.mark.parametrize("inputs", [None, 60], ids=["inputs apart", "inputs repeat"])
def test_sums_are_those_of_the_claims(ledger: Ledger, take: Take, inputs: int | None) -> None:
    claims = some(inputs=inputs)
    take(records(claims))
    found = asked(ledger, ("topic",))

    assert found.keys == (("a",), ("b",))
    for g, topic in enumerate("ab"):
        for sums, least in ((found.whole, 0.0), (found.high, 0.9)):
            mine = [one for one in claims if one["topic"] == topic and one["v"] >= least]
            same(sums.both, g, [o for o in mine if o["y"] is not None and o["f"] is not None])
            same(sums.only, g, [o for o in mine if o["y"] is None and o["f"] is not None])
            truth = [one for one in mine if one["y"] is not None]
            assert sums.truth.n[g] == len(truth)
            assert sums.truth.s[g] == sum(one["y"] for one in truth)
            assert sums.truth.sv[g] == pytest.approx(sum(one["v"] for one in truth))
            assert (sums.truth.inputs is None) == (inputs is None)


@pytest.mark.parametrize(
    ("chances", "drawn"),
    [([0.3], True), ([None], False), ([0.3, None], False), ([0.3, 0.6], True)],
)
def test_labels_are_drawn_where_each_had_a_known_chance(
    ledger: Ledger, take: Take, chances: list[float | None], drawn: bool
) -> None:
    claims = some()
    for i, one in enumerate(claims):
        one["propensity"] = chances[i % len(chances)]
    take(records(claims))

    assert asked(ledger).whole.drawn.tolist() == [drawn]


def test_claims_drawn_with_several_chances_are_summed_by_them(ledger: Ledger, take: Take) -> None:
    claims = some()
    for i, one in enumerate(claims):
        one["propensity"] = [0.2, 0.5, 0.8][i % 3]
        one["input"] = f"i{i}"
    take(records(claims))
    found = asked(ledger, ("topic",))

    for sums, least in ((found.whole, 0.0), (found.high, 0.9)):
        assert sums.unequal.tolist() == [True, True]
        assert sums.weighted is not None
        for g, topic in enumerate("ab"):
            mine = [
                one
                for one in claims
                if (one["topic"], one["v"] >= least) == (topic, True)
                and None not in (one["y"], one["f"])
            ]
            v, y, f, p = (np.array([one[k] for one in mine]) for k in ("v", "y", "f", "propensity"))
            w = 1 / p / np.mean(1 / p)
            r, q = v - y, v - f
            expected = {
                "inputs": len(mine), "n": len(mine), "v": w @ v, "vv": w @ v**2, "f": w @ f,
                "s": w @ y, "fs": w @ (f * y), "r": w @ r, "q": w @ q, "rr": w**2 @ r**2,
                "qq": w**2 @ q**2, "rq": w**2 @ (r * q), "rm": w**2 @ r, "qm": w**2 @ q,
                "mm": w @ w, "most": w.max(),
            }  # fmt: skip
            for field in fields(LabelSums):
                value = getattr(sums.weighted.sums, field.name)[g]
                assert value == pytest.approx(expected[field.name]), field.name
            once = (sums.weighted.rr[g], sums.weighted.qq[g], sums.weighted.rq[g])
            assert once == pytest.approx((w @ r**2, w @ q**2, w @ (r * q)))


def test_labels_drawn_by_confidence_speak_for_all_claims_once_weighted(
    ledger: Ledger, take: Take
) -> None:
    # Surer claims are labelled more often, and only they are overconfident: by .25 of two thirds.
    rng = np.random.default_rng(4)
    claims = some(3000)
    for i, one in enumerate(claims):
        sure = one["v"] > 0.6
        one["propensity"] = 0.3 if sure else 0.1
        right = int(rng.random() < one["v"] - 0.25 * sure)
        one["input"], one["topic"] = f"i{i}", "a"
        one["y"] = right if rng.random() < one["propensity"] else None
        one["f"] = right if rng.random() < 0.97 else 1 - right
    take(records(claims))
    found = powered(asked(ledger).whole)
    gap = 0.25 * np.mean([one["v"] > 0.6 for one in claims])

    assert found.reasons == ("",)
    assert found.weighted.tolist() == [True]
    assert found.low[0] < gap < found.high[0]
    assert found.truth_low[0] > gap - 0.005
    assert found.high[0] - found.low[0] < 0.8 * (found.truth_high[0] - found.truth_low[0])


def test_a_judge_narrows_the_gap_of_a_ledger(ledger: Ledger, take: Take) -> None:
    claims = some(1500, propensity=0.3)
    rng = np.random.default_rng(2)
    for one in claims:
        right = int(rng.random() < one["v"] - 0.1)
        one["y"] = right if rng.random() < 0.3 else None
        one["f"] = right if rng.random() < 0.98 else 1 - right
    take(records(claims))
    found = asked(ledger)

    assert judge_error(found.whole.both).agreement[0] > 0.95
    result = powered(found.whole)
    assert result.reasons == ("",)
    assert result.low[0] < 0.1 < result.high[0]
    assert result.high - result.low < 0.75 * (result.truth_high - result.truth_low)
    assert result.worth[0] > 1.5 * found.whole.truth.n[0]


def test_as_known_before_the_judge_there_is_none(ledger: Ledger, take: Take) -> None:
    take(records(some()))
    with ledger.cursor() as cursor:
        assert judge_sums(cursor, Selection("s", as_known=MADE + timedelta(hours=1))) is None
    later = asked(ledger, as_known=MADE + timedelta(days=2))
    assert later.whole.both.n.tolist() == asked(ledger).whole.both.n.tolist()


def test_without_a_judge_there_is_nothing_to_set_beside_the_truth(
    ledger: Ledger, take: Take
) -> None:
    claims = some()
    for one in claims:
        one["f"] = None
    take(records(claims))
    with ledger.cursor() as cursor:
        assert judge_sums(cursor, Selection("s")) is None


def test_a_question_about_one_source_is_refused(ledger: Ledger) -> None:
    with ledger.cursor() as cursor, pytest.raises(BadValue, match="leave outcome_source out"):
        judge_sums(cursor, Selection("s"), ["outcome_source"])
