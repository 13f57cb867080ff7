"""The decision trail as an auditor reads it: the list, one act, and whether all of it is whole."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audit.inclusion_proof import verify_proof
from core.gate import registry_changes as registry
from core.governance.people import people
from core.governance.people.names import Directory, Name, directory
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.registry import yaml_reader as registry_file
from core.sentences import acts as act_words
from core.trail import act_search as search
from core.trail import log as trail
from core.trail.act_kinds import GROUPS, KINDS
from core.trail.act_search import ActSearch
from core.trail.acts import Act, Actor, Proposal
from core.trail.checkpoints.checkpoints import VerifierKey
from core.trail.checkpoints.merkle import leaf_hash
from core.trail.fingerprint import Fingerprint
from core.validation import steps as signing
from core.views.audit.decision_trail import LEAF_SIZE, UNREADABLE, choices, row, trail_view
from core.views.audit.trail_entry import ActView, act_view
from core.views.audit.trail_integrity import LISTED, Wholeness, wholeness
from tests.worlds.governed.entries import entry

NOW = datetime(2026, 11, 24, 12)
SIGNAL = "triage"
FINGERPRINT = Fingerprint(model_version="m1")
MEANING = "I read the evidence and find it fit."

REGISTRY: dict[str, Any] = {
    "owner": "user:team/ann",
    "deputies": ["user:team/bob"],
    "validators": "user:risk/eve",
    "decision": "close the ticket without a person reading it",
    "tolerance": "0.10",
    "most": {"ece": "0.25"},
    "least": {"auroc": "0.55"},
    "validation": {"minSamples": 100},
}


@dataclass
class Clock:
    now: datetime = datetime(2026, 9, 1, 9)

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


@dataclass
class Story:
    """An office with a clock, and the people by their short names."""

    office: Office
    seqs: dict[str, int] = field(default_factory=dict)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        return self.office.ledger.cursor()

    def sub(self, handle: str) -> str:
        found = directory(self.cursor()).sub(f"user:{handle}")
        assert found is not None
        return found

    def actor(self, handle: str, kind: str, signal: str | None = SIGNAL) -> Actor:
        return people.actor_for(self.office.state(), self.sub(handle), kind, signal, via="page")

    def apply(self, cut: str, handle: str) -> int:
        text = entry("triage", cuts={"review": cut}, **REGISTRY)
        acts = registry.apply(self.office, registry_file.read(text), f"user:{handle}")
        return acts[-1].seq


def claims_csv() -> str:
    """200 claims of August, as often right as they say: 0.6 and 0.9."""
    lines = ["event_id,ts,signal,confidence,outcome,outcome_ts,model_version,input_id"]
    for i in range(200):
        ts = datetime(2026, 8, 1) + timedelta(hours=3 * i)
        stated, right = (0.9, i % 20 != 0) if i % 2 == 0 else (0.6, i % 5 < 3)
        stamp = f"{ts.isoformat()}Z"
        lines.append(f"e{i},{stamp},{SIGNAL},{stated},{int(right)},{stamp},m1,i{i}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    (folder / "august.csv").write_text(claims_csv())
    with Ledger.open(folder / "story.duckdb", create=True) as ledger:
        office = Office.of(ledger, clock=Clock())
        told = Story(office)
        import_recorded(office, folder / "august.csv", now=office.clock())
        told.seqs["entry"] = told.apply("0.90", "team/ada")
        act, _ = signing.submit(
            office,
            told.actor("team/ann", "validation.submitted"),
            SIGNAL,
            FINGERPRINT,
            untuned=True,
        )
        told.seqs["submitted"] = act.seq
        told.seqs["signed"] = signing.sign(
            office,
            told.actor("risk/eve", "validation.signed"),
            SIGNAL,
            FINGERPRINT,
            meaning=MEANING,
        ).seq
        told.seqs["changed"] = told.apply("0.85", "team/ann")
        admin = told.actor("team/ada", "person.status", None)
        told.seqs["left"] = people.set_status(office, admin, told.sub("team/bob"), "left").seq
        told.seqs["forgotten"] = people.forget(office, admin, told.sub("team/bob")).seq
        yield told


@contextmanager
def tampered(story: Story, sql: str, **parameters: object) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the ledger as a tamperer left it, its checkpoints beside it."""
    path = story.office.ledger.path
    assert path is not None
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        story.office.ledger.backup(copy)
        shutil.copy(f"{path}.checkpoints", f"{copy}.checkpoints")
        with Ledger.open(copy) as ledger:
            cursor = ledger.cursor()
            cursor.execute(sql, parameters)
            yield cursor


