"""Sign-off as an owner and a validator use it: submit, sign, reject, stop, and what is refused."""

from __future__ import annotations

import functools
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.gate import registry_changes as registry
from core.gate.gate import Gate
from core.gate.questions import Question
from core.governance.people.names import directory
from core.governance.people.people import actor_for
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from core.trail.fingerprint import Fingerprint
from core.validation import steps as signing
from dashboard.pages import PAGES
from dashboard.parts.govern.sign_off.sign_off_list import MINE
from dashboard.server import open_ledger as owner
from tests.worlds.claims import drawn
from tests.worlds.governed.entries import LOG_ONLY, entry
from tests.worlds.running.pages import page, text_of

PAGE = PAGES["sign_off"].path
M1 = Fingerprint(model_version="m1")
ANN, BOB, VERA = "user:desk/ann", "user:desk/bob", "user:risk/vera"
RITA, RUTH = "user:risk/rita", "user:risk/ruth"
MEANING = "I read the evidence, and [accept](https://x) it."
REGISTRY = entry(
    "triage",
    owner="user:desk/ann",
    deputies=["user:desk/bob"],
    validators=["user:risk/vera"],
    riskApprovers=["user:risk/rita", "user:risk/ruth"],
    decision="answer without a person reading it",
    most={"ece": "0.12"},
    least={"auroc": "0.55"},
    validation={"minSamples": 300, "segments": ["language"]},
)
HEADER = (
    "event_id,ts,signal,confidence,outcome,outcome_ts,model_version,split,input_id,seg_language\n"
)
STATED = (0.55, 0.75, 0.95)
NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)

Build = Callable[..., None]


def lines(
    n: int,
    *,
    off: float = 0.0,
    split: str = "production",
    pre: str = "",
    labelled: bool = True,
    one_class: bool = False,
    days_ago: int = 0,
    days: int = 56,
    signal: str = "triage",
) -> str:
    """``n`` claims of so many days, right exactly as often as stated, less ``off``."""
    found = []
    for i in range(n):
        v, turn = STATED[i % 3], i // 3
        right = int((turn + 1) * (v - off) + 1e-9) - int(turn * (v - off) + 1e-9)
        outcome = "" if not labelled else 1 if one_class else right
        stamp = f"{NOW - timedelta(days=days_ago + days - (days - 1) * i / n):%Y-%m-%dT%H:%M:%SZ}"
        language = "de" if i < n / 2 else "en"
        found.append(
            f"{pre}{i},{stamp},{signal},{v},{outcome},{stamp if labelled else ''},m1,{split},"
            f"i{i},{language}\n"
        )
    return "".join(found)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The folder of a ledger that several tests begin with, built once."""

    @functools.cache
    def make(text: str | None, registered: bool, *then: Callable[[Office], None]) -> Path:
        folder = tmp_path_factory.mktemp("ready")
        path = folder / "ledger.duckdb"
        if then:
            shutil.copytree(make(text, registered, *then[:-1]), folder, dirs_exist_ok=True)
        with Ledger.open(path, create=not then) as ledger:
            office = Office.of(ledger)
            if then:
                then[-1](office)
                return folder
            if registered:
                registry.apply(office, read(REGISTRY), "user:desk/admin")
            if text is not None:
                file = folder / "claims.csv"
                file.write_text(HEADER + text)
                assert import_recorded(office, file).n_quarantined == 0
                file.unlink()
        return folder

    return make


@pytest.fixture
def built(ready: Callable[..., Path], tmp_path: Path, serving) -> Build:
    """``built(csv, *then, registered=True)``: a ledger of one's own, which the pages then read."""

    def make(text: str | None, *then: Callable[[Office], None], registered: bool = True) -> None:
        shutil.copytree(ready(text, registered, *then), tmp_path, dirs_exist_ok=True)
        serving(tmp_path / "ledger.duckdb")

    return make


def sub_of(office: Office, handle: str) -> str:
    with office.ledger.cursor() as cursor:
        found = directory(cursor).sub(handle)
    assert found is not None
    return found


def submitted(office: Office) -> None:
    sub = sub_of(office, ANN)
    actor = actor_for(office.state(), sub, "validation.submitted", "triage")
    signing.submit(office, actor, "triage", M1, untuned=True)


def signed(office: Office) -> None:
    sub = sub_of(office, VERA)
    actor = actor_for(office.state(), sub, "validation.signed", "triage")
    signing.sign(office, actor, "triage", M1, meaning="I read it.")


def triage(who: str | None = None) -> AppTest:
    """The page of the one fingerprint, for a person."""
    return page("sign_off", acting_for=who, signal="triage", fingerprint=M1.id)


def acting(app: AppTest, who: str) -> AppTest:
    app.selectbox(key="acting_for").set_value(sub_of(owner.office(), who)).run()
    assert not app.exception
    return app


