"""What acts more than its stakes allow, and what is only logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.findings.acts import finding_acts
from core.findings.detectors.decisions import stakes_too_low
from core.findings.detectors.decisions.stakes_too_low import stakes_conditions
from core.findings.kinds import Condition
from core.findings.lifecycle import findings
from core.gate.breaches import breached_signals
from core.governance.bodies.refusal import Refused
from core.ledger.connection import Ledger
from core.measure.metrics.intervals import clopper_pearson
from core.monitoring.rounds import rounds
from core.trail import log as trail
from tests.worlds.governed import entries
from tests.worlds.governed.governed import REGISTRY, V1, Governed

Bring = Callable[[Any, pd.DataFrame], None]
Made = Callable[..., pd.DataFrame]
LOG_ONLY = entries.LOG_ONLY.replace("name: s,", "name: triage,").replace("user:t", "user:desk")
COSTS = '  costs: {unit: EUR, error: "10", review: "1", escalate: "2"}\n---'
LOW = REGISTRY.replace("stakes: high", "stakes: low").replace("\n---", f"\n{COSTS}", 1)


@pytest.fixture
def written(clock: Any) -> Iterator[Callable[[str], Governed]]:
    with Ledger.in_memory() as ledger:

        def apply(text: str) -> Governed:
            made = Governed(ledger, clock)
            made.apply(text)
            return made

        yield apply


def found(governed: Governed) -> list[Condition]:
    with governed.ledger.cursor() as cursor:
        return list(stakes_conditions(cursor, governed.office.state(), governed.clock.now))


def acted(made: Made, clock: Any, wrong: int, action: str = "automate") -> pd.DataFrame:
    """400 claims older than their labels' maturity, so many of them wrong."""
    frame = made(clock, range(40, 60), action=action)
    return frame.assign(outcome=[0 if i < wrong else 1 for i in range(len(frame))])


def test_an_entry_that_is_only_logged_needs_four_lines(written: Any) -> None:
    entry = written(LOG_ONLY).office.state().entries["triage"].spec
    assert entry.log_only
    assert entry.validation.criteria == ()


def test_nothing_is_wrong_with_what_is_logged_and_never_acts(
    written: Any, clock: Any, bring: Bring, made: Made
) -> None:
    governed = written(LOG_ONLY)
    bring(governed, acted(made, clock, 200, action="review"))
    assert found(governed) == []


def test_one_claim_that_acted_though_it_is_log_only_is_found(
    written: Any, clock: Any, bring: Bring, made: Made
) -> None:
    governed = written(LOG_ONLY)
    bring(governed, acted(made, clock, 0, action="review"))
    bring(governed, made(clock, range(40, 41), 1, action="automate"))
    (one,) = found(governed)
    assert (one.kind, one.severity) == ("stakes_too_low", "warning")
    assert one.text == (
        "1 claim was automated since 2026-08-03, though its entry says log-only: its confidence "
        "is to decide nothing."
    )


def test_a_round_of_the_checks_opens_findings_about_it_due_as_those_of_low_stakes(
    written: Any, clock: Any, bring: Bring, made: Made
) -> None:
    governed = written(LOG_ONLY)
    bring(governed, acted(made, clock, 0))
    rounds(governed.office, thorough=True)
    with governed.ledger.cursor() as cursor:
        opened = findings(finding_acts(cursor), clock.now).values()
    (one,) = [one for one in opened if one.kind == "stakes_too_low"]
    assert one.due == clock.now.date() + pd.Timedelta(days=14)


def test_the_gate_is_closed_to_it_and_nothing_of_it_is_a_breach_of_rules(
    written: Any, clock: Any, bring: Bring, made: Made
) -> None:
    governed = written(LOG_ONLY)
    bring(governed, acted(made, clock, 0))
    standing = governed.office.state().standing_of("triage", V1, clock.now)
    assert not standing.open
    assert standing.reason == "Log only: its confidence is measured, and nothing may act on it."
    with governed.ledger.cursor() as cursor:
        since = clock.now - pd.Timedelta(days=90)
        assert breached_signals(cursor, trail.acts(cursor), since, clock.now) == {}


def test_no_evidence_of_it_is_taken(written: Any) -> None:
    governed = written(LOG_ONLY)
    with pytest.raises(Refused, match="is log-only: it needs no evidence"):
        governed.validate()


# Its errors at 10 EUR cost more than reviews at 1 EUR from 10% wrong on: of 400, more than 58 are
# beyond chance (the lower Clopper-Pearson bound of 59 of 400, one-sided at 0.2%, is 10.1%).
@pytest.mark.parametrize(("wrong", "costly"), [(58, False), (59, True)])
def test_errors_that_cost_more_than_reviewing_them_are_found_beyond_chance(
    written: Any, clock: Any, bring: Bring, made: Made, wrong: int, costly: bool
) -> None:
    governed = written(LOW)
    bring(governed, acted(made, clock, wrong))
    conditions = found(governed)
    assert len(conditions) == costly
    if costly:
        assert "Their errors cost 403 EUR at the least" in conditions[0].text
        assert "reviewing all of them would have cost 400" in conditions[0].text


def test_a_year_of_weekly_looks_errs_in_less_than_one_in_twenty_where_errors_cost_as_much() -> None:
    """Of 2,000 years of 110 automated claims a week, each looked at with the 12 weeks before it."""
    each, weeks, pays = 110, 52, 0.1
    wrong = np.random.default_rng(18).binomial(each, pays, (2_000, weeks)).cumsum(axis=1)
    wrong[:, 13:] -= wrong[:, :-13].copy()
    n = np.broadcast_to(np.minimum(np.arange(1, weeks + 1), 13) * each, wrong.shape)
    lower, _ = clopper_pearson(wrong, n, 2 * stakes_too_low._ALPHA)
    assert (lower > pays).any(axis=1).mean() < 0.05


def test_what_automates_much_on_low_stakes_is_found_without_a_label(
    written: Any, clock: Any, bring: Bring, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    governed = written(LOW)
    bring(governed, acted(made, clock, 0))
    monkeypatch.setattr(stakes_too_low, "LOW_STAKES_A_WEEK", 32)
    assert found(governed) == []
    monkeypatch.setattr(stakes_too_low, "LOW_STAKES_A_WEEK", 31)
    (one,) = found(governed)
    assert "31 a week, on stakes written as low" in one.text


def test_higher_stakes_are_not_too_low(written: Any, clock: Any, bring: Bring, made: Made) -> None:
    governed = written(LOW.replace("stakes: low", "stakes: medium"))
    bring(governed, acted(made, clock, 400))
    assert found(governed) == []
