"""Who signed: by the name that the trail commits to, on what assurance, and where not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.audit.export import export
from core.audit.report import Report
from core.audit.signers import signers
from core.audit.verify import verify_export, verify_ledger
from core.governance.people import accounts, people
from core.governance.people.accounts import Account
from core.governance.people.names import Directory, Name
from core.trail.acts import SYSTEM, Act, Actor, Proposal, Signature


@pytest.fixture
def signed(governed: Any) -> Any:
    """A ledger in which Vera signed."""
    with governed.office.acting() as desk:
        people.enter(desk, "user:risk/vera", "Vera Roth")
    governed.validate()
    return governed


def _exported(signed: Any, folder: Path, *, names: bool = True) -> Path:
    path = folder / "trail.jsonl"
    export(signed.ledger.cursor(), path, names=names)
    return path


def _altered(path: Path, alter: Callable[[dict[str, Any]], object]) -> Report:
    """An export, in which every person's line was changed by hand."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for place, line in enumerate(lines):
        read = json.loads(line)
        if "person" in read and alter(read["person"]) is not None:
            lines[place] = json.dumps(
                read, sort_keys=True, separators=(",", ":"), ensure_ascii=False
            )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return verify_export(path)


def _text(report: Report) -> str:
    return "\n".join(report.lines())


def test_an_export_holds_no_name_unless_its_owner_wants_it(signed: Any, tmp_path: Path) -> None:
    path = _exported(signed, tmp_path, names=False)
    text = path.read_text(encoding="utf-8")
    assert "Vera" not in text
    assert "user:" not in text
    report = verify_export(path)
    assert report.ok
    vera = signed.sub("user:risk/vera")
    assert report.signers[0].startswith(f"Signed by {vera}: entry ")
    assert "carries no names" in report.signers[-1]


def test_an_export_with_names_verifies_and_says_who_signed_on_what_assurance(
    signed: Any, tmp_path: Path
) -> None:
    report, vera = verify_export(_exported(signed, tmp_path)), signed.sub("user:risk/vera")
    last = signed.office.state().size - 1
    assert report.ok
    assert report.signers == (f"Signed by Vera Roth ({vera}): entry {last} on assurance none.",)
    assert report.signers == verify_ledger(signed.ledger.cursor()).signers
    assert report.signers[0] in report.lines()


def test_of_somebody_who_signs_on_it_says_where(signed: Any, tmp_path: Path) -> None:
    vera, admin = signed.sub("user:risk/vera"), signed.actor("user:desk/admin", "person.bound")
    accounts.bind(signed.office, admin, vera, Account("https://login.example.org", "vera-7f3a"))
    path = _exported(signed, tmp_path)
    report = verify_export(path)
    assert report.ok
    assert f"({vera}), who signs on at https://login.example.org: entry" in report.signers[0]
    assert "vera-7f3a" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("field", "value"), [("printed_name", "Eve Roth"), ("handle", "user:risk/eve"), ("salt", "0")]
)
def test_a_changed_name_does_not_match_its_commitment(
    signed: Any, tmp_path: Path, field: str, value: str
) -> None:
    vera = signed.sub("user:risk/vera")

    def change(person: dict[str, Any]) -> object:
        return person.update({field: value}) or True if person["sub"] == vera else None

    report = _altered(_exported(signed, tmp_path), change)
    assert not report.ok
    assert f"The names of {vera} in the directory of the export do not match" in _text(report)
    assert f"({vera}, the name here does not match its commitment)" in report.signers[0]
    assert "Eve" not in _text(report)


def test_a_name_that_was_forgotten_stays_erased_and_the_trail_verifies(
    signed: Any, tmp_path: Path
) -> None:
    vera = signed.sub("user:risk/vera")
    admin = signed.actor("user:desk/admin", "person.forgotten", None)
    people.forget(signed.office, admin, vera)
    path = _exported(signed, tmp_path)
    assert "Vera" not in path.read_text(encoding="utf-8")
    report = verify_export(path)
    assert report.ok
    assert f"somebody ({vera}, name erased)" in report.signers[0]


def test_of_an_older_trail_it_says_that_a_name_is_not_committed(
    signed: Any, tmp_path: Path
) -> None:
    old = "p-00000000000000aa"
    program = Actor(SYSTEM, SYSTEM, via="system")
    signed.office.perform(Proposal("person.added", program, body={"sub": old}))
    signed.ledger.cursor().execute(
        "INSERT INTO people BY NAME SELECT $sub AS sub, 'user:x/old' AS handle", {"sub": old}
    )
    report = verify_export(_exported(signed, tmp_path))
    assert report.ok
    assert "not committed to" in _text(report)
    act = Act(3, signed.clock(), "validation.signed", Actor(old, "validator"),
              signature=Signature("read", "0" * 64))  # fmt: skip
    (said,) = signers([act], Directory({old: Name(old, "user:x/old", None, recorded=False)}))
    assert said == f"Signed by user:x/old ({old}, name not committed): entry 3 on assurance none."


@pytest.mark.parametrize(
    ("alter", "words"),
    [
        (lambda head, people: [*head, *people[1:]], "is not that of the"),
        (lambda head, people: [head[0].replace('"people"', '"peoples"'), *head[1:], *people],
         "The header"),
        (lambda head, people: [*head, *people, people[-1]], " 2 times."),
        (lambda head, people: [*head[:-1], *people, head[-1]], "stands after the directory"),
    ],
)  # fmt: skip
def test_a_directory_that_was_cut_or_mixed_up_is_found(
    signed: Any, tmp_path: Path, alter: Callable[[list[str], list[str]], list[str]], words: str
) -> None:
    path = _exported(signed, tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    begins = next(place for place, line in enumerate(lines) if "person" in json.loads(line))
    path.write_text("\n".join(alter(lines[:begins], lines[begins:])) + "\n", encoding="utf-8")
    report = verify_export(path)
    assert not report.ok
    assert words in _text(report)


def test_assurances_of_one_person_stand_apart_and_many_entries_are_counted() -> None:
    print_ = Signature("read", "0" * 64)
    act = Act(0, None, "validation.signed", Actor("p-1", "validator"), signature=print_)  # type: ignore[arg-type]
    acts = [replace(act, seq=n) for n in range(1, 16)]
    acts.append(replace(act, seq=20, actor=replace(act.actor, assurance="re-authenticated")))
    (said,) = signers(acts, Directory({"p-1": Name("p-1", "user:a/b", "A B")}))
    assert said == (
        "Signed by A B (p-1): entry 20 on assurance re-authenticated; entries "
        "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 3 more on assurance none."
    )


def test_of_a_trail_that_is_not_intact_nobody_is_said_to_have_signed(
    signed: Any, tmp_path: Path
) -> None:
    path = _exported(signed, tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("I checked the evidence", "I read the evidence"), encoding="utf-8")
    report = verify_export(path)
    assert not report.ok
    assert report.signers == ()