def button(app: AppTest, label: str):
    found = [one for one in app.button if one.label.startswith(label)]
    assert len(found) == 1, [one.label for one in app.button]
    return found[0]


def typed(app: AppTest, label: str, text: str) -> None:
    """Type into the first field of this label; what is typed counts at once."""
    next(one for one in app.text_input if one.label == label).set_value(text).run()


def field(app: AppTest, label: str) -> str | None:
    """What stands in the first field of this label."""
    return next(one.value for one in app.text_input if one.label == label)


def press(app: AppTest, label: str) -> None:
    button(app, label).click().run()
    assert not app.exception


def answer() -> str:
    """What the gate of this very process answers a confident claim."""
    question = Question.of({"signal": "triage", "confidence": 0.95, "model_version": "m1"})
    return owner.gate().decide(question).action


def state() -> str:
    office = owner.office()
    return office.state().standing_of("triage", M1, office.now()).state


def test_an_empty_ledger_shows_the_commands_that_fill_it(built: Build):
    built(None, registered=False)
    app = page("sign_off")
    assert any("calledger registry apply" in block.value for block in app.code)
    assert any("calledger import" in block.value for block in app.code)


def test_a_registered_signal_without_claims_is_named(built: Build):
    built(None)
    app = page("sign_off")
    assert "No claim yet triage – Registered, and no claim yet" in drawn.words(app)
    assert drawn.targets(app)["triage"] == "registry?signal=triage"


def test_an_unregistered_signal_leads_to_the_registry(built: Build):
    built(lines(30), registered=False)
    app = page("sign_off")
    assert "Not registered triage – 30 claims and no registry entry." in drawn.words(app)
    assert drawn.targets(app)["triage"] == "registry?signal=triage"


def test_the_list_leads_to_what_waits(built: Build):
    built(lines(600), submitted)
    app = page("sign_off")
    assert "1 fingerprint waits for a signature or an approval." in text_of(app)
    assert drawn.targets(app)["triage m1"] == f"sign_off?signal=triage&fingerprint={M1.id}"


def test_the_list_marks_what_waits_for_the_reader(built: Build):
    built(lines(600), submitted)
    app = page("sign_off")
    yours = f"To decide {MINE}"
    assert yours not in drawn.words(app)
    assert yours not in drawn.words(acting(app, ANN))
    assert yours in drawn.words(acting(app, VERA))


def test_a_link_to_a_fingerprint_that_is_not_there_says_so(built: Build):
    built(lines(30))
    app = page("sign_off", signal="triage", fingerprint="f-000000000000")
    assert "has no fingerprint `f-000000000000`" in text_of(app)


def declare(app):
    """Tick that nothing was chosen on the claims judged."""
    [box] = [one for one in app.checkbox if one.label.startswith("I declare:")]
    box.check().run()


def test_nobody_acts_before_somebody_is_chosen(built: Build):
    built(lines(600))
    app = triage()
    assert button(app, "Measure and submit as").disabled
    assert "Choose who you are in the sidebar." in text_of(app)


def test_the_owner_measures_and_submits_and_it_waits(built: Build):
    built(lines(600))
    app = triage(ANN)
    assert button(app, "Measure and submit as").disabled
    assert "Declare it first" in text_of(app)
    declare(app)
    press(app, "Measure and submit as desk/ann")
    assert state() == "in_validation"
    assert answer() == "review"
    said = text_of(app)
    assert "Its evidence waits for a signature" in said
    assert "risk/vera may sign or reject it." in said
    assert "Every criterion is met." in said
    assert app.toast[0].value.startswith("Submitted.")


@pytest.mark.parametrize("named", [True, False])
def test_a_declaration_is_asked_for_where_no_tuning_claim_names_its_input(
    built: Build, named: bool
):
    tuned = lines(3, pre="t", split="tuning")
    built(lines(60) + (tuned if named else re.sub(r",tuning,i\d+,", ",tuning,,", tuned)))
    app = triage(ANN)
    assert any(one.label.startswith("I declare:") for one in app.checkbox) != named


def test_what_one_person_declared_is_not_said_for_the_next(built: Build):
    built(lines(600))
    app = triage(ANN)
    declare(app)
    assert not button(app, "Measure and submit as").disabled
    acting(app, BOB)
    assert "Declare it first" in text_of(app)


def test_a_log_only_signal_offers_nothing_to_measure_or_to_sign(built: Build):
    def logged(office: Office) -> None:
        text = LOG_ONLY.replace("name: s,", "name: triage,").replace("user:t", "user:desk")
        registry.apply(office, read(text), ANN)

    built(lines(60), logged)
    app = triage(ANN)
    assert not [one for one in app.button if "easure" in one.label]
    assert not app.checkbox
    assert "needs no evidence and no signature" in text_of(app)


