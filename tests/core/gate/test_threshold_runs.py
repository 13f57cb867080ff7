"""Threshold runs as acts, and entries whose cuts come from them or from somebody's hand."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.audit.verify import verify_ledger
from core.gate import registry_changes as registry
from core.gate import threshold_runs as runs
from core.gate.choose_threshold import Threshold, ThresholdQuestion, choose, proposed
from core.governance.bodies.refusal import Refused
from core.ingest.import_file import import_file
from core.queries.base.selection import Selection
from core.registry.cut_runs import Cut, CutRun, ProvenCut, chosen_by_hand
from core.registry.yaml_reader import read
from core.sentences.cut_origin import origin_of, run_json
from core.trail.fingerprint import Fingerprint
from core.validation.evidence import freeze
from core.views.govern.thresholds import threshold_view
from tests.core.gate.test_choose_threshold import NOW, Rows, unregistered, written
from tests.worlds.governed.governed import REGISTRY, Governed
from tests.worlds.governed.proven_cuts import prove_cuts
from tests.worlds.running.begun import Begun

#: (split, confidence, language, right, wrong); inputs are all different.
ROWS = [
    ("tuning", 0.95, "en", 396, 4),
    ("tuning", 0.85, "en", 392, 8),
    ("tuning", 0.5, "en", 40, 60),
    ("heldout", 0.95, "en", 148, 2),
]
CUT = {"value": None, "lowest_ppm": 900_000, "highest_ppm": 950_000, "n": 400, "errors": 1}
ABOVE = (
    '      - {metric: automated_error, max: "0.05"}\n      - {metric: high_band_gap, max: "0.05"}\n'
)
#: One ladder, of all claims.
PLAIN = REGISTRY.replace(REGISTRY[REGISTRY.index("    overrides") : REGISTRY.index("    fall")], "")
PROVEN = PLAIN.replace("  escalation:\n", f"{ABOVE}  escalation:\n", 1)


def from_run(run: CutRun, cut: str = "0.90") -> str:
    text = PROVEN.replace('below: "0.90"', f'below: "{cut}"')
    return text.replace("    fallback", f"    cutsFrom: {run.sha256}\n    fallback")


@pytest.fixture
def tuned(begun: Begun, tmp_path: Path) -> Governed:
    def bring(governed: Governed) -> None:
        file = tmp_path / "claims.csv"
        file.write_text(written(ROWS))
        import_file(governed.ledger, file, now=NOW)

    return begun.after(unregistered, bring)


def asked(governed: Governed, **more: object) -> Threshold:
    question = ThresholdQuestion(Selection("triage"), 0.05, 0.9, every_look=True)
    return choose(governed.ledger.cursor(), replace(question, **more), NOW)  # type: ignore[arg-type]


def test_a_run_says_on_what_and_for_which_promise_it_holds_and_is_recorded_once(
    tuned: Governed,
) -> None:
    run = runs.record(tuned.office, asked(tuned), "user:desk/ann")
    assert (run.signal, run.look, run.risk_ppm, run.level_ppm) == ("triage", 1, 50_000, 900_000)
    assert run.cuts == (ProvenCut(None, None, 850_000, 950_000, 800, 12),)
    assert run.by == tuned.sub("user:desk/ann")
    size = tuned.office.state().size
    assert runs.record(tuned.office, asked(tuned), "user:desk/bob") == run
    assert tuned.office.state().size == size
    other = runs.record(tuned.office, asked(tuned, risk=0.1), "user:desk/bob")
    assert (other.look, other.sha256 == run.sha256) == (2, False)


def test_what_holds_for_one_look_only_is_not_recorded(tuned: Governed) -> None:
    with pytest.raises(Refused, match="one look only"):
        runs.record(tuned.office, asked(tuned, every_look=False), "user:desk/ann")


def test_a_cut_is_proven_between_the_lowest_and_the_highest_that_a_run_tested(
    tuned: Governed,
) -> None:
    run = runs.record(tuned.office, asked(tuned), "user:desk/ann")
    cuts = {ppm: run.proves(Cut(None, None, ppm)) for ppm in (840_000, 850_000, 950_000, 960_000)}
    assert cuts == {840_000: False, 850_000: True, 950_000: True, 960_000: False}
    assert not run.proves(Cut("language", "hi", 900_000))
    for text, by_hand in ((REGISTRY, 2), (PLAIN, 1)):
        (spec,) = read(
            text.replace("    fallback", f"    cutsFrom: {run.sha256}\n    fallback")
        ).specs
        assert len(chosen_by_hand(spec, {})) == by_hand
        # The segment's own cut is proven by a run of its own alone.
        assert len(chosen_by_hand(spec, {run.sha256: run})) == by_hand - 1


@pytest.mark.usefixtures("proof_asked")
def test_a_cut_chosen_by_hand_is_refused_and_one_from_a_run_is_taken(tuned: Governed) -> None:
    with pytest.raises(Refused, match=r"threshold 0\.90: chosen by hand, which only low stakes"):
        tuned.apply(PROVEN)
    assert tuned.apply(PROVEN.replace("stakes: high", "stakes: low"))
    run = runs.record(tuned.office, asked(tuned), "user:desk/ann")
    assert tuned.apply(from_run(run), who="user:desk/ann")
    with pytest.raises(Refused, match=r"threshold 0\.80: chosen by hand"):
        tuned.apply(from_run(run, "0.80"), who="user:desk/ann")
    found = origin_of(tuned.ledger.cursor(), tuned.office.state(), "triage")
    assert found is not None
    assert found.by_hand == ()
    said = f"Threshold run {run.sha256[:12]} of 2026-11-02 by desk/ann, look 1: at most 5% wrong"
    assert said in found.words
    (cut,) = run.cuts
    assert (
        f"({cut.errors} of {cut.n:,} wrong at 0.{cut.lowest_ppm // 10_000} or more)" in found.words
    )


@pytest.mark.usefixtures("proof_asked")
def test_a_run_of_another_signal_or_one_that_nobody_recorded_proves_nothing(
    tuned: Governed,
) -> None:
    run = runs.record(tuned.office, asked(tuned), "user:desk/ann")
    with pytest.raises(Refused, match="chosen by hand"):
        tuned.apply(from_run(run).replace("name: triage", "name: other"))
    with pytest.raises(Refused, match="chosen by hand"):
        tuned.apply(from_run(replace(run, sha256="f" * 64)))


def test_the_change_that_is_proposed_names_the_recorded_run(tuned: Governed) -> None:
    tuned.apply(PROVEN)
    question = asked(tuned).question
    before = threshold_view(tuned.ledger.cursor(), tuned.office.state(), question, NOW)
    assert before.run is None
    assert before.as_json()["in_force"]["chosen"] == "by hand"
    run = runs.record(tuned.office, asked(tuned), "user:desk/ann")
    view = threshold_view(tuned.ledger.cursor(), tuned.office.state(), question, NOW)
    assert view.run == run
    assert view.change is not None
    assert run.sha256 in view.change.entry
    change = proposed(tuned.ledger.cursor(), tuned.office.state(), asked(tuned), NOW, run.sha256)
    assert registry.plan(
        tuned.ledger.cursor(), tuned.office.state(), read(change.entry), NOW
    ).changes[0].new.cuts_from == (run.sha256,)


def versioned(rows: Rows, model: str, first: int = 0) -> str:
    """The claims with a model, of events of their own."""
    head, *lines = written(rows).splitlines()
    named = [f"{line},{model}".replace("e", f"{model}-", 1) for line in lines]
    named = [re.sub(r",i(\d+),", rf",{model}i\1,", line) for line in named]
    return "\n".join([f"{head},model_version", *named]) + "\n"


def test_a_run_names_the_versions_it_was_chosen_on_and_whoever_uses_another_is_told(
    ungoverned: Governed, tmp_path: Path
) -> None:
    file = tmp_path / "claims.csv"
    for model, rows in (("m1", ROWS), ("m2", ROWS[3:])):
        file.write_text(versioned(rows, model))
        import_file(ungoverned.ledger, file, now=NOW)
    run = runs.record(ungoverned.office, asked(ungoverned), "user:desk/ann")
    assert run.versions == (Fingerprint("m1"),)
    assert run_json(run)["versions"] == [{"model_version": "m1"}]
    cursor, state = ungoverned.ledger.cursor(), ungoverned.office.state()
    (change,) = registry.plan(cursor, state, read(from_run(run)), NOW).changes
    told = (
        "The threshold 0.90 was chosen on claims of m1, and of none of m2: its bound is not proven "
        "for that version."
    )
    assert change.on_others == (told,)
    ungoverned.apply(from_run(run), who="user:desk/ann")
    words = origin_of(cursor, ungoverned.office.state(), "triage").words
    assert "with 90% confidence over all looks on claims of m1 (" in words
    spec = ungoverned.office.state().entries["triage"].spec
    for model, there in (("m1", False), ("m2", True)):
        found = freeze(cursor, spec, Fingerprint(model), at=NOW, program="test", untuned=True)
        assert (told in found.untold) is there


def test_a_run_recorded_before_its_versions_were_named_is_the_same_run(tuned: Governed) -> None:
    body = runs.run_body(tuned.ledger.cursor(), asked(tuned))
    body = {name: value for name, value in body.items() if name not in ("run", "versions")}
    old = prove_cuts(tuned.office, "triage", "user:desk/ann", imports_to=1, **body)
    assert tuned.office.state().runs[old].versions is None
    assert runs.record(tuned.office, asked(tuned), "user:desk/bob").sha256 == old


def recounted(governed: Governed) -> tuple[str, ...]:
    with governed.ledger.cursor() as cursor:
        found = verify_ledger(cursor)
    return tuple(one.words for one in found.problems if "threshold run" in one.words)


def test_a_verification_counts_runs_again_and_says_by_what_one_differs(
    tuned: Governed, tmp_path: Path
) -> None:
    run = runs.record(tuned.office, asked(tuned), "user:desk/ann")
    # What came in since does not count: another label of a tuned claim, and one more of them.
    file = tmp_path / "later.csv"
    file.write_text("event_id,signal,outcome,outcome_ts\ne1,triage,0,2026-11-20T09:00:00Z\n")
    import_file(tuned.ledger, file, now=NOW)
    file.write_text(
        written([("tuning", 0.95, "en", 0, 1)]).replace("e1,", "f1,").replace("i1", "j")
    )
    import_file(tuned.ledger, file, now=NOW)
    assert recounted(tuned) == ()
    begins = f"The threshold run {run.sha256[:12]}… of triage, entry {run.seq}, does not rest on "
    for change, said in (
        ("UPDATE claims SET outcome = 0 WHERE event_id = 'e810'", "are others now, 73 of 900"),
        (
            "UPDATE claims SET outcome = 0 WHERE event_id = 'e2'",
            "at 0.85 or more it says 12 of 800 wrong, and 13 of 800 are.",
        ),
    ):
        with tuned.ledger.transaction() as cursor:
            cursor.execute(change)
        (words,) = recounted(tuned)
        assert words.startswith(begins)
        assert said in words


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"run": "ab" * 32}, "is not what its name stands for"),
        ({"method": "one look"}, "for one look only"),
        ({"look": 2}, "must say that it is look 1"),
        ({"risk_ppm": 0}, "does not say what it proved"),
        ({"level_ppm": 1_000_000}, "does not say what it proved"),
        ({"cuts": [{**CUT, "lowest_ppm": 960_000}]}, "does not say what it proved"),
        ({"cuts": [{**CUT, "errors": 401}]}, "does not say what it proved"),
        ({"cuts": [{**CUT, "n": True, "errors": 0}]}, "does not say what it proved"),
        ({"cuts": [{**CUT, "value": "en"}]}, "does not say what it proved"),
        ({"cuts": [{**CUT, "n": 20, "errors": 0}]}, "0 wrong of 20 do not prove that at most 5%"),
        ({"cuts": [{**CUT, "errors": 40}]}, "40 wrong of 400 do not prove"),
        ({"level_ppm": 500_000}, "ask for a confidence level of 0.8 or more"),
        ({"versions": [{"model": "m1"}]}, "does not say of which versions its claims are"),
    ],
)
def test_a_run_whose_record_does_not_hold_by_its_own_counts_is_refused(
    ungoverned: Governed, changed: dict[str, Any], told: str
) -> None:
    with pytest.raises(Refused, match=told):
        prove_cuts(ungoverned.office, "triage", "user:desk/ann", **changed)
    assert ungoverned.office.state().runs == {}