def opened(story: Story, name: str) -> ActView:
    view = act_view(story.cursor(), story.seqs[name])
    assert view is not None
    return view


def whole(story: Story, cursor: duckdb.DuckDBPyConnection | None = None) -> Wholeness:
    if cursor is None:
        return wholeness(story.cursor(), story.office.ledger.path, NOW)
    row = cursor.execute("SELECT path FROM duckdb_databases() WHERE path IS NOT NULL").fetchone()
    assert row is not None
    return wholeness(cursor, Path(row[0]), NOW)


# -- the list --------------------------------------------------------------------------------------


def test_every_act_is_listed_newest_first(story: Story) -> None:
    view = trail_view(story.cursor(), ActSearch(), 1)
    n = story.office.state().size
    assert [one.seq for one in view.rows] == list(range(n))[::-1]
    assert (view.n_found, view.n_entries, view.sentence) == (n, n, f"{n} acts.")


def test_an_act_is_told_in_a_sentence_with_who_role_and_state(story: Story) -> None:
    view = trail_view(story.cursor(), ActSearch(kinds=("validation.signed",)), 1)
    (row,) = view.rows
    assert row.what == "signed the validation of triage for m1 until 2026-11-30"
    assert (row.short, row.about) == ("signed the validation until 2026-11-30", "triage · m1")
    assert (row.who, row.role, row.assurance) == ("risk/eve", "validator", "none")
    assert row.moved == "in validation → validated"
    assert view.sentence == f"1 of {view.n_entries} acts."


def test_a_search_finds_by_signal_person_kind_and_day(story: Story) -> None:
    cursor = story.cursor()

    def seqs(**asked: object) -> set[int]:
        return {one.seq for one in trail_view(cursor, ActSearch(**asked), 1).rows}  # type: ignore[arg-type]

    named = story.seqs
    assert seqs(signal=SIGNAL) == {named[n] for n in ("entry", "submitted", "signed", "changed")}
    assert seqs(who=story.sub("risk/eve")) >= {named["signed"]}
    assert seqs(kinds=GROUPS["Registry"]) == {named["entry"], named["changed"]}
    assert seqs(until=date(2026, 8, 31)) == set()
    assert seqs(since=date(2026, 9, 1), until=date(2026, 9, 1)) == seqs()
    assert seqs(signal=SIGNAL, who=story.sub("team/ann")) == {named["submitted"], named["changed"]}


def test_what_was_recorded_about_a_person_is_found_by_their_id(story: Story) -> None:
    cursor = story.cursor()
    act = json.loads(search.at(cursor, story.seqs["left"])[0].text)
    found = trail_view(cursor, ActSearch(who=act["body"]["sub"]), 1)
    assert {one.seq for one in found.rows} >= {story.seqs["left"], story.seqs["forgotten"]}


def test_a_search_that_finds_nothing_says_so(story: Story) -> None:
    view = trail_view(story.cursor(), ActSearch(signal="nobody's"), 1)
    assert (view.rows, view.n_leaves) == ((), 1)
    assert view.sentence == f"None of {view.n_entries} acts."


def test_a_long_trail_is_leafed_and_a_leaf_beyond_the_last_is_the_last(story: Story) -> None:
    more = LEAF_SIZE + 1
    sql = "INSERT INTO acts SELECT 1000 + range, 'x', 'y' FROM range($more)"
    with tampered(story, sql, more=more) as cursor:
        first, beyond = (trail_view(cursor, ActSearch(), number) for number in (1, 99))
    assert first.n_leaves == 2
    assert len(first.rows) == LEAF_SIZE
    assert beyond.rows[-1].seq == 0
    assert len(beyond.rows) == first.n_found - LEAF_SIZE


