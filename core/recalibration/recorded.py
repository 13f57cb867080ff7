"""That a map was judged on heldout claims, as an act: such a look wears a held-out set out."""

from __future__ import annotations

import duckdb

from core.governance.perform import Office
from core.queries.sums.validation_sample import newest_import
from core.recalibration.recalibrate import Repair
from core.trail import act_search as search
from core.trail.acts import SYSTEM, Act, Actor, Proposal
from core.trail.fingerprint import Fingerprint
from core.validation.evidence_bundle import decimal

KIND = "recalibration.judged"
_PROGRAM = Actor(SYSTEM, SYSTEM, via="system")
#: Acts of a signal that are looked through for the same one.
_LOOKED = 200


def record(office: Office, found: Repair) -> Act | None:
    """Record what the heldout claims said of a map, whether it was certified or not.

    Returns:
        The act; None where the signal has no registry entry, so that no evidence rests on it, or
        where this very map was judged on these very claims before: it tells nothing new.
    """
    signal = found.question.selection.signal
    if signal not in office.state().entries:
        return None
    fingerprint = Fingerprint.of(found.fingerprint)
    with office.acting() as desk:
        body = _body(desk.cursor, found)
        if _known(desk.cursor, signal, fingerprint, body):
            return None
        return desk.perform(Proposal(KIND, _PROGRAM, signal, fingerprint, body))


def _body(cursor: duckdb.DuckDBPyConnection, found: Repair) -> dict[str, object]:
    certificate = found.certificate
    return {
        "calibrator_version": found.version,
        "map_sha256": found.sha256,
        "given": certificate.given,
        "n_heldout": certificate.n,
        "gap_before": decimal(certificate.before.gap),
        "gap_after": decimal(certificate.after.gap),
        "brier_change": decimal(certificate.brier_change.value),
        "imports": newest_import(cursor),
    }


def _known(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    fingerprint: Fingerprint,
    body: dict[str, object],
) -> bool:
    asked = search.ActSearch(signal=signal, kinds=(KIND,))
    same = ("map_sha256", "n_heldout", "imports")
    return any(
        one.act is not None
        and one.act.fingerprint == fingerprint
        and all(one.act.body.get(name) == body[name] for name in same)
        for one in search.found(cursor, asked, limit=_LOOKED)
    )
