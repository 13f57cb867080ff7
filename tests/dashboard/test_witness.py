"""The outside witness: stamps of the newest checkpoint, kept, checked, and missed without harm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner, Result

from core.audit.export import export
from core.audit.held import Stamped, stamps_beside
from core.audit.report import Report
from core.audit.verify import verify_export, verify_ledger
from core.findings.time_stamps import unstamped_conditions
from core.governance.people.people import enter
from core.governance.perform import Office, utc_now
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError
from core.trail import log as trail
from core.trail.checkpoints import time_stamps
from core.trail.checkpoints.anchors import Authority, anchors_of, authorities_of, settings_path
from core.trail.checkpoints.time_stamps import Stamp, StampError, certificates, stamps_path
from core.upkeep.doctor import look_over
from dashboard import witness
from dashboard.cli.main import main
from dashboard.witness import AGAIN_AFTER, Witness, at_once
from tests.worlds.running.time_stamp_authority import TimeStampAuthority, needs_openssl

pytestmark = needs_openssl


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeStampAuthority]:
    made = TimeStampAuthority(tmp_path_factory.mktemp("authority"))
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _answers(authority: TimeStampAuthority) -> None:
    authority.fails, authority.asked = False, 0


@pytest.fixture
def office(tmp_path: Path, authority: TimeStampAuthority) -> Iterator[Office]:
    """A ledger whose checkpoints are to be stamped, with one act."""
    path = tmp_path / "x.duckdb"
    settings_path(path).write_text(f"tsa {authority.url} {authority.root}\n")
    with Ledger.open(path, create=True) as ledger:
        made = Office.of(ledger)
        act(made)
        yield made


def act(office: Office) -> None:
    with office.acting() as desk:
        enter(desk, f"user:desk/p{desk.state.size}")


def verified(office: Office) -> Report:
    path = office.ledger.path
    assert path is not None
    return verify_ledger(office.ledger.cursor(), stamped=stamps_beside(path))


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def text(report: Report) -> str:
    return "\n".join(report.lines())


def test_a_stamped_trail_says_since_when_it_is_kept_and_what_was_checked(office: Office) -> None:
    (asked,) = at_once(office)
    assert asked[1] is None
    act(office)
    report = verified(office)
    assert report.ok, text(report)
    year = utc_now().year
    assert re.search(rf"Kept since {year}-[^:]+:\d\d:\d\d UTC: entries 0 to 1 stood", text(report))
    assert "Nothing says so of entry 2 and later." in text(report)
    assert "Checked: the stamp's signature and its certificates" in text(report)
    list(at_once(office))
    assert "entries 0 to 2 stood" in text(verified(office))
    assert "2 time stamps agree, the oldest from" in text(verified(office))


def test_an_export_carries_its_stamps_and_is_checked_by_the_root_the_auditor_brings(
    office: Office, authority: TimeStampAuthority, tmp_path: Path
) -> None:
    list(at_once(office))
    path = office.ledger.path
    assert path is not None
    out = tmp_path / "trail.jsonl"
    export(office.ledger.cursor(), out, names=True, stamps=time_stamps.beside(path))
    plain = verify_export(out)
    assert plain.ok
    assert not plain.kept_since
    assert "1 time stamp was not checked: give the authority's root" in text(plain)
    brought = verify_export(out, roots=certificates(authority.root))
    assert brought.ok, text(brought)
    assert brought.kept_since[0].startswith("Kept since ")


def test_a_root_of_somebody_else_proves_nothing(office: Office, tmp_path: Path) -> None:
    list(at_once(office))
    other = TimeStampAuthority(tmp_path, "other")
    other.stop()
    path = office.ledger.path
    assert path is not None
    stamped = Stamped(time_stamps.beside(path), certificates(other.root))
    report = verify_ledger(office.ledger.cursor(), stamped=stamped)
    assert not report.kept_since
    assert "1 time stamp of http://127.0.0.1" in text(report)
    assert "could not be checked" in text(report)


def test_whose_stamp_it_is_says_the_certificate_and_not_the_line_it_lies_in(
    office: Office, authority: TimeStampAuthority
) -> None:
    list(at_once(office))
    path = office.ledger.path
    assert path is not None
    (made,) = time_stamps.beside(path)
    renamed = Stamp("https://more.trusted.example", made.note, made.answer)
    roots = certificates(authority.root)
    report = verify_ledger(office.ledger.cursor(), stamped=Stamped((renamed,), roots))
    assert "by a time stamp under the root certificate CN=tsa root." in report.kept_since[0]
    assert "more.trusted" not in text(report)


def test_a_stamp_of_another_trail_or_moved_to_another_checkpoint_is_a_problem(
    office: Office, authority: TimeStampAuthority, tmp_path: Path
) -> None:
    path = office.ledger.path
    assert path is not None
    list(at_once(office))
    act(office)
    list(at_once(office))
    first, second = time_stamps.beside(path)
    roots = certificates(authority.root)
    # The stamp of the first checkpoint, said to be of the second.
    moved = Stamp(first.authority, second.note, first.answer)
    with pytest.raises(StampError, match="Mismatch between messages"):
        time_stamps.checked(moved, roots)
    report = verify_ledger(office.ledger.cursor(), stamped=Stamped((second, moved), roots))
    assert not report.ok
    assert not report.kept_since
    with Ledger.open(tmp_path / "y.duckdb", create=True) as ledger:
        other = Office.of(ledger)
        act(other)
        report = verify_ledger(ledger.cursor(), stamped=Stamped((first,), roots))
    assert not report.ok
    assert "holds a checkpoint of the trail" in text(report)


def test_an_authority_that_does_not_answer_stops_no_act_and_is_asked_again(
    office: Office, authority: TimeStampAuthority
) -> None:
    now, asks = 1000.0, Witness(lambda: now)
    authority.fails = True
    act(office)
    (said,) = asks.in_round(office)
    assert "gave no stamp" in said
    assert "503" in said
    assert list(asks.in_round(office)) == []
    assert authority.asked == 1
    act(office)
    authority.fails = False
    now += AGAIN_AFTER
    assert list(asks.in_round(office)) == []
    assert authority.asked == 2
    # Not at every act: the next one is due in an hour.
    act(office)
    assert list(asks.in_round(office)) == []
    assert authority.asked == 2
    with time_machine.travel(utc_now() + timedelta(minutes=61), tick=False):
        list(asks.in_round(office))
    assert authority.asked == 3


def test_an_authority_that_is_silent_for_a_day_is_a_finding_until_it_stamps(office: Office) -> None:
    cursor, later = office.ledger.cursor(), utc_now() + timedelta(hours=25)
    assert unstamped_conditions(cursor, utc_now()) == ()
    (never,) = unstamped_conditions(cursor, later)
    assert (never.kind, never.severity) == ("not_stamped", "warning")
    assert "has stamped none. Acts continue" in never.text
    list(at_once(office))
    # Nothing new waits for a stamp.
    assert unstamped_conditions(cursor, later) == ()
    act(office)
    (late,) = unstamped_conditions(cursor, later)
    assert "stamped the last at" in late.text
    assert late.id == never.id
    list(at_once(office))
    assert unstamped_conditions(cursor, later) == ()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"<html>", "the answer is no time stamp"),
        (b"x" * 70_000, "too long"),
        (b"", "no time stamp"),
    ],
)
def test_an_answer_that_is_no_stamp_is_not_kept(
    office: Office, monkeypatch: pytest.MonkeyPatch, answer: bytes, words: str
) -> None:
    if len(answer) < time_stamps.LARGEST:
        monkeypatch.setattr(witness, "_posted", lambda *_: answer)
    else:
        monkeypatch.setattr(TimeStampAuthority, "answer", lambda *_: answer)
    ((_, why),) = at_once(office)
    assert why is not None
    assert words in why
    assert not stamps_path(str(office.ledger.path)).exists()


def test_an_answer_to_an_earlier_question_is_not_taken(
    office: Office, authority: TimeStampAuthority
) -> None:
    note = trail.latest_note(office.ledger.cursor()) or ""
    old, new = time_stamps.asked(note), time_stamps.asked(note)
    named = Authority(authority.url, authority.root)
    answer = authority.answer(old.as_bytes())
    assert time_stamps.accepted(named, old, note, answer).note == note
    with pytest.raises(StampError, match="Nonce"):
        time_stamps.accepted(named, new, note, answer)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tsa http://x.example/tsr", "names no time stamp authority"),
        ("tsa ftp://x.example root.pem", "names no time stamp authority"),
        ("tsa", "names no time stamp authority"),
        ("tsa http://a.example/t r.pem\ntsa http://a.example/t r.pem", "names .* again"),
        ("tape /dev/x", "begins with 'tape'"),
    ],
)
def test_a_line_that_names_no_authority_is_refused_by_its_number(
    tmp_path: Path, line: str, words: str
) -> None:
    path = tmp_path / "x.duckdb"
    settings_path(path).write_text(f"file kept.txt\n{line}\n")
    with pytest.raises(LedgerError, match=rf"Line \d of .*{words}"):
        authorities_of(path)


def test_anchors_and_authorities_stand_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    settings_path(path).write_text("file kept.txt\ntsa https://tsa.example/tsr root.pem\n")
    assert [one.kind for one in anchors_of(path)] == ["beside", "file"]
    assert authorities_of(path) == (Authority("https://tsa.example/tsr", tmp_path / "root.pem"),)


def test_a_line_that_a_crash_cut_short_costs_no_other_stamp(office: Office) -> None:
    path = office.ledger.path
    assert path is not None
    list(at_once(office))
    whole = stamps_path(path).read_bytes()
    stamps_path(path).write_bytes(whole + whole[:40])
    act(office)
    list(at_once(office))
    assert len(time_stamps.beside(path)) == 2
    assert stamps_path(path).stat().st_mode & 0o077 == 0


def test_a_command_stamps_and_another_verifies_with_the_root_that_is_brought(
    office: Office, authority: TimeStampAuthority, tmp_path: Path
) -> None:
    path, out = str(office.ledger.path), tmp_path / "trail.jsonl"
    office.ledger.close()
    stamped = run("trail", "stamp", "--ledger", path)
    assert (stamped.exit_code, "stamped the newest checkpoint" in stamped.stdout) == (0, True)
    assert run("trail", "export", "--ledger", path, "--out", out).exit_code == 0
    for words in ((out, "--root", authority.root), ("--ledger", path)):
        found = run("trail", "verify", *words)
        assert found.exit_code == 0, found.stdout
        assert "Kept since " in found.stdout
    assert run("trail", "verify", out, "--root", out).exit_code == 2
    authority.fails = True
    stamps_path(path).unlink()
    assert run("trail", "stamp", "--ledger", path).exit_code == 1
    settings_path(path).unlink()
    assert "write a line tsa URL" in run("trail", "stamp", "--ledger", path).stderr


def test_the_doctor_tells_an_authority_that_stamps_nothing(
    office: Office, authority: TimeStampAuthority
) -> None:
    path = Path(str(office.ledger.path))

    def told(**later: float) -> list[str]:
        found = look_over(path, now=utc_now() + timedelta(**later)).ailments
        return [one.words for one in found if one.of == "time stamp"]

    office.ledger.close()
    assert told() == []
    (never,) = told(days=2)
    assert "has stamped no checkpoint yet" in never
    assert f"calledger trail stamp --ledger {path} asks it" in never
    with Ledger.open(path) as ledger:
        assert [why for _, why in at_once(Office.of(ledger))] == [None]
    # Nothing came after it that would have to be stamped.
    assert told(days=2) == []
    with Ledger.open(path) as ledger, Office.of(ledger).acting() as desk:
        enter(desk, "user:desk/later")
    assert told() == []
    (late,) = told(days=2)
    assert "has stamped none since 20" in late
    authority.root.rename(authority.root.with_suffix(".gone"))
    try:
        (unread,) = told()
    finally:
        authority.root.with_suffix(".gone").rename(authority.root)
    assert "cannot be read" in unread
