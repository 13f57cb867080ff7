"""A ledger as pages read it."""

from tests.worlds.governed.reviewed import batch, fill, ledger, sample  # noqa: F401
