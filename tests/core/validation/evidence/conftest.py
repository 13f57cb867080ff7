"""A ledger to fill with claims, and evidence of before verdicts had parts."""

from tests.worlds.governed.evidence_claims import fill, ledger, plain_bundle  # noqa: F401
