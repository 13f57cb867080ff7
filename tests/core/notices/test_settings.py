"""The notices file: read strictly, and nothing of an address is ever repeated."""

from __future__ import annotations

import traceback
from datetime import datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ledger.errors import LedgerError
from core.notices.settings import Digest, NoticesFileError, notices_path, read, read_path, warning

SECRET = "hunter2secret"
WHOLE = """
link: https://calibration.example.org/
channels:
  - name: desk-mail
    url: mailtos://user:${MAIL_PASSWORD}@mail.example.org?to=leads@example.org
    signals: [ticket-triage.self-report]
    send: digest
  - name: desk-chat
    url: ${CHAT}
digest: {day: friday, time: "16:30"}
ceiling: 10
"""
ENVIRONMENT = {"MAIL_PASSWORD": "p@ss/w:rd", "CHAT": "slack://one/two/three"}


def refusal(text: str, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(NoticesFileError) as caught:
        read(text, environment or {})
    return str(caught.value)


def test_a_whole_file_is_read() -> None:
    found = read(WHOLE, ENVIRONMENT)
    mail, chat = found.channels
    assert (mail.name, mail.signals, mail.send) == (
        "desk-mail",
        ("ticket-triage.self-report",),
        "digest",
    )
    assert (chat.send, chat.signals, chat.line) == ("both", None, 8)
    assert found.digest == Digest(4, time(16, 30))
    assert (found.ceiling, found.link) == (10, "https://calibration.example.org")


def test_the_least_file_has_the_usual_digest_and_no_ceiling() -> None:
    found = read("channels: [{name: a, url: 'json://host'}]", {})
    assert (found.digest.words, found.ceiling, found.link) == (
        "on Mondays at 07:00 UTC",
        None,
        None,
    )


def test_what_the_environment_gives_inside_an_address_may_hold_any_character() -> None:
    mail, chat = read(WHOLE, ENVIRONMENT).channels
    assert mail.url == ("mailtos://user:p%40ss%2Fw%3Ard@mail.example.org?to=leads@example.org")
    assert chat.url == "slack://one/two/three"
    assert mail.secrets == ("p@ss/w:rd",)


def test_no_address_shows_where_settings_are_printed() -> None:
    shown = repr(read(WHOLE, ENVIRONMENT))
    for part in ("mailtos", "p@ss", "slack", "mail.example.org", "leads"):
        assert part not in shown


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "holds no channel"),
        ("link: https://x.example", 1, "channels: is missing"),
        ("channels: []", 1, "is empty; write under it"),
        ("channels: [{url: 'json://h'}]", 1, "channels[0].name: is missing"),
        ("channels: [{name: a}]", 1, "channels[0].url: is missing"),
        ("channels: [{name: a b, url: 'json://h'}]", 1, "is no name"),
        (
            "channels:\n- {name: a, url: 'json://h'}\n- {name: a, url: 'json://h'}",
            3,
            "is the name of the channel on line 2 too",
        ),
        ("channels:\n- name: a\n  name: b\n  url: json://h", 3, "stands there twice"),
        ("channels:\n- name: a\n  adress: b\n  url: json://h", 3, "is no known field"),
        ("channels: [{name: a, url: 'json://h', send: never}]", 1, '"never" is not known'),
        ("channels: [{name: a, url: 'json://h', signals: []}]", 1, "name a signal, or leave it"),
        ("channels: [{name: a, url: 'json://h'}]\nceiling: 0", 2, "write 1 or more"),
        ("channels: [{name: a, url: 'json://h'}]\ndigest: {day: mon}", 2, "is not known"),
        ("channels: [{name: a, url: 'json://h'}]\ndigest: {time: '7:00'}", 2, "is no time"),
        ("channels: [{name: a, url: 'json://h'}]\ndigest: {time: 10:00}", 2, 'write "10:00"'),
        ("channels: [{name: a, url: 'json://h'}]\nlink: example.org", 2, "is no address of the"),
        ("channels: [{name: a, url: 'json://h'}]\nlink: https://u:p@x.org", 2, "is no address"),
        ("channels: [{name: a, url: '${NOT_SET}'}]", 1, "names ${NOT_SET}, which the environment"),
        ("channels: [{name: a, url: 'json://${NO NAME}'}]", 1, "has a ${ that begins no name"),
        ("channels: [{name: a, url: 'host/path'}]", 1, "is no Apprise address"),
        ("a: 1\n---\nb: 2", 1, "holds several documents"),
    ],
)
def test_what_is_refused_names_its_line_and_the_mend(text: str, line: int, words: str) -> None:
    said = refusal(text)
    assert words in said
    assert f"line {line}" in said