def test_the_choices_are_what_the_trail_holds(story: Story) -> None:
    offered = choices(story.cursor())
    assert offered.signals == (SIGNAL,)
    assert set(offered.people.values()) >= {"risk/eve", "team/ann", "Calibration Ledger"}
    assert "Registry" in offered.kinds
    assert "Waivers and retirements" not in offered.kinds
    assert offered.kinds["signed a validation"] == ("validation.signed",)


def test_a_kind_of_another_version_can_be_chosen_by_its_key(story: Story) -> None:
    sql = "UPDATE acts SET entry = replace(entry, 'validation.signed', 'validation.moved')"
    with tampered(story, sql) as cursor:
        offered = choices(cursor)
    assert offered.kinds["did something unknown, validation.moved"] == ("validation.moved",)


def test_a_name_that_was_erased_leaves_the_id(story: Story) -> None:
    view = opened(story, "left")
    sub = json.loads(view.text)["body"]["sub"]
    assert view.headline == f"team/ada recorded that (name erased, {sub}) has left."
    assert sub in choices(story.cursor()).people


# -- one act ---------------------------------------------------------------------------------------


def test_a_signature_is_opened_with_meaning_evidence_and_assurance_spelled_out(
    story: Story,
) -> None:
    view = opened(story, "signed")
    assert view.headline == "risk/eve signed the validation of triage for m1 until 2026-11-30."
    assert view.signature is not None
    assert view.signature.meaning == MEANING
    assert view.signature.assurance.startswith("none: nobody signed on, so anybody")
    assert view.signature.by == f"risk/eve ({story.sub('risk/eve')})"
    assert [one.sha256 for one in view.evidence] == [view.signature.evidence]


def test_the_evidence_is_summed_up_with_its_gap_and_criteria(story: Story) -> None:
    (evidence,) = opened(story, "submitted").evidence
    assert evidence.readable
    assert evidence.summary.startswith("200 labelled claims of 200 inputs, as known 2026-09-01")
    assert "95% interval" in evidence.summary
    assert f"{len(evidence.judged)} met." in evidence.summary
    assert {one.outcome for one in evidence.judged} == {"met"}


def test_a_changed_registry_entry_shows_what_changed_and_both_texts(story: Story) -> None:
    change = opened(story, "changed").change
    assert change is not None
    assert [one.words for one in change.differences] == [
        "threshold between review and automate 0.90 → 0.85"
    ]
    assert change.before_seq == story.seqs["entry"]
    assert change.before is not None
    assert change.before.replace('"0.90", action', '"0.85", action') == change.after
    assert "suspended" in change.summary


def test_a_first_registry_entry_has_nothing_before_it(story: Story) -> None:
    change = opened(story, "entry").change
    assert change is not None
    assert (change.before, change.before_seq) == (None, None)
    assert "owner team/ann" in [one.words for one in change.differences]


def test_the_proof_of_an_act_holds_without_the_ledger(story: Story) -> None:
    view = opened(story, "signed")
    assert view.proof is not None
    assert view.key is not None
    signed = verify_proof(view.proof, view.text, VerifierKey.of(view.key))
    assert signed.size == view.n_entries
    assert view.leaf == leaf_hash(view.text.encode()).hex()
    before = act_view(story.cursor(), view.seq - 1)
    assert before is not None
    assert view.prev == before.leaf


def test_an_act_leads_to_those_about_the_same(story: Story) -> None:
    view = opened(story, "signed")
    assert view.before is not None
    assert view.after is not None
    assert (view.before.seq, view.after.seq) == (story.seqs["submitted"], story.seqs["changed"])


def test_an_entry_that_is_not_there_is_none(story: Story) -> None:
    assert act_view(story.cursor(), 10_000) is None


# -- whole or not ----------------------------------------------------------------------------------


def test_a_whole_trail_says_that_nothing_outside_vouches_for_it(story: Story) -> None:
    found = whole(story)
    n = story.office.state().size
    assert found.whole
    assert found.headline.startswith(f"The trail is intact: {n} entries")
    assert not found.anchored
    assert found.anchoring[0].startswith("Nothing outside the ledger holds a checkpoint")
    assert found.newest is not None
    assert found.newest.size == n
    assert not found.no_export


