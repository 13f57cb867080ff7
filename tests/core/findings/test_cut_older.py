"""A validated version that acts by a threshold whose run saw only claims of others is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.events import PPM
from core.findings.kinds import conditions
from core.queries.base.seen.fingerprints_seen import Seen
from core.registry.cut_runs import CutRun, ProvenCut
from core.registry.signal_spec import Criterion
from core.trail.fingerprint import Fingerprint
from tests.worlds.governed.governed import V1, Governed
from tests.worlds.governed.house import NOW

OTHER = Fingerprint(model_version="other")


def older(
    governed: Governed, versions: tuple[Fingerprint, ...] | None, *criteria: Criterion
) -> list[str]:
    state, now = governed.office.state(), governed.clock.now
    entry = state.entries["triage"]
    run = CutRun(
        "ab", "triage", 1, NOW, "p", 1, 1, 900_000, (ProvenCut(None, None, 0, PPM, 9, 0),), versions
    )
    asked = replace(entry.spec.validation, criteria=(*entry.spec.validation.criteria, *criteria))
    spec = replace(entry.spec, cuts_from=("ab",), validation=asked)
    state = replace(
        state,
        runs={"ab": run},
        entries={"triage": replace(entry, spec=spec)},
    )
    seen = Seen("triage", tuple(V1.as_json().items()), 9, now, now)
    return [one.text for one in conditions(state, (seen,), now) if one.kind == "cut_older"]


@pytest.mark.parametrize("versions", [None, (V1,), (OTHER, V1)])
def test_a_run_that_saw_the_version_or_names_none_is_its_own(
    governed: Governed, versions: tuple[Fingerprint, ...] | None
) -> None:
    governed.validate()
    assert older(governed, versions) == []


def test_a_version_acts_by_a_threshold_of_others_once_it_is_validated(governed: Governed) -> None:
    assert older(governed, (OTHER,)) == []
    governed.validate()
    (said,) = older(governed, (OTHER,))
    assert said.startswith(f"{V1.words()} is validated and acts by itself from the threshold 0.")
    assert "on claims of other, and of none of its own; no criterion" in said


def test_evidence_that_bounds_what_acts_by_itself_proves_its_threshold(governed: Governed) -> None:
    governed.validate()
    bound = Criterion("automated_error", maximum_ppm=50_000)
    assert older(governed, (OTHER,), bound) == []