@pytest.mark.parametrize(
    "text",
    [
        f"channels: [{{name: a, url: {SECRET}}}]",
        f"channels: [{{name: a, url: [{SECRET}]}}]",
        f"channels: [mailto://u:{SECRET}@h]",
        f"channels:\n- mailto://u:{SECRET}@h?to=x\n- {{name: a, url: 'json://h'}}",
        f"channels: mailto://u:{SECRET}@h",
        f"channels: {SECRET}",
        f"mailto://u:{SECRET}@h",
        f"channels: [{{name: 'mailto://u:{SECRET}@h', url: 'json://h'}}]",
        f"channels: [{{name: a, 'mailto://u:{SECRET}@h': x, url: 'json://h'}}]",
        f"channels: [{{name: a, url: 'mailto://u:{SECRET}@h', url: 'mailto://u:{SECRET}@h'}}]",
        f"channels: [{{name: a, url: 'json://h', send: 'mailto://u:{SECRET}@h'}}]",
        f"channels: [{{name: a, url: 'json://u:{SECRET}@h with spaces'}}]",
        f"channels: [{{name: a, url: 'json://u:{SECRET}@${{NOT_SET}}'}}]",
        f"channels: [{{name: a, url: 'json://h'}}]\nlink: https://u:{SECRET}@h",
        f"channels: [{{name: a, url: json://u:{SECRET}@h",
    ],
)
def test_no_refusal_repeats_what_may_be_a_secret(text: str) -> None:
    with pytest.raises(NoticesFileError) as caught:
        read(text, {})
    whole = "".join(traceback.format_exception(caught.value, chain=True))
    # The frames of a traceback show source lines, not values.
    assert SECRET not in str(caught.value)
    assert SECRET not in whole


def test_a_secret_from_the_environment_is_not_repeated_either() -> None:
    said = refusal("channels: [{name: a, url: '${CHAT}'}]", {"CHAT": f"no address {SECRET}"})
    assert SECRET not in said


def test_a_missing_or_unreadable_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="There is no notices file"):
        read_path(tmp_path / "no.yaml", {})
    (tmp_path / "latin.yaml").write_bytes(b"channels: [{name: \xe9, url: x}]")
    with pytest.raises(NoticesFileError, match="is not UTF-8 text"):
        read_path(tmp_path / "latin.yaml", {})


def test_the_file_lies_beside_the_ledger(tmp_path: Path) -> None:
    assert notices_path(tmp_path / "x.duckdb") == tmp_path / "x.duckdb.notices.yaml"


def test_a_file_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "notices.yaml"
    assert warning(path) is None
    path.write_text("channels: []")
    path.chmod(0o640)
    assert f"chmod 600 {path}" in (warning(path) or "")
    path.chmod(0o600)
    assert warning(path) is None


@pytest.mark.parametrize(
    ("digest", "now", "run"),
    [
        (Digest(), datetime(2026, 11, 24, 9), datetime(2026, 11, 23, 7)),
        (Digest(), datetime(2026, 11, 23, 7), datetime(2026, 11, 23, 7)),
        (Digest(), datetime(2026, 11, 23, 6, 59), datetime(2026, 11, 16, 7)),
        (Digest(None, time(18)), datetime(2026, 11, 24, 9), datetime(2026, 11, 23, 18)),
        (Digest(None, time(18)), datetime(2026, 11, 24, 18), datetime(2026, 11, 24, 18)),
        (Digest(6, time(0)), datetime(2027, 1, 2, 9), datetime(2026, 12, 27)),
    ],
)
def test_the_last_time_at_which_a_digest_was_due(
    digest: Digest, now: datetime, run: datetime
) -> None:
    assert digest.last_run(now) == run


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
    st.none() | st.integers(0, 6),
    st.times(),
)
def test_the_last_run_is_on_its_day_and_time_and_the_newest_one(
    now: datetime, weekday: int | None, at: time
) -> None:
    run = Digest(weekday, at).last_run(now)
    assert run <= now
    assert run.time() == at
    assert weekday in (None, run.weekday())
    assert (now - run).total_seconds() < (86400 if weekday is None else 7 * 86400)
