"""Messages by mail and webhook, to real servers on this machine."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from core.governance.people.names import directory
from core.governance.people.people import enter
from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.notices import outbox
from core.notices.settings import Channel, NoticeSettings
from dashboard.server import notices as notify
from dashboard.server import send_notice as deliver
from dashboard.server.settings import LEDGER_VARIABLE, NOTICES_VARIABLE
from tests.worlds.governed.findings import open_finding
from tests.worlds.running.running import free_port

NOW = datetime(2026, 11, 24, 9)
MINUTE = timedelta(minutes=1)
PASSWORD = "hunter2-Secret/x"
QUOTED = "hunter2-Secret%2Fx"


class Mailbox:
    """What an SMTP server received."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(  # noqa: N802 (aiosmtpd asks for it)
        self, _server: object, _session: object, envelope: Any
    ) -> str:
        self.mails.append((envelope, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 taken"


@contextmanager
def mail_server(**options: Any) -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield box, controller.port
    finally:
        controller.stop()


@pytest.fixture
def office() -> Iterator[Office]:
    """A ledger with one critical finding that Ann owns."""
    with Ledger.in_memory() as ledger:
        found = Office.of(ledger, clock=lambda: NOW)
        with found.acting() as desk:
            enter(desk, "user:desk/ann")
        open_finding(found, 1, text="Überall drifted <b>(1)</b>.")
        yield found


def settings_of(*urls: str, **given: Any) -> NoticeSettings:
    channels = (Channel(f"channel-{i}", url) for i, url in enumerate(urls))
    return NoticeSettings(tuple(channels), **given)


def waiting(office: Office) -> list[outbox.Notice]:
    with office.ledger.cursor() as cursor:
        return [one for one in outbox.recent(cursor, 100) if one.sent_at is None]


def test_mail_and_webhook_both_receive_the_message(office: Office, receiver: Any) -> None:
    with mail_server() as (box, port):
        settings = settings_of(
            f"mailto://127.0.0.1:{port}?from=calledger@example.org&to=leads@example.org",
            f"json://127.0.0.1:{receiver.port}/hook",
        )
        told = notify.tell(office, settings, now=NOW)
    assert told.failed == ()
    assert [len(told.written), len(told.sent)] == [2, 2]
    ((envelope, mail),) = box.mails
    assert envelope.rcpt_tos == ["leads@example.org"]
    assert mail["Subject"] == "Digest: 1 open finding, 1 critical"
    body = mail.get_body(("plain",)).get_content()
    assert "Überall drifted <b>(1)</b>." in body
    assert "\nOwner: nobody, due 2026-11-27. Found 2026-11-24.\n" in body.replace("\r\n", "\n")
    ((path, sent),) = receiver.received
    assert path == "/hook"
    assert sent["title"] == "Digest: 1 open finding, 1 critical"
    assert "Überall drifted <b>(1)</b>." in sent["message"]
    assert waiting(office) == []
    assert notify.tell(office, settings, now=NOW + MINUTE) == notify.ToldNow()


def test_what_cannot_be_delivered_is_kept_and_delivered_once_the_receiver_is_up(
    office: Office, receiver_on: Callable[[int], Any]
) -> None:
    port = free_port()
    settings = settings_of(f"json://127.0.0.1:{port}/hook")
    told = notify.tell(office, settings, now=NOW)
    ((channel, error),) = told.failed
    assert channel == "channel-0"
    assert "Connection refused" in error
    (kept,) = waiting(office)
    assert (kept.attempts, kept.next_try, kept.error) == (1, NOW + MINUTE, error)
    # It is not tried before its time; what is new meanwhile is written and kept as well.
    open_finding(office, 2)
    assert notify.tell(office, settings, now=NOW + 0.4 * MINUTE).failed
    assert notify.tell(office, settings, now=NOW + 0.5 * MINUTE) == notify.ToldNow()
    assert len(waiting(office)) == 2
    receiver = receiver_on(port)
    told = notify.tell(office, settings, now=NOW + 10 * MINUTE)
    assert len(told.sent) == 2
    assert waiting(office) == []
    titles = [sent["title"] for _, sent in receiver.received]
    assert sorted(titles) == [
        "Critical: Drifted beyond the tolerance (triage)",
        "Digest: 1 open finding, 1 critical",
    ]


def test_a_chat_receives_the_message(office: Office, receiver: Any) -> None:
    token = "a1b2c3d4e5f6g7h8i9j0k1l2m3"
    settings = settings_of(f"mmost://127.0.0.1:{receiver.port}/{token}")
    assert notify.tell(office, settings, now=NOW).failed == ()
    ((path, sent),) = receiver.received
    assert path == f"/hooks/{token}"
    assert "Digest: 1 open finding, 1 critical" in sent["text"]
    assert "To do: Look into it." in sent["text"]


def test_a_channel_that_fails_keeps_no_other_from_its_messages(
    office: Office, receiver: Any
) -> None:
    settings = settings_of(f"json://127.0.0.1:{free_port()}", f"json://127.0.0.1:{receiver.port}/b")
    told = notify.tell(office, settings, now=NOW)
    assert [one.channel for one in told.sent] == ["channel-1"]
    assert [name for name, _ in told.failed] == ["channel-0"]


def test_a_process_that_ends_between_writing_and_sending_sends_later(
    office: Office, receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(f"json://127.0.0.1:{receiver.port}/hook")

    def killed(*_: object) -> str:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(notify, "deliver", killed)
        with pytest.raises(SystemExit):
            notify.tell(office, settings, now=NOW)
    assert len(waiting(office)) == 1
    told = notify.tell(office, settings, now=NOW + MINUTE)
    assert [len(told.written), len(told.sent)] == [0, 1]
    assert len(receiver.received) == 1


def test_a_process_that_ends_between_sending_and_marking_sends_twice_and_no_more(
    office: Office, receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(f"json://127.0.0.1:{receiver.port}/hook")

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "mark_sent", killed)
        with pytest.raises(SystemExit):
            notify.tell(office, settings, now=NOW)
    for later in (1, 2, 3):
        notify.tell(office, settings, now=NOW + later * MINUTE)
    assert len(receiver.received) == 2


def test_others_write_to_the_ledger_while_a_slow_channel_takes_its_time(
    office: Office, receiver: Any
) -> None:
    receiver.answering.clear()
    settings = settings_of(f"json://127.0.0.1:{receiver.port}/hook")
    sending = threading.Thread(target=notify.tell, args=(office, settings), kwargs={"now": NOW})
    sending.start()
    assert receiver.asked.wait(60)
    open_finding(office, 2)
    # A second caller writes, and leaves the sending to the first.
    second = notify.tell(office, settings, now=NOW + MINUTE)
    assert [len(second.written), len(second.sent)] == [1, 0]
    assert not receiver.received
    receiver.answering.set()
    sending.join()
    assert receiver.received


def test_a_server_that_never_answers_is_given_up_and_not_asked_again_meanwhile(
    office: Office, receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.answering.clear()
    monkeypatch.setattr(deliver, "DEADLINE", 0.3)
    settings = settings_of(f"json://127.0.0.1:{receiver.port}/hook")
    ((_, first),) = notify.tell(office, settings, now=NOW).failed
    ((_, second),) = notify.tell(office, settings, now=NOW + MINUTE).failed
    assert first == "No answer within 0 seconds."
    assert "has not ended" in second
    receiver.answering.set()
    (hanging,) = settings.channels
    deliver._HANGING[hanging].join()
    assert len(notify.tell(office, settings, now=NOW + 10 * MINUTE).sent) == 1


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that reaches the log of the whole program, but for the mail server's own."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.addFilter(lambda record: record.name != "mail.log")
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


def test_a_program_that_ends_waits_for_no_channel_and_loses_nothing(
    office: Office, receiver: Any
) -> None:
    receiver.answering.clear()
    settings, stop = settings_of(f"json://127.0.0.1:{receiver.port}/hook"), threading.Event()
    threading.Thread(target=lambda: receiver.asked.wait(60) and stop.set(), daemon=True).start()
    ((_, error),) = notify.tell(office, settings, now=NOW, stop=stop).failed
    assert not receiver.received
    assert error == "The program ended before it answered."
    assert notify.tell(office, settings, now=NOW + 9 * MINUTE, stop=stop) == notify.ToldNow()
    assert len(waiting(office)) == 1


SECRETS = (PASSWORD, QUOTED, "hunter2", "hookpath", "tokenvalue", "127.0.0.1", "leads@")


@pytest.mark.parametrize("status", [401, 404, 500])
def test_no_part_of_an_address_is_in_the_ledger_the_trail_the_log_or_on_standard_error(
    office: Office,
    receiver: Any,
    status: int,
    logged: io.StringIO,
    capfd: pytest.CaptureFixture[str],
) -> None:
    receiver.status = status
    web = f"json://user:{QUOTED}@127.0.0.1:{receiver.port}/hookpath?+X-Token=tokenvalue"
    down = f"json://user:{QUOTED}@127.0.0.1:{free_port()}/hookpath?+X-Token=tokenvalue"

    def authenticate(*_: object) -> AuthResult:
        return AuthResult(success=False, handled=False)

    with mail_server(authenticator=authenticate, auth_required=True, auth_require_tls=False) as (
        _,
        port,
    ):
        mail = (
            f"mailto://u%40example.org:{QUOTED}@127.0.0.1:{port}?to=leads@example.org&from=a@b.org"
        )
        settings = settings_of(web, down, mail)
        settings = replace(
            settings,
            channels=tuple(replace(one, secrets=(PASSWORD,)) for one in settings.channels),
        )
        told = notify.tell(office, settings, now=NOW)
    assert [name for name, _ in told.failed] == ["channel-0", "channel-1", "channel-2"]
    errors = dict(told.failed)
    assert f"error={status}" in errors["channel-0"]
    assert "Connection refused" in errors["channel-1"]
    with office.ledger.cursor() as cursor:
        stored = repr(cursor.execute("SELECT * FROM notices").fetchall())
        stored += repr(cursor.execute("SELECT entry FROM acts").fetchall())
    shown = "".join(capfd.readouterr()) + logged.getvalue() + stored + repr((told, settings))
    for secret in SECRETS:
        assert secret not in shown


def test_a_refused_password_is_told_as_that_without_it(office: Office) -> None:
    def authenticate(*_: object) -> AuthResult:
        return AuthResult(success=False, handled=False)

    with mail_server(authenticator=authenticate, auth_require_tls=False) as (_, port):
        login = f"mailto://u:{QUOTED}@127.0.0.1:{port}"
        settings = settings_of(f"{login}?from=u@example.org&to=leads@example.org")
        ((_, error),) = notify.tell(office, settings, now=NOW).failed
    assert "535" in error
    assert "hunter2" not in error


def test_an_error_of_the_service_itself_is_kept_from_the_ledger(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Service:
        def notify(self, **_: object) -> bool:
            raise RuntimeError(f"json://user:{PASSWORD}@host")

    monkeypatch.setattr(deliver, "_service", lambda _: Service())
    ((_, error),) = notify.tell(office, settings_of("json://host"), now=NOW).failed
    assert error == "The service failed with RuntimeError."


def test_people_are_named_in_what_is_sent_and_not_in_what_is_stored(
    office: Office, receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office.ledger.cursor() as cursor:
        sub = directory(cursor).sub("user:desk/ann")
    state = office.state()
    monkeypatch.setattr(type(state), "acting_owner", lambda *_: sub)
    notify.tell(office, settings_of(f"json://127.0.0.1:{receiver.port}/hook"), now=NOW)
    ((_, sent),) = receiver.received
    assert "Owner: desk/ann, due" in sent["message"]
    with office.ledger.cursor() as cursor:
        (stored,) = outbox.recent(cursor, 1)
    assert f"Owner: {sub}, due" in stored.body
    assert "desk/ann" not in stored.body


def test_a_test_message_reaches_a_channel_without_a_ledger(receiver: Any) -> None:
    settings = settings_of(f"json://127.0.0.1:{receiver.port}/hook", link="https://pages.example")
    assert notify.try_out(settings, settings.channels[0], NOW) is None
    ((_, sent),) = receiver.received
    assert "This is a test: the channel channel-0 works." in sent["message"]
    receiver.status = 500
    assert "error=500" in (notify.try_out(settings, settings.channels[0], NOW) or "")


def test_an_address_that_apprise_does_not_know_is_named_by_its_line() -> None:
    settings = NoticeSettings(
        (Channel("good", "json://host"), Channel("bad", f"nosuch://u:{PASSWORD}@h", line=7))
    )
    (problem,) = notify.problems(settings)
    assert problem.startswith(
        "notices line 7: Apprise does not know the address of the channel bad"
    )
    assert PASSWORD not in problem


def test_nobody_waits_for_long_and_long_messages_are_split_unless_the_address_says_otherwise() -> (
    None
):
    service = deliver._service(Channel("a", "mailto://127.0.0.1?from=a@b.example&to=c@d.example"))
    assert (service.overflow_mode, service.socket_connect_timeout) == ("split", deliver.PATIENCE)
    assert service.request_timeout == (deliver.PATIENCE, deliver.PATIENCE)
    chosen = deliver._service(Channel("a", "json://127.0.0.1/?overflow=truncate&cto=3&rto=4"))
    assert (chosen.overflow_mode, chosen.request_timeout) == ("truncate", (3.0, 4.0))


# ---- the running server's file -----------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write the notices file of the running server."""
    ledger = tmp_path / "x.duckdb"
    monkeypatch.setenv(LEDGER_VARIABLE, str(ledger))
    monkeypatch.delenv(NOTICES_VARIABLE, raising=False)
    monkeypatch.setattr(notify, "_read", notify._Read(None, notify.Configured()))
    monkeypatch.setattr(notify, "_said", ())

    def write(text: str) -> Path:
        path = tmp_path / "x.duckdb.notices.yaml"
        path.write_text(text)
        path.chmod(0o600)
        return path

    return write


def test_a_server_without_a_file_tells_nobody(file: Callable[[str], Path], office: Office) -> None:
    assert notify.of_environment() == notify.Configured()
    assert notify.in_round(office) is None


def test_the_file_is_read_again_when_it_changes(file: Callable[[str], Path]) -> None:
    file("channels: [{name: a, url: 'json://host'}]")
    first = notify.of_environment()
    assert notify.of_environment() is first
    file("channels: [{name: a, url: 'json://host'}, {name: b, url: 'json://host'}]")
    settings = notify.of_environment().settings
    assert settings is not None
    assert [one.name for one in settings.channels] == ["a", "b"]


def test_a_file_that_is_spoilt_later_is_said_and_leaves_the_channels_it_named(
    file: Callable[[str], Path],
    office: Office,
    receiver: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file(f"channels: [{{name: a, url: 'json://127.0.0.1:{receiver.port}'}}]")
    notify.of_environment()
    file("channels: [{name: a, url: 5}]")
    (trouble,) = notify.of_environment().troubles
    assert "line 1, channels[0].url" in trouble
    assert "stay in use" in trouble
    told = notify.in_round(office)
    assert told is not None
    assert len(told.sent) == 1
    notify.in_round(office)
    # Said once, not every half minute.
    assert capsys.readouterr().err.count("stay in use") == 1


def test_a_file_that_is_gone_turns_notices_off_unless_it_was_asked_for(
    file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file("channels: [{name: a, url: 'json://host'}]")
    assert notify.of_environment().settings is not None
    path.unlink()
    assert notify.of_environment() == notify.Configured()
    monkeypatch.setenv(NOTICES_VARIABLE, str(path))
    (trouble,) = notify.of_environment().troubles
    assert "There is no notices file" in trouble


def test_a_file_that_others_can_read_is_a_trouble_and_serves_all_the_same(
    file: Callable[[str], Path],
) -> None:
    file("channels: [{name: a, url: 'json://host'}]").chmod(0o644)
    found = notify.of_environment()
    assert found.settings is not None
    (trouble,) = found.troubles
    assert "can be read by others" in trouble
