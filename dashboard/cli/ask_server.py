"""Has the server that owns a ledger run a command, with the same output, files and exit code."""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
import urllib.error
import urllib.request
from itertools import groupby
from pathlib import Path

import click

from core.ledger.errors import LedgerError
from dashboard import terminal
from dashboard.cli.surroundings import same_file
from dashboard.cli.typed import Elsewhere, Typed
from dashboard.server.routes.parcel import (
    Answered,
    AskedCommand,
    DamagedParcel,
    pack_asked,
    unpack_answered,
)
from dashboard.server.server_file import Running


def ask(elsewhere: Elsewhere, typed: Typed) -> int:
    """Run the command there, and print what it printed; its exit code.

    Raises:
        LedgerError: it cannot be asked, refuses, or a file cannot be written.
    """
    answered = answer_of(elsewhere, typed)
    click.echo(answered.out, nl=False)
    click.echo(answered.err, nl=False, err=True)
    terminal.note(f"Done by the server at {elsewhere.server}.")
    return answered.code


def answer_of(elsewhere: Elsewhere, typed: Typed) -> Answered:
    """What a command printed there, and its exit code; the files it wrote are written here.

    Raises:
        LedgerError: it cannot be asked, refuses, or a file cannot be written.
    """
    ledger = elsewhere.ledger
    # Where a ledger may stand among what is read, it is meant, not sent.
    sent = [one for one in typed.inputs if ledger is None or not same_file(Path(one), ledger)]
    ledgers = {*typed.ledgers, *typed.inputs} - set(sent)
    asked = AskedCommand(
        typed.argv,
        tuple(sorted(ledgers)),
        tuple(dict.fromkeys(sent)),
        {one: Path(one).exists() for one in typed.outputs},
    )
    with tempfile.TemporaryDirectory(prefix="calledger-command-") as made:
        folder = Path(made)
        pack_asked(folder / "asked.zip", asked)
        _send(elsewhere.server, folder / "asked.zip", folder / "answered.zip")
        try:
            answered, files = unpack_answered(folder / "answered.zip", folder)
        except DamagedParcel as error:
            raise _strange(elsewhere.server, str(error)) from None
        _write(files, asked)
    return answered


def opener(server: Running) -> urllib.request.OpenerDirector:
    """What asks a server; one of this machine straight, whatever proxy the environment names."""
    straight = () if server.pid is None else (urllib.request.ProxyHandler({}),)
    return urllib.request.build_opener(_NoRedirect(), *straight)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a token nowhere else: urllib would send it along, also to another host."""

    def redirect_request(self, *_: object) -> None:
        """Never: the redirect is the answer then, and an error."""


def _send(server: Running, parcel: Path, answer: Path) -> None:
    with parcel.open("rb") as body:
        request = urllib.request.Request(
            f"{server.address}/api/v1/command",
            data=body,
            headers={
                "Content-Type": "application/zip",
                "Content-Length": str(parcel.stat().st_size),
                "Authorization": f"Bearer {server.token}",
            },
        )
        try:
            with opener(server).open(request) as response, answer.open("xb") as file:
                shutil.copyfileobj(response, file)
        except urllib.error.HTTPError as error:
            raise LedgerError(f"The server at {server} refused: {_reason(error)}") from None
        except OSError as error:
            why = getattr(error, "reason", error)
            raise LedgerError(
                f"The server at {server} did not answer: {why}. See on the pages whether the "
                "command finished."
            ) from None


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}."


def _strange(server: Running, why: str) -> LedgerError:
    return LedgerError(f"{server} did not answer as a server that runs commands: {why}.")


def _write(files: dict[tuple[str, str], Path], asked: AskedCommand) -> None:
    for typed, written in groupby(files.items(), key=lambda one: one[0][0]):
        if typed not in asked.outputs:
            raise LedgerError(f"The server sent a file {typed!r} that this command does not write.")
        target = Path(typed)
        partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
        try:
            for (_, within), file in written:
                if within:
                    # A folder holds a ledger and its key: for nobody else to read.
                    (partial / within).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    partial.chmod(0o700)
                    file.chmod(0o600)
                shutil.copy(file, partial / within if within else partial)
            partial.rename(target) if partial.is_dir() else partial.replace(target)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True) if partial.is_dir() else partial.unlink(True)
            raise LedgerError(f"{target} cannot be written: {error.strerror}.") from None