def test_an_anchor_elsewhere_vouches_up_to_the_entry_it_covers(
    story: Story, tmp_path: Path
) -> None:
    path = story.office.ledger.path
    assert path is not None
    note = search.note_of(story.cursor(), 3)
    assert note is not None
    (tmp_path / "held").write_text(note)
    settings = path.with_name(path.name + ".anchors")
    settings.write_text(f"file {tmp_path / 'held'}\n")
    try:
        found = whole(story)
    finally:
        settings.unlink()
    assert found.whole
    assert found.anchoring[0].startswith("Not anchored since entry 4:")
    assert not found.anchored


def test_an_empty_trail_has_not_begun() -> None:
    with Ledger.in_memory() as ledger:
        found = wholeness(ledger.cursor(), None, NOW)
        assert act_view(ledger.cursor(), 0) is None
        assert trail_view(ledger.cursor(), ActSearch(), 1).rows == ()
    assert found.whole
    assert (found.n_entries, found.headline) == (0, "The trail has not begun.")
    assert found.newest is None
    assert found.no_export


EDIT = "UPDATE acts SET entry = replace(entry, '2026-11-30T', '2027-11-30T') WHERE seq = $seq"


def test_an_edited_act_is_named_and_nothing_of_it_is_proven(story: Story) -> None:
    seq = story.seqs["signed"]
    with tampered(story, EDIT, seq=seq) as cursor:
        found, view = whole(story, cursor), act_view(cursor, seq)
        rows = {one.seq: one for one in trail_view(cursor, ActSearch(), 1).rows}
    assert not found.whole
    assert f"the first bad entry is {seq}" in found.headline
    assert seq in found.bad
    assert view is not None
    assert view.faults == (f"The text of entry {seq} is not the one that was hashed.",)
    assert view.proof is None
    assert "trail verify" in view.no_proof
    assert rows[seq].fault
    assert not rows[seq - 1].fault


def test_an_act_edited_with_its_hash_is_found_by_its_checkpoint(story: Story) -> None:
    seq = story.seqs["signed"]
    text = search.at(story.cursor(), seq)[0].text.replace("2026-11-30T", "2027-11-30T")
    sql = "UPDATE acts SET entry = $text, leaf = $leaf WHERE seq = $seq"
    leaf = leaf_hash(text.encode()).hex()
    with tampered(story, sql, text=text, leaf=leaf, seq=seq) as cursor:
        found, view = whole(story, cursor), act_view(cursor, seq)
    assert seq in found.bad
    assert view is not None
    assert view.proof is None


def test_an_entry_that_cannot_be_read_is_still_listed_and_opened(story: Story) -> None:
    seq = story.seqs["signed"]
    sql = "UPDATE acts SET entry = '{\"no' WHERE seq = $seq"
    with tampered(story, sql, seq=seq) as cursor:
        view = act_view(cursor, seq)
        rows = {one.seq: one for one in trail_view(cursor, ActSearch(), 1).rows}
        found = whole(story, cursor)
    assert rows[seq].what == UNREADABLE
    assert view is not None
    assert view.headline == f"Entry {seq} cannot be read."
    assert view.text == '{"no'
    assert seq in found.bad


def test_an_entry_put_in_twice_is_said_to_be(story: Story) -> None:
    seq = story.seqs["signed"]
    with tampered(story, "INSERT INTO acts SELECT * FROM acts WHERE seq = $seq", seq=seq) as cursor:
        view = act_view(cursor, seq)
        found = whole(story, cursor)
    assert view is not None
    assert view.faults == (f"Entry {seq} stands there 2 times; this is the first of them.",)
    assert not found.whole


def test_altered_evidence_is_said_to_be(story: Story) -> None:
    sql = "UPDATE evidence SET bundle = replace(bundle, '\"met\":true', '\"met\":false')"
    with tampered(story, sql) as cursor:
        view = act_view(cursor, story.seqs["signed"])
        found = whole(story, cursor)
    assert view is not None
    assert not view.evidence[0].readable
    assert not found.whole


