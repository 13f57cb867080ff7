"""Whether what is in use was validated."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from core.findings.facts.decisions.stakes import StakesTooLow
from core.governance.validations.records import ValidationState
from core.measure.verdicts.parts import PartState
from core.trail.fingerprint import Fingerprint
from core.views.risks.facts import EvidenceTried, RepairKnown
from core.views.risks.rules import validation
from core.views.risks.rules.decisions import escalation
from core.views.risks.status import Rule
from tests.worlds.governed.risk_facts import BROKEN, DAY, FACTS, M1, M2, P2, version


# ------------------------------------------------------------------------------- not validated
def test_validated_versions_in_use_are_covered_until_a_day_on_so_many_claims() -> None:
    found = validation.unvalidated(FACTS)
    assert found.status == "covered"
    assert "until 2027-01-01 on 900 labelled claims, signed 2026-09-01" in found.line
    assert found.link.fingerprint == M1.id


@pytest.mark.parametrize("state", ["draft", "rejected", "expired", "suspended", "in_validation"])
def test_a_version_in_use_that_is_not_validated_is_open(state: ValidationState) -> None:
    facts = replace(FACTS, versions=(version(), version(M2, state, automated=7)))
    found = validation.unvalidated(facts)
    assert found.status == "open"
    assert "m2 · p1" in found.line
    assert "7 claims of it were automated" in found.line
    assert found.link.fingerprint == M2.id


def test_what_acts_without_asking_the_gate_is_open_however_well_validated() -> None:
    said = "4 of 90 claims automated since 2026-11-01 never asked the gate."
    found = validation.unvalidated(replace(FACTS, bypassed=(said,)))
    assert (found.status, found.line, found.link.page) == ("open", said, "escalation")


def test_a_version_out_of_use_does_not_matter() -> None:
    facts = replace(FACTS, versions=(version(M2, "expired", in_use=False), version()))
    assert validation.unvalidated(facts).status == "covered"


def test_a_waiver_lets_a_number_act_and_is_no_validation() -> None:
    found = validation.unvalidated(replace(FACTS, versions=(version(M1, "waived", opened=True),)))
    assert found.status == "open"


def test_a_validation_that_is_closed_all_the_same_is_open_as_a_risk() -> None:
    facts = replace(FACTS, versions=(version(M1, "validated", opened=False),))
    assert validation.unvalidated(facts).status == "open"


@pytest.mark.parametrize("rule", [validation.unvalidated, validation.model_update, escalation])
def test_what_is_log_only_is_not_applicable_until_it_acts(rule: Rule) -> None:
    facts = replace(FACTS, versions=(version(M1, "draft", opened=False),), log_only=True)
    assert rule(facts).status == "not_applicable"
    acted = StakesTooLow("log-only", 3, date(2026, 8, 17))
    found = rule(replace(facts, too_low=acted))
    assert (found.status, found.link.page) == ("open", "registry")
    assert "3 claims were automated" in found.line


def test_stakes_written_too_low_are_open_though_it_was_validated() -> None:
    costly = StakesTooLow("low", 260, date(2026, 8, 17), 20, 1_000, 400, 260, "EUR")
    found = validation.unvalidated(replace(FACTS, too_low=costly))
    assert found.status == "open"
    assert "Their errors cost 400 EUR" in found.line


def test_what_is_unregistered_is_open_and_a_broken_trail_tells_nothing() -> None:
    assert validation.unvalidated(replace(FACTS, registered=False)).status == "open"
    found = validation.unvalidated(BROKEN)
    assert (found.status, found.link.page) == ("not_measured", "decision_trail")


# ------------------------------------------------------------------------------ a repair at hand
MAP = "beta-2026-09-01-0a1b2c3d"
REPAIR = RepairKnown(MAP, M1, DAY, 1_800, 0.201, 0.004)
MAPPED = replace(M1, calibrator_version=MAP)


@pytest.mark.parametrize(("state", "status"), [("off", "open"), ("fine", "covered")])
def test_a_signal_that_is_off_while_a_certified_map_waits_is_open(
    state: PartState, status: str
) -> None:
    assert FACTS.recent is not None
    recent = replace(FACTS.recent, state=state)
    found = validation.unvalidated(replace(FACTS, recent=recent, repair=REPAIR))
    assert found.status == status
    said = (
        "It is off, and the map beta-2026-09-01-0a1b2c3d, certified 2026-09-01 (gap +20.1 to +0.4 "
        "points, 1,800 heldout inputs), is not in use."
    )
    assert (said in found.line) == (state == "off")


@pytest.mark.parametrize(("signed", "status"), [(None, "open"), (DAY, "covered")])
def test_a_map_whose_version_was_never_validated_is_open(signed: date | None, status: str) -> None:
    mapped = replace(version(MAPPED, in_use=False), signed=signed)
    facts = replace(FACTS, versions=(*FACTS.versions, mapped), repair=REPAIR)
    found = validation.unvalidated(facts)
    assert found.status == status
    assert ("made 1,000 claims and was never validated" in found.line) == (signed is None)


def test_a_map_of_a_version_out_of_use_repairs_nothing() -> None:
    assert FACTS.recent is not None
    facts = replace(FACTS, recent=replace(FACTS.recent, state="off"))
    other = replace(REPAIR, of=M2)
    assert validation.unvalidated(replace(facts, repair=other)).status == "covered"


# --------------------------------------------------------------------- model update, prompt edit
@pytest.mark.parametrize(
    ("rule", "newer"), [(validation.model_update, M2), (validation.prompt_edit, P2)]
)
def test_a_new_version_is_open_until_it_is_validated_by_itself(
    rule: Rule, newer: Fingerprint
) -> None:
    later = date(2026, 10, 1)
    unseen = version(newer, "draft", first=later, tried=None)
    found = rule(replace(FACTS, versions=(version(), unseen)))
    assert found.status == "open"
    assert "since 2026-10-01 (1,000)" in found.line
    assert "never measured for a signature nor validated" in found.line
    validated = version(newer, first=later)
    found = rule(replace(FACTS, versions=(version(), validated)))
    assert found.status == "covered"
    assert "was validated by itself 2026-09-01 on 900 labelled claims" in found.line
    assert "gap +5.0 to +5.0 (n 800 and 800)" in found.line


@pytest.mark.parametrize("rule", [validation.model_update, validation.prompt_edit])
def test_where_nothing_was_updated_it_does_not_apply(rule: Rule) -> None:
    assert rule(FACTS).status == "not_applicable"


def test_a_prompt_that_asks_in_another_order_is_no_edit_of_this_one() -> None:
    after = Fingerprint("m1", "p1-after", None, "verbal", "after")
    facts = replace(FACTS, versions=(version(after, "draft", first=date(2026, 8, 1)), version()))
    assert validation.prompt_edit(facts).status == "not_applicable"


def test_versions_that_are_not_named_cannot_be_seen_to_change() -> None:
    nameless = version(Fingerprint(None, None, None, "verbal", "before"))
    facts = replace(FACTS, versions=(nameless,))
    assert validation.model_update(facts).status == "not_measured"
    assert validation.prompt_edit(facts).status == "not_measured"


def test_a_remeasured_version_says_what_it_missed() -> None:
    tried = EvidenceTried(date(2026, 10, 19), 1_474, ("all judged claims missed ECE 0.119",))
    facts = replace(
        FACTS, versions=(version(), version(P2, "rejected", first=date(2026, 10, 1), tried=tried))
    )
    assert "re-measured 2026-10-19: all judged claims missed ECE 0.119" in (
        validation.prompt_edit(facts).line
    )


def test_a_model_that_changed_behind_its_name_is_open_whatever_was_signed() -> None:
    said = "m1 is no longer the model it was. Kept inputs are answered otherwise."
    found = validation.model_update(replace(FACTS, swapped=(said,)))
    assert (found.status, found.line, found.link.page) == ("open", said, "drift")
    assert validation.prompt_edit(replace(FACTS, swapped=(said,))).status != "open"


def test_stated_confidence_that_shifted_under_one_version_is_open() -> None:
    found = validation.model_update(replace(FACTS, shifted=("Stated confidence went up",)))
    assert found.status == "open"
    assert found.line == "Stated confidence went up. No version changed."


def test_what_kept_inputs_say_stands_beside_it() -> None:
    plain = validation.model_update(FACTS)
    found = validation.model_update(replace(FACTS, canary="No sign of another model: 50 inputs."))
    assert found.status == plain.status
    assert found.line.endswith("No sign of another model: 50 inputs.")
