"""The Sign-off page's contents: standing, next step, evidence in words, the list."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from core.gate import registry_changes as registry
from core.governance.people.names import directory
from core.governance.people.people import actor_for, set_status
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.queries.base.seen.fingerprints_seen import fingerprints_seen
from core.registry.yaml_reader import read
from core.sentences.acts import Names
from core.trail.acts import Actor
from core.trail.checkpoints.signer import Signer
from core.trail.fingerprint import Fingerprint
from core.validation import evidence
from core.validation import steps as signing
from core.validation.evidence_bundle import PLAIN_LAYOUT
from core.views.govern.permitted_acts import offers
from core.views.govern.sign_off import SignoffView, signoff_view
from core.views.govern.sign_off_queue import SignoffList, signoff_list
from tests.worlds.governed.entries import LOG_ONLY, entry, group
from tests.worlds.running.begun import Begun

NOW = datetime(2026, 11, 2, 9)
SIGNAL = "triage"
M1 = Fingerprint(model_version="m1")
M2 = Fingerprint(model_version="m2")
ANN, BOB, VERA = "user:desk/ann", "user:desk/bob", "user:risk/vera"
RITA, RUTH, ADMIN = "user:risk/rita", "user:risk/ruth", "user:desk/admin"
MEANING = "I read the evidence and accept it."
REGISTRY = entry(
    "triage",
    owner="user:desk/ann",
    deputies=["user:desk/bob"],
    validators="group:risk/validation",
    riskApprovers=["user:risk/rita", "user:risk/ruth"],
    decision="answer without a person reading it",
    cuts={"escalate": "0.62", "review": "0.90"},
    validation={
        "minSamples": 300,
        "segments": ["language"],
        "criteria": [
            {"metric": "ece", "max": "0.12"},
            {"metric": "auroc", "min": "0.55"},
            {"metric": "automated_error", "max": "0.2"},
        ],
    },
) + group("risk/validation", "user:risk/vera")
HEADER = (
    "event_id,ts,signal,confidence,outcome,outcome_ts,model_version,split,input_id,seg_language\n"
)
STATED = (0.55, 0.75, 0.95)


def lines(
    n: int,
    *,
    model: str = "m1",
    off: float = 0.0,
    split: str = "production",
    pre: str = "",
    signal: str = SIGNAL,
    labelled: bool = True,
    one_class: bool = False,
    languages: tuple[str, ...] = ("de", "en"),
    end: datetime = NOW,
) -> str:
    """``n`` claims of the eight weeks before ``end``, right exactly as often as stated."""
    found = []
    for i in range(n):
        v, turn = STATED[i % 3], i // 3
        right = int((turn + 1) * (v - off) + 1e-9) - int(turn * (v - off) + 1e-9)
        outcome = "" if not labelled else 1 if one_class else right
        stamp = f"{end - timedelta(days=56 - 55 * i / n):%Y-%m-%dT%H:%M:%SZ}"
        language = languages[i * len(languages) // n]
        found.append(
            f"{pre}{model}-{i},{stamp},{signal},{v},{outcome},{stamp if labelled else ''},{model},"
            f"{split},{pre}i{i},{language}\n"
        )
    return "".join(found)


class Desk:
    """A ledger in memory, its people by their handles, and a clock."""

    def __init__(self, ledger: Ledger, signer: Signer | None) -> None:
        self.ledger, self.signer, self.now = ledger, signer or Signer.generate(), NOW
        self.office = Office(ledger, self.signer, clock=lambda: self.now)

    def register(self, text: str = REGISTRY) -> None:
        registry.apply(self.office, read(text), ADMIN)

    def bring(self, *texts: str) -> None:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "claims.csv"
            file.write_text(HEADER + "".join(texts))
            assert import_recorded(self.office, file, now=self.now).n_quarantined == 0

    def sub(self, handle: str) -> str:
        with self.ledger.cursor() as cursor:
            found = directory(cursor).sub(handle)
        assert found is not None
        return found

    def actor(self, handle: str, kind: str) -> Actor:
        return actor_for(self.office.state(), self.sub(handle), kind, SIGNAL)

    def submit(self, fingerprint: Fingerprint = M1) -> str:
        actor = self.actor(ANN, "validation.submitted")
        return signing.submit(self.office, actor, SIGNAL, fingerprint, untuned=True)[1].sha256

    def evidence(self) -> str:
        """What was submitted last."""
        with self.ledger.cursor() as cursor:
            (sha256,) = signing.evidence_named(cursor, ())
        return sha256

    def sign(self, fingerprint: Fingerprint = M1, *, days: float = 60) -> None:
        actor = self.actor(VERA, "validation.signed")
        until = self.now + timedelta(days=days)
        signing.sign(self.office, actor, SIGNAL, fingerprint, meaning=MEANING, until=until)

    def reject(self, fingerprint: Fingerprint = M1) -> None:
        actor = self.actor(VERA, "validation.rejected")
        signing.reject(self.office, actor, SIGNAL, fingerprint, reason="too few")

    def stop(self) -> None:
        actor = self.actor(BOB, "validation.suspended")
        signing.stop(self.office, actor, SIGNAL, M1, reason="nonsense seen")

    def alter(self, sql: str) -> None:
        with self.ledger.transaction() as cursor:
            cursor.execute(sql)

    def view(self, fingerprint: Fingerprint = M1, signal: str = SIGNAL, **more) -> SignoffView:
        state, now = self.office.state(), self.office.now()
        with self.ledger.cursor() as cursor:
            names = Names.read(cursor)
            return signoff_view(cursor, state, names, signal, fingerprint, now, **more)

    def list(self, signal: str | None = None) -> SignoffList:
        state, now = self.office.state(), self.office.now()
        with self.ledger.cursor() as cursor:
            seen, names = fingerprints_seen(cursor), Names.read(cursor)
        return signoff_list(state, seen, names, now, signal)

    def offers(self, handle: str, fingerprint: Fingerprint = M1):
        with self.ledger.cursor() as cursor:
            names = directory(cursor)
        state, now = self.office.state(), self.office.now()
        return offers(state, self.sub(handle), names, SIGNAL, fingerprint, now)


def with_claims(desk: Desk) -> None:
    desk.register()
    desk.bring(lines(900))


@pytest.fixture
def desk(begun: Begun) -> Desk:
    """A ledger in which nothing is written down and nothing was claimed."""
    return begun.after(Desk)


@pytest.fixture
def honest(begun: Begun) -> Desk:
    """Registered, with 900 honest claims of one fingerprint."""
    return begun.after(Desk, with_claims)


@pytest.fixture
def waiting(begun: Begun) -> Desk:
    """The same, whose evidence waits for a signature."""
    return begun.after(Desk, with_claims, Desk.submit)


@pytest.fixture
def valid(begun: Begun) -> Desk:
    """The same, signed."""
    return begun.after(Desk, with_claims, Desk.submit, Desk.sign)


def test_an_unregistered_signal_is_shown_as_exactly_that(desk: Desk):
    desk.bring(lines(9, signal="other"))
    view = desk.view(signal="other")
    assert (view.decision, view.open, view.shown) == (None, False, "nothing")
    assert view.next_step[0].startswith("Write the signal's registry entry")


def test_before_any_evidence_it_says_who_may_submit_and_what_happens_meanwhile(honest: Desk):
    view = honest.view()
    assert (view.state, view.open, view.shown) == ("draft", False, "nothing")
    assert view.next_step == (
        "desk/ann or desk/bob may measure it and submit the evidence. Until it is signed each of "
        "its claims falls back to review.",
    )
    assert view.evidence is None
    assert view.fault is None


def test_a_log_only_signal_asks_nobody_for_evidence(honest: Desk):
    text = LOG_ONLY.replace("name: s,", "name: triage,").replace("user:t", "user:desk")
    registry.apply(honest.office, read(text), ANN)
    view = honest.view()
    assert (view.state, view.log_only, view.open) == ("log only", True, False)
    assert view.next_step == (
        "Nothing: it needs no evidence and no signature. To let it act, write its stakes, "
        "validation and escalation in the registry first.",
    )


def test_evidence_that_waits_is_shown_with_its_criteria_and_whom_it_waits_for(waiting: Desk):
    sha256 = waiting.evidence()
    view = waiting.view()
    assert (view.state, view.shown, view.waits) == ("in validation", "candidate", sha256)
    assert view.next_step == ("risk/vera may sign or reject it.",)
    found = view.evidence
    assert found is not None
    assert (found.sha256, found.met) == (sha256, True)
    assert [row.criterion for row in found.whole.rows] == [
        "ECE at most 0.12",
        "AUROC at least 0.55",
        "Wrong among automated at most 20%",
        "Apart from what was tuned on",
        "No part off by more than 5 points",
    ]
    assert found.whole.rows[-1].value == "no part is off"
    assert {row.verdict for row in found.whole.rows} == {"Met"}
    assert [one.name for one in found.segment_samples] == ["language=de", "language=en"]
    assert found.segment_words == "Every criterion is met in each of 2 required segments."


def test_evidence_of_before_verdicts_had_parts_is_shown_and_still_recomputes(
    honest: Desk, monkeypatch: pytest.MonkeyPatch
):
    then = partial(evidence.content_of, layout=PLAIN_LAYOUT)
    with monkeypatch.context() as patched:
        patched.setattr(evidence, "content_of", then)
        sha256 = honest.submit()
    view = honest.view()
    found = view.evidence
    assert found is not None
    assert (view.fault, found.met) == (None, True)
    assert [row.criterion for row in found.whole.rows] == [
        "ECE at most 0.12",
        "AUROC at least 0.55",
        "Wrong among automated at most 20%",
    ]
    assert set(found.segments["verdict"]) <= {"off", "too_few", "fine"}
    with honest.ledger.cursor() as cursor:
        assert evidence.verify(cursor, sha256) == evidence.Recomputed(True)


def test_evidence_whose_errors_cancel_says_which_part_is_off(desk: Desk):
    desk.register()
    # 55 % and 95 % stated the wrong way round.
    swapped = lines(600, pre="l").replace(",0.95,", ",x,").replace(",0.55,", ",0.95,")
    desk.bring(swapped.replace(",x,", ",0.55,"), lines(300))
    desk.submit()
    found = desk.view().evidence
    assert found is not None
    assert not found.met
    assert found.whole.rows[-1].outcome == "missed"
    assert "underconfident at 55%" in found.whole.rows[-1].value


def test_the_rules_table_counts_what_each_rule_would_take_and_what_of_it_is_wrong(waiting: Desk):
    found = waiting.view().evidence
    assert found is not None
    assert [(row.action, row.stated, row.n_claims, row.wrong) for row in found.rules] == [
        ("escalate", "0 to 0.62", 300, "135 of 300 (45.0%)"),
        ("review", "0.62 to 0.90", 300, "75 of 300 (25.0%)"),
        ("automate", "0.90 to 1", 300, "15 of 300 (5.0%)"),
    ]
    assert found.automated == (
        "300 of 900 claims would be automated (33%); 15 of the 300 labelled were wrong (5.0%)."
    )


def test_the_query_names_the_claims_and_links_to_them(waiting: Desk):
    found = waiting.view().evidence
    assert found is not None
    facts = {fact.name: fact.value for fact in found.query}
    assert facts["Claims"] == "0 heldout and 900 production, 900 of them labelled"
    assert facts["Fingerprint"] == "m1"
    assert facts["As known"] == "2026-11-02 09:00 UTC, import 1"
    assert facts["Tuning freeze"].startswith("none")
    assert found.claims.query == (("model_version", "m1"),)
    assert (found.claims.since, found.claims.until) == (
        datetime(2026, 9, 7).date(),
        datetime(2026, 11, 1).date(),
    )


def test_whether_anything_was_tuned_on_is_passed_unknown_or_left_out(desk: Desk):
    desk.register()
    desk.bring(lines(900))
    assert desk.view(measured=signing.prepare(desk.office, SIGNAL, M1)).evidence.overlap == (
        "Cannot be checked: no claim of this signal is marked as tuning."
    )
    earlier = NOW - timedelta(days=100)
    desk.bring(lines(60, split="tuning", pre="t", end=earlier))
    found = desk.view(measured=signing.prepare(desk.office, SIGNAL, M1)).evidence
    assert found.overlap_checked
    assert found.overlap.startswith("Passed: no judged claim shares")
    assert "60 tuning claims" in found.overlap
    desk.bring(lines(5, split="tuning", model="mt", end=earlier))
    bundle = signing.prepare(desk.office, SIGNAL, M1, leave_out_overlap=True)
    assert desk.view(measured=bundle).evidence.overlap.startswith("5 claims that shared")


def test_missed_criteria_are_counted_and_nobody_is_asked_to_sign(desk: Desk):
    desk.register()
    desk.bring(lines(900, off=0.3))
    desk.submit()
    view = desk.view()
    assert view.evidence is not None
    assert not view.evidence.met
    assert view.evidence.verdict.startswith("Not every criterion is met, so this cannot be signed:")
    assert "missed" in {row.outcome for row in view.evidence.whole.rows}
    assert view.next_step == (
        "risk/vera may reject it: not every criterion is met, so it cannot be signed.",
    )


def test_what_few_labels_cannot_tell_says_how_many_more_it_takes(desk: Desk):
    desk.register()
    desk.bring(lines(150))
    desk.submit()
    found = desk.view().evidence
    assert found is not None
    assert "undecided" in {row.outcome for row in found.whole.rows}
    assert found.whole.said == "150 labelled claims; at least 300 asked for, 150 are missing."
    assert any(row.needed.startswith("about ") for row in found.whole.rows)
    assert found.untold[0].startswith("150 labelled inputs, of 300 asked for")


def test_required_segments_that_miss_stand_before_those_that_do_not(desk: Desk):
    desk.register()
    desk.bring(lines(600), lines(600, off=0.35, pre="hi", languages=("hi",)))
    desk.submit()
    found = desk.view().evidence
    assert found is not None
    assert [(one.name, one.met) for one in found.segment_samples] == [
        ("language=hi", False),
        ("language=de", True),
        ("language=en", True),
    ]
    assert found.segment_words == "1 of 3 required segments not met: missed in language=hi."


def test_one_class_only_is_put_into_words_without_a_number(desk: Desk):
    desk.register()
    desk.bring(lines(900, one_class=True))
    desk.submit()
    found = desk.view().evidence
    assert found is not None
    auroc = next(row for row in found.whole.rows if row.criterion.startswith("AUROC"))
    assert (auroc.value, auroc.outcome) == ("–", "undecided")


def test_a_required_segment_that_no_claim_names_keeps_it_from_being_met(desk: Desk):
    desk.register(REGISTRY.replace("- language", "- country"))
    desk.bring(lines(900))
    desk.submit()
    found = desk.view().evidence
    assert found is not None
    assert found.segment_words == "No judged claim names country."
    assert found.verdict.endswith("no judged claim names country.")


def test_a_signature_is_shown_with_its_meaning_and_its_assurance_spelled_out(valid: Desk):
    sha256 = valid.evidence()
    view = valid.view()
    assert (view.open, view.shown, view.waits) == (True, "signed", None)
    (one,) = view.signatures
    assert (one.who, one.meaning, one.evidence) == ("risk/vera", MEANING, sha256)
    assert one.assurance == (
        "assurance: none – nobody signed on; a gate in production mode does not accept it"
    )
    assert one.until == NOW + timedelta(days=60)
    assert [done.seq for done in view.history] == sorted(
        (done.seq for done in view.history), reverse=True
    )
    assert view.history[0].seq == one.seq
    assert view.history[0].what == "signed the validation until 2027-01-01"
    assert view.history[0].moved == "in validation → validated"


def test_a_renewal_waits_beside_what_stays_open(valid: Desk):
    valid.now += timedelta(days=10)
    valid.submit()
    view = valid.view()
    assert (view.open, view.renewal, view.shown) == (True, True, "candidate")


def test_what_changed_is_told_against_the_last_signature_of_the_fingerprint(waiting: Desk):
    assert waiting.view().compared is None
    waiting.sign()
    assert waiting.view().compared is None
    waiting.now += timedelta(days=3)
    waiting.bring(lines(300, pre="late", end=waiting.now))
    waiting.submit()
    view = waiting.view()
    assert view.compared == "the evidence that risk/vera signed on 2026-11-02 09:00 UTC"
    assert "Labelled claims: 900 → 1,200." in view.changes


def test_a_new_fingerprint_is_told_against_the_last_one_signed(valid: Desk):
    valid.bring(lines(600, model="m2"))
    valid.submit(M2)
    view = valid.view(M2)
    assert view.compared is not None
    assert view.compared.endswith("for m1")
    assert view.changes[0] == "Model version: m1 → m2."


def test_what_was_measured_and_not_submitted_is_shown_as_that_until_something_waits(honest: Desk):
    bundle = signing.prepare(honest.office, SIGNAL, M1)
    view = honest.view(measured=bundle)
    assert (view.shown, view.waits) == ("measured", None)
    assert view.evidence is not None
    assert view.evidence.sha256 == bundle.sha256
    honest.now += timedelta(minutes=1)
    waits = honest.submit()
    view = honest.view(measured=bundle)
    assert view.evidence is not None
    assert (view.shown, view.evidence.sha256) == ("candidate", waits)


def test_rejected_evidence_stays_to_be_read(waiting: Desk):
    sha256 = waiting.evidence()
    waiting.reject()
    view = waiting.view()
    assert (view.shown, view.waits) == ("submitted", None)
    assert "was rejected" in view.shown_words
    assert view.evidence is not None
    assert view.evidence.sha256 == sha256
    assert "too few" in view.reason


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM evidence", "no longer holds the evidence"),
        ("UPDATE evidence SET bundle = bundle || ' '", "was altered"),
        ("UPDATE evidence SET bundle = 'x'", "was altered"),
    ],
)
def test_a_bundle_that_is_gone_or_damaged_is_said_and_not_shown(waiting: Desk, sql: str, said: str):
    waiting.alter(sql)
    view = waiting.view()
    assert view.evidence is None
    assert view.fault is not None
    assert said in view.fault


def test_a_stopped_one_may_be_waived_and_says_who_approves(valid: Desk):
    valid.stop()
    assert valid.view().waivable
    until = NOW + timedelta(days=5)
    actor = valid.actor(RITA, "waiver.requested")
    signing.request_waiver(valid.office, actor, SIGNAL, M1, reason="peak week", until=until)
    view = valid.view()
    assert view.waiver is not None
    assert (view.waiver.who, view.waiver.reason) == ("risk/rita", "peak week")
    assert view.next_step[-1] == (
        "risk/rita asked for a waiver until 2026-11-07; risk/ruth may approve it."
    )


def test_an_empty_owner_seat_is_the_first_thing_to_mend(honest: Desk):
    for handle in (ANN, BOB):
        actor = honest.actor(ADMIN, "person.status")
        set_status(honest.office, actor, honest.sub(handle), "left")
    assert honest.view().next_step[0].startswith("There is no owner")


def test_what_a_person_may_do_is_what_the_guards_answer_with_names_for_ids(waiting: Desk):
    assert waiting.offers(VERA)["validation.signed"].may
    assert waiting.offers(VERA)["validation.rejected"].may
    ann = waiting.offers(ANN)
    assert not ann["validation.signed"].may
    assert "desk/ann" in ann["validation.signed"].why
    assert "p-" not in ann["validation.signed"].why
    assert ann["validation.submitted"].why.endswith("before other evidence is submitted.")
    assert not waiting.offers(ADMIN)["validation.signed"].may


def test_unmet_criteria_are_why_a_validator_may_not_sign(desk: Desk):
    desk.register()
    desk.bring(lines(900, off=0.3))
    desk.submit()
    offer = desk.offers(VERA)["validation.signed"]
    assert (offer.may, offer.why) == (
        False,
        "The evidence does not meet every criterion, and cannot be signed.",
    )


def test_the_list_of_an_empty_ledger_is_empty(desk: Desk):
    assert desk.list().empty


def test_the_list_puts_each_fingerprint_in_one_place(honest: Desk):
    honest.bring(lines(60, model="m2"), lines(9, signal="other"))
    honest.submit()
    listed = honest.list()
    assert [(one.fingerprint, one.text) for one in listed.waits] == [
        (M1, "Since 2026-11-02: risk/vera may sign or reject it.")
    ]
    assert [one.fingerprint for one in listed.never] == [M2]
    assert listed.unregistered == (("other", 9),)
    assert listed.headline == (
        "1 fingerprint waits for a signature or an approval; 1 fingerprint is in use without "
        "validation; 1 signal not registered."
    )
    assert listed.fingerprint(M2.id) == M2
    assert listed.fingerprint("f-000000000000") is None


def test_the_list_tells_what_is_open_what_soon_ends_and_what_ended(waiting: Desk):
    waiting.sign(days=30)
    assert [one.fingerprint for one in waiting.list().held] == [M1]
    assert waiting.list().headline == "Nothing needs a signature or an approval."
    waiting.now += timedelta(days=17)
    (line,) = waiting.list().renew
    assert line.text == (
        "Validated until 2026-12-02. desk/ann or desk/bob may submit new evidence now; the gate "
        "stays open while it is judged."
    )
    waiting.now += timedelta(days=13)
    (line,) = waiting.list().closed
    assert line.text.startswith("Expired on 2026-12-02.")


def test_the_list_names_a_registered_signal_without_claims(desk: Desk):
    desk.register()
    listed = desk.list()
    assert (listed.silent, listed.empty) == ((SIGNAL,), False)


def test_the_list_can_be_narrowed_to_one_signal(honest: Desk):
    honest.bring(lines(9, signal="other"))
    assert honest.list("other").lines == ()
    assert honest.list("other").unregistered == (("other", 9),)
    assert honest.list(SIGNAL).unregistered == ()