def test_a_validator_may_not_submit_and_is_told_who_may(built: Build):
    built(lines(600))
    app = triage(VERA)
    assert button(app, "Measure and submit as").disabled
    assert "Only the owner or a deputy may submit a validation, and risk/vera acts as" in text_of(
        app
    )


def test_measuring_without_submitting_shows_the_evidence_and_does_nothing(built: Build):
    built(lines(600))
    app = triage()
    size = owner.office().state().size
    press(app, "Measure without submitting")
    assert "and not submitted." in text_of(app)
    assert "Not every criterion is met, so this cannot be signed: 1 missed." in text_of(app)
    declare(app)
    press(app, "Measure without submitting")
    assert "Every criterion is met." in text_of(app)
    assert owner.office().state().size == size


def test_the_owner_cannot_sign_and_sees_why(built: Build):
    built(lines(600), submitted)
    app = triage(ANN)
    assert button(app, "Sign as").disabled
    assert "Only a validator" in text_of(app)
    assert "desk/ann acts as owner" in text_of(app)


def test_signing_is_closed_until_a_meaning_is_typed_and_none_is_prefilled(built: Build):
    built(lines(600), submitted)
    app = triage(VERA)
    assert field(app, "What your signature means") == ""
    assert button(app, "Sign as risk/vera").disabled
    assert "Say what your signature means." in text_of(app)
    typed(app, "What your signature means", "   ")
    assert button(app, "Sign as risk/vera").disabled
    typed(app, "What your signature means", MEANING)
    assert not button(app, "Sign as risk/vera").disabled
    assert "Say what your signature means." not in text_of(app)


def test_a_validator_signs_and_the_gate_opens(built: Build):
    built(lines(600), submitted)
    app = triage(VERA)
    typed(app, "What your signature means", MEANING)
    press(app, "Sign as risk/vera")
    assert (state(), answer()) == ("validated", "automate")
    past = drawn.words(app)
    assert MEANING in past
    assert "assurance: none – nobody signed on" in past
    assert app.toast[0].value.startswith("Signed. Validated until")
    with Ledger.in_memory() as other:
        assert Gate(Office.of(other)).decide(Question.of({"signal": "triage"})).action == "review"


def test_the_signature_names_the_day_that_was_chosen(built: Build):
    built(lines(600), submitted)
    app = triage(VERA)
    day = NOW.date() + timedelta(days=9)
    app.date_input[0].set_value(day)
    typed(app, "What your signature means", MEANING)
    press(app, "Sign as risk/vera")
    until = owner.office().state().standing_of("triage", M1, NOW).until
    assert until is not None
    assert until.date() == day


def test_evidence_that_misses_its_criteria_cannot_be_signed(built: Build):
    built(lines(600, off=0.35), submitted)
    app = triage(VERA)
    assert button(app, "Sign as").disabled
    assert "The evidence does not meet every criterion, and cannot be signed." in text_of(app)


def test_claims_altered_since_the_submission_are_found_at_the_signature(built: Build):
    def and_altered(office: Office) -> None:
        with office.ledger.transaction() as cursor:
            cursor.execute("UPDATE claims SET outcome = 1 - outcome WHERE event_id = '7'")

    built(lines(600), submitted, and_altered)
    app = triage(VERA)
    typed(app, "What your signature means", MEANING)
    press(app, "Sign as risk/vera")
    assert "The evidence no longer recomputes from the ledger" in text_of(app)
    assert state() == "in_validation"


@pytest.mark.parametrize(
    ("label", "asked"),
    [("Sign as risk/vera", "What your signature means"), ("Reject as risk/vera", "Why")],
)
def test_evidence_that_came_in_the_place_of_what_was_shown_is_not_signed(
    built: Build, label: str, asked: str
):
    built(lines(600), submitted)
    app = triage(VERA)
    typed(app, asked, MEANING)
    pressed = button(app, label).click()
    office = owner.office()
    actor = actor_for(office.state(), sub_of(office, VERA), "validation.rejected", "triage")
    signing.reject(office, actor, "triage", M1, reason="measure again")
    submitted(office)
    pressed.run()
    assert "no longer waits; other evidence" in text_of(app)
    assert state() == "in_validation"
    # Nothing was signed with it, so nobody has to type it once more.
    assert field(app, asked) == MEANING


def test_what_was_typed_for_one_act_is_not_offered_for_the_next(built: Build):
    built(lines(600), submitted)
    app = triage(VERA)
    typed(app, "Why", "not good")
    press(app, "Reject as risk/vera")
    submitted(owner.office())
    app.run()
    assert field(app, "Why") == ""


