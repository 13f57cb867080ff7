"""The Decision trail page: whole or not, found by its link, opened, and on every kind of trail."""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.gate import registry_changes as registry
from core.governance.people import people
from core.governance.people.names import directory
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.registry import yaml_reader as registry_file
from core.trail.acts import Proposal, Signature, stamp
from core.trail.fingerprint import Fingerprint
from core.views.audit import trail_integrity
from dashboard.cache import views
from dashboard.pages import PAGES
from dashboard.server import open_ledger as owner
from dashboard.server import verifying
from tests.worlds.governed.entries import entry
from tests.worlds.paths import MAIN
from tests.worlds.running.built_once import copied
from tests.worlds.running.pages import page, text_of

PAGE = PAGES["decision_trail"].path

REGISTRY = entry(
    owner="user:team/ann",
    validators="user:risk/eve",
    decision="close the ticket",
    validation={"minSamples": 100},
)
CLAIMS = "event_id,ts,signal,confidence,model_version\ne1,2026-09-02T09:00:00Z,s,0.95,m1\n"
#: What a signature is over is not the matter of these tests.
BUNDLE = "{}"
EVIDENCE = hashlib.sha256(BUNDLE.encode()).hexdigest()
MEANING = "I read **it** and find it fit."


opened = partial(page, "decision_trail")


def listed(app: AppTest) -> list[int]:
    """The entries of the list, in its order."""
    tables = [one.value for one in app.dataframe if "seq" in one.value]
    return list(tables[0]["seq"]) if tables else []


def tell(folder: Path, more: int = 0) -> dict[str, int]:
    """A small trail; its acts by name."""
    path = folder / "ledger.duckdb"
    (folder / "claims.csv").write_text(CLAIMS)
    seqs = {}
    with Ledger.open(path, create=True) as ledger:
        times = iter(datetime(2026, 9, 1 + n // 24, n % 24) for n in range(24 * 20))
        office = Office.of(ledger, clock=lambda: next(times))
        import_recorded(office, folder / "claims.csv", now=datetime(2026, 9, 1))
        file = registry_file.read(REGISTRY)
        seqs["entry"] = registry.apply(office, file, "user:team/ada")[-1].seq
        sub = directory(ledger.cursor()).sub
        ann, eve, ada = (sub(f"user:{who}") for who in ("team/ann", "risk/eve", "team/ada"))
        assert ann is not None
        assert eve is not None
        assert ada is not None
        print_ = Fingerprint(model_version="m1")
        state = office.state()
        body = {
            **{"evidence": EVIDENCE, "criteria_met": True, "author": ann},
            "material_sha256": state.entries["s"].material_sha256,
        }
        actor = people.actor_for(state, ann, "validation.submitted", "s")
        office.perform(Proposal("validation.submitted", actor, "s", print_, body))
        actor = people.actor_for(state, eve, "validation.signed", "s")
        until = {"until": stamp(datetime(2026, 10, 1))}
        signature = Signature(MEANING, EVIDENCE)
        signed = Proposal("validation.signed", actor, "s", print_, until, signature)
        seqs["signed"] = office.perform(signed).seq
        admin = people.actor_for(state, ada, "gate.mode", None)
        with office.acting() as desk:
            for n in range(more):
                mode = ("production", "local")[n % 2]
                desk.perform(Proposal("gate.mode", admin, body={"mode": mode}))
        ledger.cursor().execute("INSERT INTO evidence VALUES ($1, $2)", [EVIDENCE, BUNDLE])
        seqs["size"] = size(ledger)
    return seqs


def size(ledger: Ledger) -> int:
    ((found,),) = ledger.cursor().execute("SELECT count(*) FROM acts").fetchall()
    return int(found)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], tuple[Path, dict[str, int]]]:
    """``whole(more)``: a trail for all that only read it, and its acts by name."""

    @functools.cache
    def build(more: int) -> tuple[Path, dict[str, int]]:
        folder = tmp_path_factory.mktemp("whole")
        return folder / "ledger.duckdb", tell(folder, more)

    return build