def test_missing_evidence_is_said_to_be(story: Story) -> None:
    with tampered(story, "DELETE FROM evidence") as cursor:
        view = act_view(cursor, story.seqs["signed"])
    assert view is not None
    assert view.evidence[0].summary == "The ledger does not hold this evidence any more."


def test_an_altered_claim_breaks_the_seal_of_its_import(story: Story) -> None:
    sql = "UPDATE claims SET confidence_raw = 0.99 WHERE event_id = 'e7'"
    with tampered(story, sql) as cursor:
        found = whole(story, cursor)
    assert not found.whole
    assert any("import 1" in one.words for one in found.problems)


def test_without_its_checkpoints_a_trail_is_not_whole_and_still_listed(story: Story) -> None:
    with tampered(story, "DELETE FROM checkpoints") as cursor:
        found, view = whole(story, cursor), act_view(cursor, story.seqs["signed"])
    assert not found.whole
    assert found.newest is None
    assert view is not None
    assert (view.checkpoint, view.proof) == (None, None)


def test_without_its_first_entry_a_trail_has_no_key_and_no_export(story: Story) -> None:
    with tampered(story, "DELETE FROM acts WHERE seq = 0") as cursor:
        found, view = whole(story, cursor), act_view(cursor, story.seqs["signed"])
    assert not found.whole
    assert found.no_export
    assert view is not None
    assert (view.key, view.proof) == (None, None)


def test_kept_checkpoints_that_disagree_do_not_hide_what_is_wrong(story: Story) -> None:
    with tampered(story, EDIT, seq=story.seqs["signed"]) as cursor:
        found = whole(story, cursor)
    kinds = [one.kind for one in found.problems]
    assert kinds[0] == "entry"
    assert kinds.count("held") <= 2
    assert len(found.problems) <= LISTED


def test_what_was_signed_but_nobody_may_do_is_not_whole(story: Story) -> None:
    """Whoever holds the key can sign what the rules refuse; the signature alone is not enough."""
    forged = Proposal("person.status", Actor("p-0", "admin"), body={"sub": "p-0", "status": "left"})
    with Ledger.in_memory() as ledger:
        office = Office.of(ledger, clock=Clock())
        with office.acting() as desk:
            people.enter(desk, "user:team/ann")
        signer = office.signer()
        with ledger.transaction() as cursor:
            trail.append(cursor, signer, forged, at=NOW, before=None, after=None)
        found = wholeness(ledger.cursor(), None, NOW)
    assert not found.whole
    assert "p-0" in found.problems[0].words


# -- words -----------------------------------------------------------------------------------------

TEXT = st.text(max_size=20)
BODY = st.dictionaries(
    st.sampled_from([*act_words._FIELDS, "spec", "seals", "strange"]),
    st.none() | st.booleans() | st.integers() | TEXT | st.lists(TEXT, max_size=2),
)