def test_evidence_that_no_longer_waits_is_not_signed(built: Build):
    built(lines(600), submitted)
    app = triage(VERA)
    typed(app, "What your signature means", MEANING)
    pressed = button(app, "Sign as risk/vera").click()
    office = owner.office()
    actor = actor_for(office.state(), sub_of(office, VERA), "validation.rejected", "triage")
    signing.reject(office, actor, "triage", M1, reason="measure again")
    pressed.run()
    assert "Already decided: " in text_of(app)
    assert state() == "rejected"


def test_a_validator_rejects_with_a_reason(built: Build):
    built(lines(600), submitted)
    app = triage(VERA)
    assert button(app, "Reject as risk/vera").disabled
    assert "Say why: the reason is kept in the trail." in text_of(app)
    typed(app, "Why", "too short a window")
    press(app, "Reject as risk/vera")
    assert state() == "rejected"
    assert "too short a window" in text_of(app)


def test_anybody_known_stops_what_is_open(built: Build):
    built(lines(600), submitted, signed)
    app = triage("user:desk/admin")
    assert answer() == "automate"
    typed(app, "Why", "nonsense")
    press(app, "Stop as desk/admin")
    assert (state(), answer()) == ("suspended", "review")


def test_two_people_waive_what_was_stopped(built: Build):
    built(lines(600), submitted, signed)
    app = triage(BOB)
    typed(app, "Why", "a doubt")
    press(app, "Stop as desk/bob")
    typed(app, "Why it may act meanwhile", "peak week")
    press(app, "Ask for a waiver as desk/bob")
    assert button(app, "Approve the waiver as desk/bob").disabled
    press(acting(app, RUTH), "Approve the waiver as risk/ruth")
    assert (state(), answer()) == ("waived", "automate")


def test_owner_and_validator_retire_it(built: Build):
    built(lines(600), submitted, signed)
    app = triage(ANN)
    assert button(app, "Ask to retire as desk/ann").disabled
    field = next(one for one in app.text_input if one.key.startswith("retire_reason"))
    field.set_value("m2 is here").run()
    press(app, "Ask to retire as desk/ann")
    assert button(app, "Retire it for good as desk/ann").disabled
    press(acting(app, VERA), "Retire it for good as risk/vera")
    assert (state(), answer()) == ("retired", "review")
    assert not [one for one in app.button if one.label.startswith("Measure")]


def test_what_was_tuned_on_is_listed_and_left_out_only_when_asked(built: Build):
    built(lines(600) + lines(4, split="tuning", pre="t", days_ago=60))
    app = triage(ANN)
    assert button(app, "Measure and submit as").disabled
    assert "Leave out the 4 claims tuned on first." in text_of(app)
    press(app, "Measure without submitting")
    assert state() == "draft"
    assert "4 claims to judge were also tuned on." in text_of(app)
    rows = next(one.value for one in app.dataframe if "Event tuned on" in one.value.columns)
    assert rows.iloc[0].to_list() == ["0", "t0", "i0", "the input"]
    assert len(rows) == 4
    app.checkbox[0].check().run()
    press(app, "Measure and submit as desk/ann")
    assert state() == "in_validation"
    assert "4 claims that shared an event or an input with the 4 tuning claims" in text_of(app)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (lines(9, labelled=False, days=3), "has no claim of the fingerprint m1 to be judged"),
        (lines(600, labelled=False), "claims and no outcome yet"),
        (lines(600, one_class=True), "Not every criterion is met"),
    ],
    ids=["nothing mature", "no outcomes", "one class only"],
)
def test_claims_that_cannot_be_judged_are_said_to_be_so(built: Build, text: str, said: str):
    built(text)
    app = triage(ANN)
    press(app, "Measure without submitting")
    assert said in text_of(app)


def test_what_has_no_claim_to_judge_cannot_be_submitted(built: Build):
    built(lines(9, labelled=False, days=3))
    app = triage(ANN)
    assert button(app, "Measure and submit as").disabled
    assert "There is no claim to judge yet." in text_of(app)


def test_a_bundle_that_is_gone_is_said_and_cannot_be_signed(built: Build):
    def and_lost(office: Office) -> None:
        with office.ledger.transaction() as cursor:
            cursor.execute("DELETE FROM evidence")

    built(lines(600), submitted, and_lost)
    app = triage(VERA)
    assert "The ledger no longer holds the evidence" in text_of(app)
    assert button(app, "Sign as").disabled


@pytest.mark.parametrize("query", [{}, {"signal": "triage", "fingerprint": M1.id}])
def test_on_a_broken_trail_nothing_can_be_done(built: Build, query: dict[str, str]):
    def and_broken(office: Office) -> None:
        with office.ledger.transaction() as cursor:
            cursor.execute("UPDATE acts SET entry = replace(entry, 'I read it', 'I saw it')")

    built(lines(600), submitted, signed, and_broken)
    app = page("sign_off", **query)
    assert "The decision trail is broken" in text_of(app)
    assert not app.button
    assert any("calledger trail verify" in block.value for block in app.code)