@pytest.fixture
def trail_of(
    whole: Callable[[int], tuple[Path, dict[str, int]]], serving
) -> Callable[..., dict[str, int]]:
    """``trail_of(more=n)``: serve a trail; its acts by name."""

    def make(more: int = 0) -> dict[str, int]:
        path, seqs = whole(more)
        serving(path, keep=True)
        return seqs

    return make


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, int]]:
    return copied(tmp_path_factory, tell)


@pytest.fixture
def tampered(
    made: Callable[..., dict[str, int]], tmp_path: Path, serving
) -> Callable[..., dict[str, int]]:
    """``tampered(sql…)``: serve a trail of one's own, altered so; its acts by name."""

    def make(*tampering: str) -> dict[str, int]:
        path, seqs = tmp_path / "ledger.duckdb", made(tmp_path)
        with Ledger.open(path) as ledger:
            for sql in tampering:
                ledger.cursor().execute(sql)
            seqs = seqs | {"size": size(ledger)}
        serving(path)
        return seqs

    return make


def test_an_empty_trail_shows_the_command_that_starts_it(tmp_path: Path, serving) -> None:
    Ledger.open(tmp_path / "empty.duckdb", create=True).close()
    serving(tmp_path / "empty.duckdb")
    app = opened()
    assert "The trail has not begun" in text_of(app)
    assert "Verifying" not in text_of(app)
    assert any("calledger registry apply registry.yaml --ledger" in one.value for one in app.code)


def test_a_trail_is_listed_and_what_vouches_for_it_is_said(trail_of) -> None:
    seqs = trail_of()
    app = opened()
    assert listed(app) == list(range(seqs["size"]))[::-1]
    assert "Nothing outside the ledger holds a checkpoint" in text_of(app)
    assert f"Newest checkpoint: {seqs['size']} entries, root" in text_of(app)
    assert any("calledger trail verify trail.jsonl --held" in one.value for one in app.code)


def test_who_signed_is_said_and_the_export_has_names_only_where_they_are_wanted(trail_of) -> None:
    seqs = trail_of()
    app = opened()
    assert f"entry {seqs['signed']} on assurance none" in text_of(app)
    assert app.toggle(key="export_names").value is False
    assert b'"person":' not in views.trail_export()
    assert b"user:risk/eve" in views.trail_export(names=True)
    assert not app.toggle(key="export_names").set_value(True).run().exception


def test_the_filters_are_read_from_the_link(trail_of) -> None:
    seqs = trail_of()
    assert listed(opened(kind=["Registry"])) == [seqs["entry"]]
    assert listed(opened(kind=["Registry", "signed a validation"])) == [
        seqs["signed"],
        seqs["entry"],
    ]
    app = opened(about="s")
    assert listed(app) == [seqs["signed"], seqs["signed"] - 1, seqs["entry"]]
    who = next(one for one in app.selectbox if one.key == "who")
    assert {"Anybody", "risk/eve"} <= set(who.options)
    assert listed(opened(**{"from": "2026-09-30"})) == []
    assert listed(opened(to="2026-09-02")) == listed(opened())


def test_a_person_is_asked_for_by_id_and_stands_so_in_the_link(trail_of) -> None:
    seqs = trail_of()
    app = opened(entry=str(seqs["signed"]))
    sub = next(
        one.value.strip("`") for one in app.markdown if one.value.strip("`").startswith("p-")
    )
    found = opened(who=sub)
    assert seqs["signed"] in listed(found)
    assert found.query_params["who"] in (sub, [sub])


def test_filters_that_find_nothing_say_how_to_widen_them(trail_of) -> None:
    trail_of()
    app = opened(**{"from": "2026-12-01"})
    assert any("No act matches" in one.value for one in app.info)


