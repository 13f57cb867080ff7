"""Time stamps of checkpoints by an outside authority (RFC 3161): since when a trail is as it is.

An authority is named in ``<ledger>.anchors`` by a line ``tsa URL CERTIFICATES``; its stamps lie in
``<ledger>.stamps``, one a line of canonical JSON, with the checkpoint that each is of. Who can
write there can take one away, but not make one: what it says is signed by the authority.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import rfc3161_client as tsp
from cryptography import x509

from core.defaults import SILENT_AFTER, STAMP_EVERY
from core.ledger.errors import LedgerError
from core.ledger.private import owner_only
from core.trail.canonical_json import canonical
from core.trail.checkpoints.anchors import Authority, settings_path

#: Bytes of an answer that are read; a stamp with its certificates has a few thousand.
LARGEST = 1 << 16
#: Bytes at the end of the file in which the newest stamps are looked for.
_TAIL = 1 << 19


class StampError(ValueError):
    """What came is no time stamp of the checkpoint; the message says why."""


@dataclass(frozen=True)
class Stamp:
    """A time stamp of a checkpoint.

    Attributes:
        authority: the address of who made it.
        note: the signed checkpoint that it is of.
        answer: the authority's answer, as it came.
    """

    authority: str
    note: str
    answer: bytes

    @property
    def line(self) -> str:
        """As it lies beside the ledger and stands in an export."""
        answer = base64.b64encode(self.answer).decode("ascii")
        said = {"authority": self.authority, "note": self.note, "answer": answer}
        return canonical({"stamp": said})

    @classmethod
    def of(cls, line: str) -> Stamp:
        """Read a line.

        Raises:
            StampError: it holds no stamp.
        """
        try:
            said = json.loads(line)["stamp"]
            found = cls(said["authority"], said["note"], base64.b64decode(said["answer"]))
            whole = found.line == line
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise StampError(f"it holds no time stamp ({type(error).__name__})") from None
        if not whole or not isinstance(found.authority, str) or not isinstance(found.note, str):
            raise StampError("it holds no time stamp as this program writes it")
        return found

    @property
    def at(self) -> datetime:
        """When it says it was made, UTC without zone; `checked` proves it.

        Raises:
            StampError: the answer cannot be read.
        """
        return _naive(_decoded(self.answer).tst_info.gen_time)


def stamps_path(ledger: str | os.PathLike[str]) -> Path:
    """Where the time stamps of a ledger lie: ``<ledger>.stamps``."""
    ledger = Path(ledger)
    return ledger.with_name(ledger.name + ".stamps")


def certificates(path: str | os.PathLike[str]) -> tuple[x509.Certificate, ...]:
    """The certificates that an authority's signature has to lead to.

    Raises:
        LedgerError: the file cannot be read, or holds none in PEM.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(Path(path).read_bytes()))
    except OSError as error:
        raise LedgerError(f"The certificates in {path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise LedgerError(
            f"{path} holds no certificate: give the authority's root as PEM "
            "(-----BEGIN CERTIFICATE-----)."
        ) from None


def asked(note: str) -> tsp.TimeStampRequest:
    """The request for a stamp of a checkpoint, of which only the SHA-256 leaves this machine."""
    builder = tsp.TimestampRequestBuilder().data(note.encode("utf-8"))
    return builder.hash_algorithm(tsp.HashAlgorithm.SHA256).cert_request(cert_request=True).build()


def accepted(
    authority: Authority, request: tsp.TimeStampRequest, note: str, answer: bytes
) -> Stamp:
    """The stamp that an authority answered with.

    Raises:
        StampError: it is none of this checkpoint, or its signature leads to no certificate named.
        LedgerError: the authority's certificates cannot be read.
    """
    roots = certificates(authority.certificates)
    _verify(answer, note, roots, tsp.VerifierBuilder.from_request(request))
    return Stamp(authority.url, note, answer)


def checked(stamp: Stamp, roots: Sequence[x509.Certificate]) -> tuple[datetime, x509.Certificate]:
    """When a stamp was made, UTC without zone, and the root that its signature leads to.

    The address in its line proves nothing: whoever keeps the file can write another.

    Raises:
        StampError: it is not of its checkpoint, or its signature leads to none of the roots.
    """
    against = StampError("no root certificate was given")
    for root in roots:
        try:
            return _verify(stamp.answer, stamp.note, (root,), tsp.VerifierBuilder()), root
        except StampError as error:
            against = error
    raise against


def keep(ledger: str | os.PathLike[str], stamp: Stamp) -> None:
    """Add a stamp to those beside the ledger, and wait until it is on disk.

    Raises:
        OSError: it cannot be written.
    """
    with owner_only(), stamps_path(ledger).open("ab+") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
        # After a line that a crash cut short.
        gap = b"" if file.read() in (b"", b"\n") else b"\n"
        file.write(gap + stamp.line.encode("utf-8") + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read(text: str) -> tuple[tuple[Stamp, ...], int]:
    """The stamps of a file, and how many of its lines are none."""
    found, strange = [], 0
    for line in text.splitlines():
        try:
            found.append(Stamp.of(line))
        except StampError:
            strange += bool(line.strip())
    return tuple(found), strange


def beside(ledger: str | os.PathLike[str]) -> tuple[Stamp, ...]:
    """All time stamps beside a ledger.

    Raises:
        OSError: they cannot be read.
    """
    try:
        return read(stamps_path(ledger).read_text(encoding="utf-8", errors="replace"))[0]
    except FileNotFoundError:
        return ()


def newest(ledger: str | os.PathLike[str], authority: Authority) -> Stamp | None:
    """The newest stamp of an authority beside a ledger; None: it made none yet."""
    try:
        with stamps_path(ledger).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            found, _ = read(file.read().decode("utf-8", errors="replace"))
    except OSError:
        return None
    of = [one for one in found if one.authority == authority.url]
    return of[-1] if of else None


def due(note: str, last: Stamp | None, now: datetime) -> bool:
    """Whether the newest checkpoint is to be stamped now."""
    if last is None:
        return True
    try:
        return last.note != note and now - last.at >= STAMP_EVERY
    except StampError:
        return True


def silent(ledger: str | os.PathLike[str], note: str, last: Stamp | None, now: datetime) -> bool:
    """Whether an authority has left the newest checkpoint unstamped for too long."""
    try:
        if last is None:
            named = datetime.fromtimestamp(settings_path(ledger).stat().st_mtime, UTC)
            return now - _naive(named) >= SILENT_AFTER
        return last.note != note and now - last.at >= SILENT_AFTER
    except (StampError, OSError):
        return True


def _verify(
    answer: bytes, note: str, roots: Sequence[x509.Certificate], builder: tsp.VerifierBuilder
) -> datetime:
    found = _decoded(answer)
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(found, note.encode("utf-8"))
    except (tsp.VerificationError, ValueError) as error:
        raise StampError(str(error)) from None
    return _naive(found.tst_info.gen_time)


def _decoded(answer: bytes) -> tsp.TimeStampResponse:
    try:
        found = tsp.decode_timestamp_response(answer)
        # What was refused has no token to be read.
        if tsp.PKIStatus(found.status) == tsp.PKIStatus.GRANTED:
            found.tst_info  # noqa: B018
            return found
        why = "; ".join(found.status_string) or tsp.PKIStatus(found.status).name.lower()
    except ValueError as error:
        raise StampError(f"the answer is no time stamp ({error})") from None
    raise StampError(f"the authority refused it: {why}")


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