@given(kind=st.sampled_from([*KINDS, "no.kind"]), body=BODY, signal=st.none() | TEXT)
def test_whatever_a_body_holds_there_is_a_sentence_and_every_value_is_shown(
    kind: str, body: dict[str, object], signal: str | None
) -> None:
    act = _act(kind, body, signal)
    names = act_words.Names(directory_of({}), {})
    assert act_words.sentence(act, names)
    assert act_words.short(act, names)
    shown = act_words.facts(act, names)
    strange = body.get("strange")
    assert any(one.name == "strange" for one in shown) == (strange is not None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


@given(data=st.data(), value=JSON)
def test_whatever_stands_in_an_entry_it_is_a_line_of_the_list(
    data: st.DataObject, value: object
) -> None:
    body = {"until": "2026-12-01T00:00:00.000000Z", "x": 1}
    made = json.loads(_act("validation.signed", body, "s").to_text(log="calledger/x", prev=""))
    name = data.draw(st.sampled_from(sorted(made)))
    inner = made[name]
    if isinstance(inner, dict) and data.draw(st.booleans()):
        made[name] = {**inner, data.draw(st.sampled_from(sorted(inner))): value}
    else:
        made[name] = value
    entry = search.stored(7, json.dumps(made), "")
    shown = row(entry, act_words.Names(directory_of({}), {}))
    assert shown.seq == 7
    assert shown.what
    assert (shown.what == UNREADABLE) == (entry.act is None)


def _act(kind: str, body: dict[str, object], signal: str | None) -> Act:
    return Act(seq=1, at=NOW, kind=kind, actor=Actor("p-1", "owner"), signal=signal, body=body)


def directory_of(names: dict[str, str]) -> Directory:
    return Directory({sub: Name(sub, None, words) for sub, words in names.items()})


ANN = "p-00000000000000aa"
SENTENCES: dict[str, tuple[dict[str, object], str]] = {
    "person.status": (
        {"sub": ANN, "status": "away", "until": "2026-12-01"},
        "recorded that Ann is away until 2026-12-01",
    ),
    "role.granted": ({"sub": ANN, "role": "risk_approver"}, "granted Ann the role risk approver"),
    "group.set": ({"name": "risk", "members": [ANN]}, "set the group risk to Ann"),
    "gate.mode": ({"mode": "production"}, "set the gate to production mode"),
    "decisions.sealed": ({"first": 2, "last": 1200}, "sealed decisions 2 to 1,200 of the gate"),
    "finding.acknowledged": (
        {"finding": "n-1", "note": "On it."},
        "acknowledged the finding “No owner” of s: On it.",
    ),
    "validation.suspended": (
        {"trigger": "stop", "reason": "Complaints."},
        "stopped the gate of s: Complaints.",
    ),
    "import.recorded": (
        {
            **{"import_id": 3, "source": "a.csv", "n_read": 1200, "n_new": 1198},
            **{"n_quarantined": 2, "n_attached": 0},
        },
        "recorded import 3, a.csv: 1,200 rows read, 1,198 new, 2 refused",
    ),
}


@pytest.mark.parametrize("kind", SENTENCES)
def test_an_act_reads_as_a_sentence(kind: str) -> None:
    body, words = SENTENCES[kind]
    names = act_words.Names(directory_of({ANN: "Ann"}), {"n-1": "empty_owner_seat"})
    signal = "s" if kind.startswith(("finding", "validation")) else None
    assert act_words.sentence(_act(kind, body, signal), names) == words


def test_a_body_that_makes_no_sense_is_told_by_its_kind() -> None:
    names = act_words.Names(directory_of({}), {})
    assert act_words.sentence(_act("group.set", {}, None), names) == KINDS["group.set"].did


def test_a_re_measurement_and_a_run_are_told_with_every_number_in_words() -> None:
    group = {"where": ["topic", "tax"], "n": 1200, "n_inputs": 310, "verdict": "cannot_tell",
             "gap": "0.050000", "low": "0.010000", "high": "0.090000",
             "high_band": None}  # fmt: skip
    measured = {"fingerprint": {"model_version": "m1"}, "since": "2026-09-21",
                "until": "2026-10-19", "groups": [group]}  # fmt: skip
    body = {"why": "cadence", "due": "2026-11-02T09:00:00.000000Z", "n_missed": 2,
            "fingerprints": [measured], "text": "m1: cannot tell yet."}  # fmt: skip
    at = datetime(2026, 11, 3, 9)
    act = Act(7, at, "signal.remeasured", Actor("system", "system"), "s", body=body)
    told = {one.name: one.value for one in act_words.facts(act, act_words.Names(Directory({}), {}))}
    assert told["Outcome"] == "m1: cannot tell yet."
    garbled = Act(7, at, act.kind, act.actor, "s", body={"why": "cadence"})
    (made,) = act_words.facts(garbled, act_words.Names(Directory({}), {}))
    assert made.value == "scheduled"
    assert told["Made"] == "scheduled"
    assert told["Due"] == "2026-11-02 09:00:00 UTC"
    assert told["Runs missed before it"] == "2"
    assert told["Measured"] == (
        "m1, 2026-09-21 to before 2026-10-19: topic=tax: cannot tell, gap 0.050000 "
        "(0.010000 to 0.090000), n 1,200, 310 inputs"
    )
