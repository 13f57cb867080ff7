"""Runs commands of the command line on the open ledger, for people who cannot open it themselves.

Only commands that are listed, only on files that came along, and as the person of the token.
"""

from __future__ import annotations

import io
import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import anyio
import click
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from core.ledger.errors import LedgerError
from dashboard import terminal
from dashboard.cli.surroundings import Lent, lending
from dashboard.server import open_ledger as owner
from dashboard.server.routes.parcel import (
    MOST_BYTES,
    Answered,
    DamagedParcel,
    pack_answered,
    unpack_asked,
)
from dashboard.server.routes.requests import Unacceptable, authorized, person_of
from dashboard.server.settings import sign_on

_log = logging.getLogger(__name__)

#: The rest starts a server, or has its own route.
ALLOWED = frozenset(
    {
        *(
            "canary",
            "cells",
            "check",
            "compare",
            "evidence",
            "gate",
            "handoffs",
            "import",
            "labels",
            "measure",
            "notices",
        ),
        *("person", "pulled", "quarantine", "recalibrate", "registry", "report", "role"),
        *("backup", "threshold", "token", "trail", "validation"),
    }
)
#: What is only for who could read the ledger's files anyway: the signing key is among them.
HERE_ONLY = frozenset({"backup"})
#: So many seconds a command waits for rows that came in to be in the ledger.
WAIT = 60.0
#: Commands that run at a time; the others wait.
AT_ONCE = 4


class Commands:
    """The route that runs commands."""

    def __init__(self, command_line: click.Group) -> None:
        self._command_line = command_line
        self._room = anyio.CapacityLimiter(AT_ONCE)

    @property
    def routes(self) -> list[Route]:
        """For the app."""
        return [Route("/api/v1/command", self.command, methods=["POST"])]

    async def command(self, request: Request) -> Response:
        """Run a command; a parcel comes in and one goes out."""
        folder: Path | None = None
        try:
            token = await authorized(request, "command")
            # Before anything is taken in, and once more when it runs.
            await anyio.to_thread.run_sync(person_of, token)
            folder = Path(tempfile.mkdtemp(prefix="calledger-command-"))
            await _received(request, folder / "asked.zip")
            answer = await anyio.to_thread.run_sync(self._run, folder, token, limiter=self._room)
            done = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
            folder = None
            return FileResponse(answer, media_type="application/zip", background=done)
        except Unacceptable as refused:
            return refused.answer()
        except LedgerError as error:
            return Unacceptable(503, str(error)).answer()
        except ClientDisconnect:
            raise
        except Exception:
            _log.exception("A command could not be run.")
            return Unacceptable(
                500, "The command could not be run to its end; see the server's log."
            ).answer()
        finally:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)

    def _run(self, folder: Path, token: str) -> Path:
        try:
            asked, files = unpack_asked(folder / "asked.zip", folder)
        except DamagedParcel as error:
            raise Unacceptable(400, f"The body is not a command: {error}.") from None
        if not asked.argv or asked.argv[0] not in ALLOWED:
            raise Unacceptable(
                403, f"A server runs {', '.join(sorted(ALLOWED))}; not {asked.argv[:1]}."
            )
        person = person_of(token)
        if person is not None and asked.argv[0] in HERE_ONLY:
            raise Unacceptable(
                403,
                f"{asked.argv[0]} is run on the server's own machine only: it hands out the "
                "signing key.",
            )
        owner.folder().ask(within=WAIT)
        out, err = io.StringIO(), io.StringIO()
        ledger = Path(owner.path())
        ledgers = frozenset(asked.ledgers)
        lent = Lent(
            owner.office(),
            ledger,
            ledgers,
            files,
            folder / "nowhere",
            person,
            sign_on() is not None,
        )
        with lending(lent), terminal.written_to(out, err):
            code = _code(self._command_line, asked.argv)
        # What a command says of a file is about the one that was typed.
        shown = {str(path): typed for typed, path in files.items()}
        shown |= {str(ledger): typed for typed in asked.ledgers[:1]}
        answered = Answered(
            code,
            _as_typed(out.getvalue(), shown),
            _as_typed(err.getvalue(), shown),
            tuple(
                (typed, within)
                for typed, there in asked.outputs.items()
                for within in _came(files[typed], there)
            ),
        )
        answer = folder / "answered.zip"
        pack_answered(answer, answered, files)
        return answer


def _code(command_line: click.Group, argv: tuple[str, ...]) -> int:
    try:
        with command_line.make_context("calledger", list(argv)) as context:
            command_line.invoke(context)
    except click.ClickException as error:
        error.show(terminal.standard_error())
        return error.exit_code
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def _as_typed(text: str, shown: Mapping[str, str]) -> str:
    for path in sorted(shown, key=len, reverse=True):
        text = text.replace(path, shown[path])
    return text


def _came(path: Path, there: bool) -> Iterator[str]:
    """The files of a folder that a command wrote, or nothing more for one that is a file itself.

    A file that stood for another from the start is empty, unless it was written.
    """
    if path.is_dir():
        yield from sorted(
            one.relative_to(path).as_posix() for one in path.rglob("*") if one.is_file()
        )
    elif path.is_file() and (not there or path.stat().st_size > 0):
        yield ""


async def _received(request: Request, path: Path) -> None:
    size = 0
    async with await anyio.open_file(path, "xb") as file:
        async for part in request.stream():
            size += len(part)
            if size > MOST_BYTES:
                raise Unacceptable(413, f"A command carries at most {MOST_BYTES // 1024**3} GB.")
            await file.write(part)
