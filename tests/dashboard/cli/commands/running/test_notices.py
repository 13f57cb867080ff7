"""`calledger notices`: tried out without a ledger, listed, and sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.notices import outbox
from dashboard.cli.main import main
from dashboard.server import serve

Write = Callable[[str], Path]


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def file(tmp_path: Path) -> Write:
    """Write a notices file that only its owner can read."""

    def write(text: str) -> Path:
        path = tmp_path / "notices.yaml"
        path.write_text(text)
        path.chmod(0o600)
        return path

    return write


@pytest.fixture
def ledger_path(tmp_path: Path) -> Path:
    """A ledger of a signal that nothing is written down about."""
    path, claims = tmp_path / "small.duckdb", tmp_path / "claims.csv"
    claims.write_text(
        "event_id,ts,signal,confidence\n"
        + "".join(f"e{i},2026-11-16T09:00:00Z,triage,0.9\n" for i in range(5))
    )
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, claims)
    return path


def one_channel(receiver: Any, more: str = "") -> str:
    return f"channels: [{{name: hook, url: 'json://127.0.0.1:{receiver.port}/a'{more}}}]"


def test_a_test_needs_no_ledger_and_says_which_channel_worked(file: Write, receiver: Any) -> None:
    path = file(
        f"channels:\n- {{name: good, url: 'json://127.0.0.1:{receiver.port}'}}\n"
        "- {name: bad, url: 'json://127.0.0.1:1/path'}"
    )
    found = run("notices", "test", "--notices", path)
    assert found.exit_code == 1, found.output
    good, bad = found.stdout.splitlines()
    assert good == "good: sent"
    assert bad.startswith("bad: ")
    assert "Connection refused" in bad
    assert run("notices", "test", "--notices", path, "--channel", "good").exit_code == 0
    assert len(receiver.received) == 2


def test_the_file_beside_the_ledger_is_meant_unless_another_is_named(
    tmp_path: Path, receiver: Any
) -> None:
    ledger = tmp_path / "not-made.duckdb"
    path = tmp_path / "not-made.duckdb.notices.yaml"
    path.write_text(one_channel(receiver))
    path.chmod(0o644)
    found = run("notices", "test", "--ledger", ledger)
    assert found.stdout == "hook: sent\n"
    assert "can be read by others" in found.stderr.replace("\n", " ")
    assert not ledger.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("channels: [{name: a}]", "channels[0].url: is missing"),
        ("channels: [{name: a, url: 'nosuch://hunter2@x'}]", "Apprise does not know the address"),
    ],
)
def test_a_file_that_is_wrong_is_unusable_for_every_command(
    file: Write, ledger_path: Path, text: str, words: str
) -> None:
    path = file(text)
    ledger = ("--ledger", ledger_path)
    for command in (
        ("notices", "test"),
        ("notices", "list", *ledger),
        ("notices", "send", *ledger),
        ("check", *ledger),
        ("serve", *ledger),
    ):
        found = run(*command, "--notices", path)
        assert found.exit_code == 2, command
        assert words in found.stderr.replace("\n", " ")
        assert "hunter2" not in found.output


def test_an_unknown_channel_or_no_file_at_all_is_unusable(file: Write, receiver: Any) -> None:
    path = file(one_channel(receiver))
    found = run("notices", "test", "--notices", path, "--channel", "nope")
    assert found.exit_code == 2
    assert "the file has: hook" in found.stderr
    assert "Name the notices file with --notices" in run("notices", "test").stderr


def test_send_writes_and_sends_what_is_due_and_list_shows_it(
    file: Write, ledger_path: Path, receiver: Any
) -> None:
    words = ("--ledger", ledger_path, "--notices", file(one_channel(receiver)))
    run("check", "--ledger", ledger_path)
    sent = run("notices", "send", *words)
    assert sent.exit_code == 0, sent.output
    assert "1 message written, 1 sent; 0 channels failed." in sent.stderr
    ((_, message),) = receiver.received
    assert message["title"].startswith("Digest: ")
    assert "WARNING Signal not registered: triage" in message["message"]
    listed = run("notices", "list", *words)
    assert listed.exit_code == 0, listed.output
    assert "1 channel, not failing." in listed.stdout
    assert "Last sent " in listed.stdout
    assert message["title"] in listed.stdout


def test_a_channel_that_fails_is_said_kept_and_listed(file: Write, ledger_path: Path) -> None:
    path = file("channels: [{name: down, url: 'json://127.0.0.1:1/hunter2', signals: [typo]},"
                "{name: down2, url: 'json://127.0.0.1:1/hunter2'}]")  # fmt: skip
    words = ("--ledger", ledger_path, "--notices", path)
    run("check", "--ledger", ledger_path)
    sent = run("notices", "send", *words)
    assert sent.exit_code == 1
    assert "The channel down2 was not reached, and keeps its messages" in sent.stderr
    listed = run("notices", "list", *words)
    assert "2 channels, 1 of them is failing." in listed.stdout
    assert "Not reached since" in listed.stdout
    assert "tried 1 time in vain" in listed.stdout
    assert "down is set up for typo, which this ledger does not know" in listed.stderr
    assert "hunter2" not in sent.output + listed.output


def test_list_without_a_file_says_where_to_write_one(ledger_path: Path) -> None:
    found = run("notices", "list", "--ledger", ledger_path)
    assert found.exit_code == 0, found.output
    assert "No channel is set up: findings are shown on these pages only" in found.stdout
    assert "small.duckdb.notices.yaml" in found.stdout.replace("\n", "")


@pytest.mark.parametrize("up", [True, False])
def test_check_sends_at_the_end_and_its_exit_code_stays_its_own(
    file: Write, ledger_path: Path, receiver: Any, up: bool
) -> None:
    receiver.status = 200 if up else 500
    path = file(one_channel(receiver))
    words = ("--ledger", ledger_path, "--fail-on", "warning", "--notices", path)
    found = run("check", *words)
    assert found.exit_code == 1
    assert "Warning  Signal not registered" in found.stdout
    assert len(receiver.received) == up
    with Ledger.open(ledger_path) as ledger:
        (message,) = outbox.recent(ledger.cursor(), 5)
    assert (message.sent_at is not None) == up
    assert found.stderr.count("was not reached") == (not up)


def test_serve_hands_the_file_on_and_leaves_the_usual_one_to_the_server(
    file: Write, ledger_path: Path, receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Path | None] = []

    def record(_path: Path, *, notices: Path | None, **_: object) -> None:
        served.append(notices)

    monkeypatch.setattr(serve, "run", record)
    path = file(one_channel(receiver))
    assert run("serve", "--ledger", ledger_path, "--notices", path).exit_code == 0
    assert run("serve", "--ledger", ledger_path).exit_code == 0
    assert served == [path, None]
