"""Who may do what, on every page and on the command line: one table each.

`tests/core/governance/test_permissions.py` is the same table for every kind of act; here it is
asked through the screens and the commands, which must offer and accept just that.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

from core.ledger.connection import Ledger
from dashboard.cli.main import main
from dashboard.pages import PAGES
from dashboard.widgets.acting import acting_for as acting
from sample_data import story
from sample_data.planted import GROUNDING, LOGPROB, MERGE
from tests.worlds.paths import MAIN
from tests.worlds.running.pages import title_of

ROLES = ("nobody", "viewer", "auditor", "owner", "deputy", "validator", "risk_approver", "admin")
#: Who holds a role at a signal; Paul answers for another signal, and is a viewer of these.
EVERYWHERE = {
    "viewer": story.PAUL,
    "auditor": story.NORA,
    "validator": story.VERA,
    "risk_approver": story.RITA,
    "admin": story.KIM,
}
AT = {
    LOGPROB: {**EVERYWHERE, "owner": story.TOM, "deputy": story.INES},
    MERGE: {**EVERYWHERE, "owner": story.BOB, "deputy": story.ANN},
    GROUNDING: {**EVERYWHERE, "owner": story.SARA, "deputy": story.JON},
}
ALL = frozenset(ROLES) - {"nobody"}
SEAT = {"owner", "deputy"}

#: Page, signal, fingerprint, the button, and the roles to which it is offered.
OFFERED: dict[tuple[str, str, str | None, str], set[str] | frozenset[str]] = {
    ("sign_off", MERGE, story.MERGE_V1.id, "Sign"): {"validator"},
    ("sign_off", MERGE, story.MERGE_V1.id, "Reject"): {"validator"},
    ("sign_off", MERGE, story.MERGE_V1.id, "Ask to retire"): SEAT,
    ("sign_off", LOGPROB, story.REFUND_5.id, "Measure and submit"): SEAT,
    ("sign_off", LOGPROB, story.REFUND_5.id, "Ask for a waiver"): {"deputy", "risk_approver"},
    ("sign_off", LOGPROB, story.REFUND_5.id, "Ask to retire"): SEAT,
    ("sign_off", GROUNDING, story.GROUNDING_V2.id, "Stop"): ALL,
    ("registry", LOGPROB, None, "Stop it now"): ALL,
    ("registry", LOGPROB, None, "Acknowledge"): SEAT,
    ("registry", LOGPROB, None, "Waive"): {"risk_approver"},
    ("registry", LOGPROB, None, "Record"): {"admin"},
}


@pytest.fixture(scope="module")
def subs(told_path: Path) -> dict[str, str]:
    with Ledger.open(told_path) as ledger:
        return story.names_in(ledger)


def opened(page: str, person: str | None, subs: dict[str, str], **query: str) -> AppTest:
    app = AppTest.from_file(MAIN, default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    if person is not None:
        app.session_state[acting.KEY] = subs[person]
    return app.switch_page(PAGES[page].path).run()


def filled(app: AppTest, subs: dict[str, str]) -> AppTest:
    """The page with everything typed and chosen that an act asks for."""
    for field in app.text_input:
        field.set_value("because")
    for tick in app.checkbox:
        if tick.label.startswith("I declare:"):
            tick.check()
    for box in app.selectbox:
        if box.key == "registry_who":
            box.set_value(subs[story.PAUL])
        elif box.key == "registry_status":
            box.set_value("away")
    return app.run()


def offered(app: AppTest, person: str | None) -> set[str]:
    """Labels of the buttons that can be pressed, without the name of who presses them."""
    name = f" as {story.PEOPLE[person]}" if person else " as …"
    return {one.label.removesuffix(name) for one in app.button if not one.disabled}


@pytest.mark.usefixtures("on_the_day_told", "told_read")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("page", "signal", "fingerprint"), sorted({key[:3] for key in OFFERED}, key=str)
)
def test_a_page_offers_each_role_just_what_it_may_do(
    page: str,
    signal: str,
    fingerprint: str | None,
    role: str,
    subs: dict[str, str],
) -> None:
    person = AT[signal].get(role)
    query = {"signal": signal} | ({"fingerprint": fingerprint} if fingerprint else {})
    app = filled(opened(page, person, subs, **query), subs)
    assert not app.exception
    acts = {label for *where, label in OFFERED if where == [page, signal, fingerprint]}
    may = {
        label
        for (*where, label), roles in OFFERED.items()
        if where == [page, signal, fingerprint] and role in roles
    }
    assert offered(app, person) & acts == may


@pytest.mark.usefixtures("told_read")
@pytest.mark.parametrize(
    "role",
    [
        "admin",
        # The tests of the pages open each as nobody; an auditor may less than an admin.
        *(pytest.param(role, marks=pytest.mark.slow) for role in ("nobody", "auditor")),
    ],
)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_can_be_read_by_every_role(page: str, role: str, subs: dict[str, str]) -> None:
    app = opened(page, AT[LOGPROB].get(role), subs, signal=LOGPROB)
    assert not app.exception
    assert title_of(app)


def soon() -> str:
    return f"{datetime.now(UTC) + timedelta(days=10):%Y-%m-%d}"


def fingerprint_words(of: story.Fingerprint) -> tuple[str, ...]:
    return tuple(
        word
        for name, value in of.as_json().items()
        for word in (f"--{name.replace('_', '-')}", value)
    )


#: The command, its signal, and the roles from which it is accepted.
COMMANDS: dict[tuple[str, ...], tuple[str, set[str] | frozenset[str]]] = {
    ("validation", "sign", "--signal", MERGE, *fingerprint_words(story.MERGE_V1),
     "--meaning", "read"): (MERGE, {"validator"}),
    ("validation", "reject", "--signal", MERGE, *fingerprint_words(story.MERGE_V1),
     "--reason", "no"): (MERGE, {"validator"}),
    ("validation", "submit", "--signal", LOGPROB, *fingerprint_words(story.REFUND_6)):
        (LOGPROB, SEAT),
    ("validation", "stop", "--signal", LOGPROB, *fingerprint_words(story.REFUND_6),
     "--reason", "odd"): (LOGPROB, ALL),
    ("validation", "ask-waiver", "--signal", LOGPROB, *fingerprint_words(story.REFUND_5),
     "--reason", "soon", "--until", soon()): (LOGPROB, {"deputy", "risk_approver"}),
    ("validation", "ask-retirement", "--signal", LOGPROB, *fingerprint_words(story.REFUND_5),
     "--reason", "old"): (LOGPROB, SEAT),
    ("role", "grant", story.PAUL, "auditor"): (LOGPROB, {"admin"}),
    ("role", "revoke", story.NORA, "auditor"): (LOGPROB, {"admin"}),
    ("person", "status", story.JON, "away"): (LOGPROB, {"admin"}),
    ("person", "forget", story.JON): (LOGPROB, {"admin"}),
    ("gate", "mode", "production"): (LOGPROB, {"admin"}),
    ("token", "create", "--scope", "decide", "--label", "x"): (LOGPROB, {"admin"}),
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: " ".join(one[:2]))
# By day each command is asked by two that may not, so that all roles are refused somewhere.
@pytest.mark.parametrize("asking", [2, pytest.param(len(ROLES), marks=pytest.mark.slow)])
def test_a_command_is_refused_to_every_role_but_those_that_may(
    command: tuple[str, ...], asking: int, told_copy: Path
) -> None:
    signal, may = COMMANDS[command]
    others = sorted(ALL - may)
    first = list(COMMANDS).index(command)
    others = (others[first % max(len(others), 1) :] + others)[: min(asking, len(others))]

    def run(role: str) -> int:
        words = [*command, "--ledger", str(told_copy), "--as", AT[signal][role]]
        return CliRunner().invoke(main, words).exit_code

    assert {role for role in others if run(role) != 2} == set()
    assert run(sorted(may)[0]) == 0


def test_a_role_given_and_taken_are_acts_with_who_did_it(told_copy: Path) -> None:
    for verb in ("grant", "revoke"):
        words = ["role", verb, story.PAUL, "auditor", "--ledger", str(told_copy)]
        assert CliRunner().invoke(main, [*words, "--as", story.KIM]).exit_code == 0
    with Ledger.open(told_copy) as ledger:
        rows = ledger.cursor().execute(
            'SELECT entry FROM acts WHERE contains(entry, \'"kind":"role.\') ORDER BY seq'
        )
        entries = [entry for (entry,) in rows.fetchall()]
        kim = story.names_in(ledger)[story.KIM]
    assert "role.granted" in entries[-2]
    assert "role.revoked" in entries[-1]
    assert all(kim in entry for entry in entries[-2:])
