"""`calledger trail`: verify, export, and hand out checkpoints and proofs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from core.audit.export import export as export_trail
from core.audit.held import held_beside, stamps_beside
from core.audit.inclusion_proof import proof, verify_proof
from core.audit.report import Report
from core.audit.verify import verify_all, verify_export, verify_ledger
from core.ledger.errors import LedgerError
from core.sentences.numbers import counted
from core.trail import log as trail_of
from core.trail.checkpoints.anchors import settings_path
from core.trail.checkpoints.checkpoints import NoteError
from core.trail.checkpoints.time_stamps import beside, certificates
from dashboard import terminal
from dashboard.cli.exit_codes import EXIT_FOUND
from dashboard.cli.options import ledger_option
from dashboard.cli.shared import office_of
from dashboard.cli.surroundings import (
    InputFile,
    LedgerFile,
    LedgerOrInputFile,
    OutputFile,
    is_ledger,
    ledger_there,
    opened,
)
from dashboard.witness import at_once


@click.group()
def trail() -> None:
    """Who decided what, on which numbers, and proof that nothing was altered."""


@trail.command()
@click.argument("export", required=False, type=LedgerOrInputFile())
@click.option("--ledger", "ledger_path", type=LedgerFile(), help="The ledger file.")
@click.option(
    "--held",
    multiple=True,
    type=InputFile(),
    help="A file with checkpoints you kept earlier. May be given again.",
)
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=InputFile(),
    help="A time stamp authority's root certificate (PEM), from a source you trust. May be given "
    "again.",
)
def verify(
    export: Path | None, ledger_path: Path | None, held: Sequence[Path], roots: Sequence[Path]
) -> None:
    """Check a ledger's trail and every table, or an EXPORT of it with no ledger at all.

    Exit 0 when it is intact, 1 when anything is not as it was signed, 2 when there is no such file.
    """
    if export is None and ledger_path is None:
        ledger_path = ledger_there()
    if (export is None) == (ledger_path is None):
        raise click.UsageError("Give either --ledger FILE or the file of an export.")
    if export is not None and is_ledger(export):
        export, ledger_path = None, export
    kept = [_read(path) for path in held]
    given = [one for path in roots for one in certificates(path)]
    report: Report
    if export is not None:
        report = verify_export(export, held=kept, roots=given)
    else:
        assert ledger_path is not None
        with opened(ledger_path) as ledger:
            if not kept and not given:
                now = datetime.now(UTC).replace(tzinfo=None)
                report = verify_all(ledger.cursor(), ledger_path, now)
            else:
                report = verify_ledger(
                    ledger.cursor(),
                    held=[*kept, *held_beside(ledger_path)],
                    stamped=stamps_beside(ledger_path, given),
                )
    for line in report.lines():
        terminal.say(line)
    if not report.ok:
        sys.exit(EXIT_FOUND)


@trail.command()
@ledger_option
@click.option("--out", required=True, type=OutputFile(), help="The JSONL file to write.")
@click.option(
    "--names",
    is_flag=True,
    help="Write people's names and their salts, too: verifying it then says who signed.",
)
def export(ledger_path: Path, out: Path, *, names: bool) -> None:
    """Write the whole trail as one file that verifies with no ledger."""
    with opened(ledger_path) as ledger:
        stamps = beside(ledger_path)
        count = export_trail(ledger.cursor(), out, names=names, stamps=stamps)
    terminal.say(f"{counted(count, 'entry', 'entries')} written to {out}.")
    if names:
        terminal.note("It holds people's names, and keeps them even if they are erased here later.")
    terminal.say(f"To check it anywhere: calledger trail verify {out}")


@trail.command()
@ledger_option
def checkpoint(ledger_path: Path) -> None:
    """Print the newest signed checkpoint; keep it where nobody who runs this ledger can write."""
    with opened(ledger_path) as ledger:
        note = trail_of.latest_note(ledger.cursor())
    if note is None:
        raise LedgerError(
            "The trail has not begun: nobody has decided anything in this ledger yet."
        )
    terminal.data(note, line=False)


@trail.command()
@ledger_option
def stamp(ledger_path: Path) -> None:
    """Have the newest checkpoint stamped by every authority that FILE.anchors names (RFC 3161).

    A running server does so by itself, at most once an hour. Exit 1 when one gave no stamp.
    """
    with office_of(ledger_path) as office:
        asked = list(at_once(office))
    if not asked:
        raise LedgerError(
            f"No time stamp authority is named in {settings_path(ledger_path)}: write a line "
            "tsa URL CERTIFICATES there."
        )
    for authority, why in asked:
        terminal.say(why or f"{authority.url} stamped the newest checkpoint.")
    if any(why for _, why in asked):
        sys.exit(EXIT_FOUND)


@trail.command(name="proof")
@ledger_option
@click.argument("entry", type=click.IntRange(min=0))
def proof_command(ledger_path: Path, entry: int) -> None:
    """Print the proof that ENTRY is in the trail (c2sp.org/tlog-proof)."""
    with opened(ledger_path) as ledger:
        terminal.data(proof(ledger.cursor(), entry), line=False)


@trail.command()
@click.argument("proof_file", metavar="PROOF", type=InputFile())
@click.argument("entry_file", metavar="ENTRY", type=InputFile())
@click.option("--key", required=True, help="The trail's public key, from a source you trust.")
def check_proof(proof_file: Path, entry_file: Path, key: str) -> None:
    """Check a PROOF that the text in the file ENTRY is in the trail; needs no ledger.

    Exit 0 when it is, 1 when it is not proven.
    """
    proof_text, entry = _read(proof_file), _read(entry_file).removesuffix("\n")
    try:
        signed = verify_proof(proof_text, entry, key)
    except NoteError as error:
        terminal.say(f"Not proven: {error}.")
        sys.exit(EXIT_FOUND)
    terminal.say(f"Proven: it is one of the {signed.size:,} entries of {signed.origin}.")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LedgerError(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerError(f"{path} cannot be read as checkpoints: {error}.") from None