def test_an_act_is_opened_by_its_link_with_signature_and_proof(trail_of) -> None:
    seqs = trail_of()
    app = opened(entry=str(seqs["signed"]))
    text = text_of(app)
    assert f"Entry {seqs['signed']}" in text
    assert "risk/eve signed the validation of s for m1 until 2026-10-01." in text
    assert r"> I read \*\*it\*\* and find it fit." in [one.value for one in app.markdown]
    assert "Assurance none: nobody signed on, so anybody" in text
    assert "Checked just now" in text
    codes = "\n".join(one.value for one in app.code)
    assert "c2sp.org/tlog-proof@v1" in codes
    assert f"calledger trail check-proof entry-{seqs['signed']}.proof" in codes


def test_an_entry_that_is_not_there_is_said_not_to_be(trail_of) -> None:
    trail_of()
    assert any("no entry 999" in one.value for one in opened(entry="999").info)


def test_a_registry_entry_is_shown_as_a_file_has_it(trail_of) -> None:
    seqs = trail_of()
    app = opened(entry=str(seqs["entry"]))
    assert "The first entry of this signal" in text_of(app)
    assert any("kind: ConfidenceSignal" in one.value for one in app.code)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE acts SET entry = replace(entry, '2026-10-01T', '2027-10-01T')",
        "UPDATE acts SET entry = 'nonsense' WHERE seq = 1",
        'UPDATE acts SET entry = replace(entry, \'"sub":\', \'"sub":7,"x":\')',
        "UPDATE acts SET leaf = 'zz'",
        "DELETE FROM acts WHERE seq = 0",
        "DELETE FROM acts WHERE seq > 3",
        "INSERT INTO acts SELECT * FROM acts WHERE seq = 2",
        "DELETE FROM checkpoints",
        "UPDATE checkpoints SET note = 'nonsense'",
    ],
)
def test_a_trail_that_was_tampered_with_still_opens(tampering: str, tampered) -> None:
    seqs = tampered(tampering)
    app = opened(entry="1")
    assert "Not intact" in text_of(app)
    assert "The trail is not intact" in text_of(app)
    assert len(listed(app)) == seqs["size"]


def test_without_its_directory_a_trail_shows_ids_and_says_who_is_missing(tampered) -> None:
    seqs = tampered("DELETE FROM people")
    text = text_of(opened(entry=str(seqs["signed"])))
    assert "The table people lacks p-" in text
    assert "Signed by p-" in text


def test_the_first_bad_entry_is_named_and_leads_to_it(tampered) -> None:
    tampered("UPDATE acts SET entry = 'nonsense' WHERE seq = 1")
    app = opened(entry="1")
    assert "the first bad entry is 1." in text_of(app)
    assert "Entry 1 cannot be read" in text_of(app)
    assert any("Of the entries below" in one.value and "1" in one.value for one in app.warning)


def test_a_long_trail_is_leafed_and_its_leaf_stands_in_the_link(trail_of) -> None:
    seqs = trail_of(more=120)
    assert len(listed(opened())) == 50
    last = listed(opened(leaf="3"))
    assert last[-1] == 0
    assert len(last) == seqs["size"] - 100
    assert listed(opened(leaf="99"))


def test_verifying_again_looks_again(tampered) -> None:
    tampered()
    app = opened()
    assert "Not intact" not in text_of(app)
    owner.cursor().execute("UPDATE acts SET entry = 'nonsense' WHERE seq = 1")
    next(one for one in app.button if one.label == "Verify now").click().run()
    assert "the first bad entry is 1." in text_of(app)


def test_of_a_large_ledger_everything_is_verified_when_asked(
    tampered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail_integrity, "BY_VISIT", 0)
    tampered()
    app = opened()
    assert "The 1 sealed rows were not verified yet." in text_of(app)
    next(one for one in app.button if one.label == "Verify now").click().run()
    until = time.monotonic() + 60
    while verifying.now().running:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert "All of it was verified on" in text_of(app.run())


def test_a_claim_leads_to_the_entry_that_was_in_force(trail_of) -> None:
    trail_of()
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.query_params["claim"] = "e1"
    app.switch_page(PAGES["claims"].path).run()
    assert not app.exception
    assert "Which rules were in force" in text_of(app)
    assert "The gate was not asked about this claim." in text_of(app)
