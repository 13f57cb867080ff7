"""Evidence: frozen as one text to sign, kept under its hash, and later recomputed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime

import duckdb

from core.governance.stops import Differs, Unlike, several
from core.ledger.errors import LedgerError
from core.queries.sums.validation_sample import KnownAt, claims_digest, newest_import
from core.registry.signal_spec import SignalSpec
from core.trail import log as trail
from core.trail.canonical_json import canonical
from core.trail.fingerprint import Fingerprint
from core.validation.evidence_bundle import LAYOUT, PLAIN_LAYOUT, Bundle
from core.validation.evidence_claims import claims_written, digested_segments, truth_of
from core.validation.evidence_content import content_of
from core.validation.evidence_diff import differences
from core.validation.held_out import HeldOutAsked


class EvidenceBroken(LedgerError):  # noqa: N818 (reads as what is the matter)
    """A stored bundle is not the text that it is known by."""


@dataclass(frozen=True)
class Recomputed:
    """Whether a bundle recomputes.

    Attributes:
        same: whether it does.
        differences: what differs, what explains most first.
        claims_sha256: digest of the claims as they are now; None: they were not read.
    """

    same: bool
    differences: tuple[Unlike, ...] = ()
    claims_sha256: str | None = field(default=None, compare=False)

    @property
    def words(self) -> str:
        """What explains most of the difference."""
        return several(self.differences)

    @property
    def facts(self) -> Differs:
        """The same as an act carries it."""
        return Differs(len(self.differences), self.differences[:3], self.claims_sha256)


def freeze(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    fingerprint: Fingerprint,
    *,
    at: datetime,
    program: str,
    leave_out_overlap: bool = False,
    untuned: bool = False,
) -> Bundle:
    """Measure and judge a fingerprint's claims as known at a time, as one text to sign.

    The same claims at the same time give the same bytes. Nothing is stored; see `store`.

    Args:
        fingerprint: fields that it does not state must not be stated by a claim either.
        at: outcomes and claims as known before it, UTC without zone.
        program: what measured, with its version.
        leave_out_overlap: leave out claims that the signal was tuned on, and say how many,
            instead of refusing.
        untuned: the owner declares that no threshold, prompt or calibrator was chosen on the
            claims it judges.

    Raises:
        Leaked: some of the claims share an event or an input with the tuning split.
        NothingToJudge: there are no such claims.
    """
    known = KnownAt(at, newest_import(cursor))
    content = content_of(
        cursor,
        spec,
        fingerprint,
        known,
        program,
        leave_out_overlap,
        spec.ground_truth,
        asked=HeldOutAsked(untuned, trail.size(cursor)),
    )
    return Bundle(canonical(content))


def store(cursor: duckdb.DuckDBPyConnection, bundle: Bundle) -> None:
    """Keep a bundle under its hash; doing it again changes nothing."""
    cursor.execute(
        """
        INSERT INTO evidence
        SELECT $sha256, $text WHERE NOT EXISTS (
            SELECT 1 FROM evidence WHERE sha256 = $sha256)
        """,
        {"sha256": bundle.sha256, "text": bundle.text},
    )


def load(cursor: duckdb.DuckDBPyConnection, sha256: str) -> Bundle | None:
    """The bundle of this hash; None where the ledger has none.

    Raises:
        EvidenceBroken: what is stored under it has another hash, or another layout.
    """
    rows = cursor.execute(
        """
        SELECT bundle FROM evidence WHERE sha256 = $sha256
        """,
        {"sha256": sha256},
    ).fetchall()
    if not rows:
        return None
    bundle = Bundle(rows[0][0])
    if bundle.sha256 != sha256:
        raise EvidenceBroken(
            f"The evidence stored as {sha256} was altered: its text now has the hash "
            f"{bundle.sha256}; restore it from a backup, or have new evidence signed."
        )
    if bundle.content.get("v") not in range(PLAIN_LAYOUT, LAYOUT + 1):
        raise EvidenceBroken(
            f"The evidence {sha256} has layout {bundle.content.get('v')}, and this program reads "
            f"layouts {PLAIN_LAYOUT} to {LAYOUT}; read it with the program that made it."
        )
    return bundle


def verify(cursor: duckdb.DuckDBPyConnection, sha256: str) -> Recomputed:
    """Recompute a stored bundle from the ledger as it was known then.

    Claims and outcomes that came in since do not count, whatever they are dated. Numbers may
    differ by a millionth of their size, so that another processor's rounding is no difference;
    sentences are not compared. Of evidence frozen before verdicts had parts the claims and the
    estimates are compared, and not the bounds and verdicts, whose rules are others now. That
    frozen before segments' labels were asked for whom they speak, or before it was asked what was
    tuned on, is recomputed as it was then.
    """
    try:
        bundle = load(cursor, sha256)
        if bundle is None:
            return Recomputed(False, (Unlike("missing", sha256),))
        query = bundle.content["query"]
        known = KnownAt(bundle.at, query["imports_to"])
        now = content_of(
            cursor,
            bundle.spec,
            bundle.fingerprint,
            known,
            bundle.program,
            query["leave_out_overlap"],
            truth_of(query),
            layout=bundle.content["v"],
            asked=HeldOutAsked(bundle.declared_untuned, query.get("acts_to", 0)),
        )
    except (LedgerError, ValueError) as error:
        return Recomputed(False, (Unlike("error", now=str(error)),))
    found = tuple(differences(bundle.content, json.loads(canonical(now))))
    return Recomputed(not found, found)


def unchanged(cursor: duckdb.DuckDBPyConnection, sha256: str) -> Recomputed:
    """Whether a stored bundle still rests on the same claims; `verify` where it does not.

    Every number of a bundle follows from its claims with their outcomes and segments, which its
    digest covers, and from the entry it carries. So the same digest is the same evidence, without
    the seconds that resampling takes. Which claims were to be judged is taken from the bundle: what
    was altered of others, tuned ones among them, is for `verify` and the seals to find.
    """
    digest = None
    try:
        bundle = load(cursor, sha256)
        if bundle is None:
            return Recomputed(False, (Unlike("missing", sha256),))
        digest = claims_digest(cursor, claims_written(bundle), digested_segments(bundle.spec))
        if digest == bundle.content["claims_sha256"]:
            return Recomputed(True)
    except (LedgerError, ValueError):
        # What is the matter with it says the whole comparison.
        pass
    return replace(verify(cursor, sha256), claims_sha256=digest)
