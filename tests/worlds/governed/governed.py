"""A governed ledger in memory, with a clock the test moves."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.gate import registry_changes as registry
from core.governance.people.names import directory
from core.governance.people.people import actor_for
from core.governance.perform import Office
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from core.trail.acts import Act, Actor, Proposal, Signature, stamp
from core.trail.checkpoints.signer import Signer
from core.trail.fingerprint import Fingerprint
from tests.worlds.running.begun import Begun

REGISTRY = """
apiVersion: calledger/v1
kind: ConfidenceSignal
metadata:
  name: triage
  labels: {stakes: high}
spec:
  owner: user:desk/ann
  deputies: [user:desk/bob]
  validators: group:risk/validation
  riskApprovers: [user:risk/rita, user:risk/ruth]
  decision: "answer without a person reading it"
  tolerance: "0.05"
  highConfidence: "0.90"
  validation:
    maxAgeDays: 90
    minSamples: 400
    criteria:
      - {metric: ece, max: "0.08"}
      - {metric: auroc, min: "0.60"}
  escalation:
    bands:
      - {below: "0.62", action: escalate}
      - {below: "0.90", action: review}
      - {action: automate}
    overrides:
      - where: {language: hi}
        bands:
          - {below: "0.95", action: review}
          - {action: automate}
    knownValues: {language: [de, en]}
    fallback: {unvalidated: review, missing: review, invalid: escalate}
---
apiVersion: calledger/v1
kind: Group
metadata: {name: risk/validation}
spec:
  members: [user:risk/vera]
"""
#: Stands for a bundle where a test is not about evidence; its text hashes to its name.
BUNDLE = "{}"
EVIDENCE = hashlib.sha256(BUNDLE.encode()).hexdigest()
V1 = Fingerprint(model_version="m1", prompt_version="p1")


#: A thousand tests begin with the same text.
_read = functools.cache(read)


class Clock:
    """The time, which the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 2, 9)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class Governed:
    """An office, and its people by their handles."""

    def __init__(self, ledger: Ledger, clock: Clock, signer: Signer | None = None) -> None:
        self.ledger, self.clock = ledger, clock
        self.signer = signer or Signer.generate()
        self.office = Office(ledger, self.signer, clock=clock)

    def apply(self, text: str = REGISTRY, who: str = "user:desk/admin") -> tuple[Act, ...]:
        return registry.apply(self.office, _read(text), who)

    def sub(self, handle: str) -> str:
        with self.ledger.cursor() as cursor:
            found = directory(cursor).sub(handle)
        assert found is not None
        return found

    def actor(self, handle: str, kind: str, signal: str | None = "triage") -> Actor:
        return actor_for(self.office.state(), self.sub(handle), kind, signal)

    def do(
        self,
        handle: str,
        kind: str,
        fingerprint: Fingerprint | None = V1,
        *,
        signal: str | None = "triage",
        signature: Signature | None = None,
        **body: object,
    ) -> Act:
        actor = self.actor(handle, kind, signal)
        return self.office.perform(Proposal(kind, actor, signal, fingerprint, body, signature))

    def validate(self, fingerprint: Fingerprint = V1, *, days: float = 60) -> Act:
        """Submitted by the owner and signed by a validator, without real evidence."""
        entry = self.office.state().entries["triage"]
        with self.ledger.transaction() as cursor:
            cursor.execute("DELETE FROM evidence WHERE sha256 = $sha", {"sha": EVIDENCE})
            cursor.execute(
                "INSERT INTO evidence VALUES ($sha, $text)", {"sha": EVIDENCE, "text": BUNDLE}
            )
        self.do(
            "user:desk/ann",
            "validation.submitted",
            fingerprint,
            evidence=EVIDENCE,
            material_sha256=entry.material_sha256,
            criteria_met=True,
            author=self.sub("user:desk/ann"),
        )
        return self.do(
            "user:risk/vera",
            "validation.signed",
            fingerprint,
            signature=Signature("I checked the evidence", EVIDENCE),
            until=stamp(self.clock.now + timedelta(days=days)),
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


def registered(ledger: Ledger, signer: Signer | None) -> Governed:
    """The world in which ``triage`` is registered and not validated; `Begun` copies it."""
    found = Governed(ledger, Clock(), signer)
    if signer is None:
        found.apply()
    return found


@pytest.fixture
def governed(clock: Clock, begun: Begun) -> Governed:
    """A ledger in memory whose one signal, ``triage``, is registered and not validated."""
    found = begun.after(registered)
    return Governed(found.ledger, clock, found.signer)


@pytest.fixture
def governed_on(clock: Clock) -> Callable[..., Governed]:
    """``governed_on(ledger)``: the same on a given ledger, or a second office of its trail."""

    def make(ledger: Ledger, same_key_as: Governed | None = None) -> Governed:
        found = Governed(ledger, clock, same_key_as.signer if same_key_as else None)
        if same_key_as is None:
            found.apply()
        return found

    return make


@pytest.fixture
def ungoverned(clock: Clock) -> Iterator[Governed]:
    """A ledger in memory in which nothing is written down."""
    with Ledger.in_memory() as ledger:
        yield Governed(ledger, clock)


@pytest.fixture(scope="session")
def registry_text() -> str:
    return REGISTRY


@pytest.fixture(scope="session")
def v1() -> Fingerprint:
    return V1


@pytest.fixture
def bring(tmp_path: Path) -> Callable[[Governed, pd.DataFrame], None]:
    """``bring(governed, frame)``: import claims."""

    def import_frame(governed: Governed, frame: pd.DataFrame) -> None:
        file = tmp_path / f"claims-{len(list(tmp_path.iterdir()))}.csv"
        frame.to_csv(file, index=False)
        assert import_file(governed.ledger, file).n_quarantined == 0

    return import_frame


def _made(
    clock: Clock, days_ago: range, per_day: int = 20, *, gap: float = 0.0, **columns: Any
) -> pd.DataFrame:
    size = len(days_ago) * per_day
    rng = np.random.default_rng(size + days_ago.start)
    confidence = rng.choice([0.5, 0.7, 0.95], size)
    day = np.repeat([clock.now - timedelta(days=one) for one in days_ago], per_day)
    label = f"{days_ago.start}-{days_ago.stop}-{'-'.join(map(str, columns.values()))}"
    return pd.DataFrame(
        {
            "event_id": [f"{label}-{i}" for i in range(size)],
            "ts": [f"{one:%Y-%m-%dT%H:%M:%S}Z" for one in day],
            "signal": "triage",
            "confidence": confidence,
            "outcome": (rng.random(size) < confidence - gap).astype(int),
            "model_version": "m1",
            "prompt_version": "p1",
            **columns,
        }
    )


@pytest.fixture(scope="session")
def made() -> Callable[..., pd.DataFrame]:
    """``made(clock, range(days ago), per_day, gap=…, **columns)``: claims of these days.

    States .5, .7 and .95, as often right as that less the gap.
    """
    return _made
