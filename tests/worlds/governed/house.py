"""A ledger in memory whose signal ``s`` user:t/ann answers for, with a clock set by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from core.gate import registry_changes as registry
from core.governance.people import people
from core.governance.perform import Office
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from core.trail.acts import Actor, Proposal, Signature, stamp
from core.trail.checkpoints.signer import Signer
from core.trail.fingerprint import Fingerprint
from tests.worlds.governed.entries import REPLY

NOW = datetime(2026, 11, 24, 9)
#: Stands for evidence where a test is not about it.
EVIDENCE = "ab" * 32


class House:
    """An office on a ledger; people are named without ``user:t/``, and Adam is the admin."""

    def __init__(self, ledger: Ledger, signer: Signer | None = None) -> None:
        self.at = NOW
        self.ledger = ledger
        self.signer = signer or Signer.generate()
        self.office = Office(ledger, self.signer, clock=lambda: self.at)

    def bring(self, text: str) -> None:
        """Import claims, the text of a CSV file."""
        with TemporaryDirectory() as folder:
            file = Path(folder) / "claims.csv"
            file.write_text(text)
            import_file(self.ledger, file, now=max(self.at, NOW))

    def register(self, text: str = REPLY, who: str = "user:t/adam") -> None:
        registry.apply(self.office, read(text), who)

    def sub(self, name: str) -> str:
        return people.known_person(self.office, f"user:t/{name}")

    def actor(self, name: str, role: str) -> Actor:
        return Actor(self.sub(name), role)

    def status(self, name: str, status: str, until: date | None = None) -> None:
        admin = self.actor("adam", "admin")
        people.set_status(self.office, admin, self.sub(name), status, until)

    def submit(self, fingerprint: Fingerprint) -> None:
        owner = self.actor("ann", "owner")
        body = {
            "evidence": EVIDENCE,
            "material_sha256": self.office.state().entries["s"].material_sha256,
            "criteria_met": True,
            "author": owner.sub,
        }
        self.office.perform(Proposal("validation.submitted", owner, "s", fingerprint, body))

    def validate(self, fingerprint: Fingerprint, days: int = 60) -> None:
        self.submit(fingerprint)
        until = {"until": stamp(self.at + timedelta(days=days))}
        validator, signed = self.actor("val", "validator"), Signature("I read it.", EVIDENCE)
        self.office.perform(
            Proposal("validation.signed", validator, "s", fingerprint, until, signed)
        )
