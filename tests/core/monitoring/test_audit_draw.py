"""Drawing an audit sample: who may, what the act says, and that it can be drawn again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.audit.verify import verify_ledger
from core.governance.bodies.refusal import Refused
from core.governance.recorded_import import import_recorded
from core.monitoring import audit_draw as audit
from core.queries.base.selection import Selection
from core.queries.sums.labelling.audit_samples import kept_sample
from core.trail.acts import Act
from tests.worlds.claims.seeded import _seeded  # noqa: F401

ANN, VERA, RITA = "user:desk/ann", "user:risk/vera", "user:risk/rita"
TRIAGE = Selection("triage")


@pytest.fixture
def bring(governed: Any, tmp_path: Path) -> Callable[..., None]:
    """``bring(n, first=0, **columns)``: import so many claims, recorded."""

    def claims(n: int, first: int = 0, *, labelled: int = 0, **columns: str) -> None:
        rows = [
            {
                "event_id": f"e{i}",
                "ts": "2026-10-01T09:00:00Z",
                "signal": "triage",
                "confidence": 0.8,
                "outcome": "1" if i < first + labelled else "",
                "seg_language": "de" if i % 4 else "hi",
                **columns,
            }
            for i in range(first, first + n)
        ]
        file = tmp_path / f"claims-{first}.csv"
        pd.DataFrame(rows).to_csv(file, index=False)
        assert import_recorded(governed.office, file).n_quarantined == 0

    return claims


@pytest.fixture
def draw(governed: Any) -> Callable[..., Act]:
    """``draw(wanted, who=ANN, by=None, selection=TRIAGE)``."""

    def sample(wanted: Any, who: str = ANN, by: str | None = None, of: Selection = TRIAGE) -> Act:
        actor = governed.actor(who, audit.KIND, of.signal)
        return audit.draw(governed.office, actor, of, wanted, by)

    return sample


def samples(governed: Any, signal: str = "triage") -> tuple[audit.Drawn, ...]:
    with governed.ledger.cursor() as cursor:
        return audit.samples(cursor, signal)


def redrawn(governed: Any, drawn: audit.Drawn) -> audit.Redrawn:
    with governed.ledger.cursor() as cursor:
        return audit.redraw(cursor, drawn)


def test_the_act_says_all_that_the_sample_is_made_of(governed: Any, bring: Any, draw: Any) -> None:
    bring(400, labelled=100)
    act = draw({"de": 60, "hi": 30}, by="language")
    body = act.body
    assert (body["by"], body["imports"], body["where"]) == ("language", 1, [])
    assert [(one["value"], one["available"], one["wanted"]) for one in body["groups"]] == [
        ("de", 225, 60),
        ("hi", 75, 30),
    ]
    assert [one["chance_ppm"] for one in body["groups"]] == [266_667, 400_000]
    (drawn,) = samples(governed)
    with governed.ledger.cursor() as cursor:
        kept = kept_sample(cursor, drawn.audit)
    assert drawn.n == len(kept) == body["n"]
    assert audit.digest(kept) == body["sha256"] == drawn.sha256
    # Labelled ones are drawn along, so that the sample stands for all.
    assert 60 < sum(chance == 266_667 for _, chance in kept) < 110


def test_a_validator_may_draw_and_a_risk_approver_may_not(
    governed: Any, bring: Any, draw: Any
) -> None:
    bring(100)
    assert draw({None: 50}, VERA).actor.role == "validator"
    with pytest.raises(Refused, match="Only the owner, a deputy or a validator may draw"):
        draw({None: 90}, RITA)
    assert len(samples(governed)) == 1


def test_of_an_unregistered_signal_nobody_may_draw(governed: Any, draw: Any) -> None:
    with pytest.raises(Refused, match="other is not registered"):
        draw({None: 5}, of=Selection("other"))


def test_with_nothing_to_draw_it_says_why(governed: Any, bring: Any, draw: Any) -> None:
    with pytest.raises(Refused, match="no production claim here that could be drawn"):
        draw({None: 5})
    bring(40, labelled=40)
    with pytest.raises(Refused, match="labelled already"):
        draw({None: 5})
    with pytest.raises(Refused, match=r"no claim of yo to draw; there are: de, hi"):
        draw({"yo": 5}, by="language")
    assert not samples(governed)


def test_what_waits_is_to_be_labelled_first(governed: Any, bring: Any, draw: Any) -> None:
    bring(200)
    drawn = draw({None: 80}).body["n"]
    with pytest.raises(Refused, match=f"{drawn} drawn claims of triage still wait"):
        draw({None: drawn})
    more = draw({None: drawn + 40}).body
    (first, second) = samples(governed)
    assert first.design.seed == second.design.seed
    (group,) = more["groups"]
    assert group["waiting"] == drawn
    with governed.ledger.cursor() as cursor:
        one, two = (
            {event for event, _ in kept_sample(cursor, one.audit)} for one in (first, second)
        )
    assert one < two
    assert 20 < len(two - one) < 60


def test_a_draw_that_adds_no_claim_to_label_is_not_recorded(
    governed: Any, bring: Any, draw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(200)
    draw({None: 50})
    (before,) = samples(governed)
    monkeypatch.setattr(audit, "drawing_chance", lambda *_: before.design.chances[0][1])
    with pytest.raises(Refused, match="would add no claim"):
        draw({None: 100})
    assert len(samples(governed)) == 1


def test_two_signals_have_random_numbers_of_their_own(
    governed: Any, bring: Any, draw: Any, registry_text: str
) -> None:
    other = registry_text.split("---")[0].replace("name: triage", "name: other")
    governed.apply(other)
    bring(60)
    bring(60, 100, signal="other")
    draw({None: 30})
    draw({None: 30}, of=Selection("other"))
    seeds = {samples(governed, name)[0].design.seed for name in ("triage", "other")}
    assert len(seeds) == 2


def test_drawn_again_later_it_is_the_same(governed: Any, bring: Any, draw: Any) -> None:
    bring(300, labelled=50)
    draw({"de": 60}, by="language")
    bring(300, 1000)
    draw({None: 100})
    for drawn in samples(governed):
        found = redrawn(governed, drawn)
        assert found.same
        assert found.n == drawn.n
        assert "is the same" in found.words
    with governed.ledger.cursor() as cursor:
        assert verify_ledger(cursor).ok


@pytest.mark.parametrize(
    ("tamper", "missing", "extra"),
    [
        ("DELETE FROM audit_claims WHERE event_id IN (SELECT min(event_id) FROM audit_claims)",
         1, 0),
        ("UPDATE audit_claims SET propensity = 0.9 WHERE event_id = "
         "(SELECT min(event_id) FROM audit_claims)", 1, 1),
        ("INSERT INTO audit_claims SELECT audit_id, signal, 'more', 0.5 FROM audit_claims LIMIT 1",
         0, 1),
    ],
)  # fmt: skip
def test_a_list_that_was_changed_is_told(
    governed: Any, bring: Any, draw: Any, tamper: str, missing: int, extra: int
) -> None:
    bring(100)
    draw({None: 50})
    with governed.ledger.transaction() as cursor:
        cursor.execute(tamper)
    found = redrawn(governed, samples(governed)[0])
    assert not found.same
    assert (len(found.missing), len(found.extra)) == (missing, extra)
    assert "is not what was drawn" in found.words


def test_claims_slipped_in_afterwards_are_told(governed: Any, bring: Any, draw: Any) -> None:
    bring(100)
    draw({None: 100})
    with governed.ledger.transaction() as cursor:
        cursor.execute(
            "INSERT INTO claims BY NAME SELECT * REPLACE ('new' AS event_id) FROM claims LIMIT 1"
        )
    found = redrawn(governed, samples(governed)[0])
    assert not found.same
    assert "is not what entry" in found.words
    assert found.missing == ("new",)


def test_a_failing_draw_leaves_nothing(
    governed: Any, bring: Any, draw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(50)
    size = governed.office.state().size

    def fail(*_: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(audit, "keep_sample", fail)
    with pytest.raises(RuntimeError):
        draw({None: 20})
    assert governed.office.state().size == size
    assert not samples(governed)


def test_an_act_of_another_kind_is_no_sample(governed: Any) -> None:
    act = governed.do(ANN, "validation.suspended", reason="odd", trigger="stop")
    with pytest.raises(Refused, match="draws no audit sample"):
        audit.drawn_by(act)
