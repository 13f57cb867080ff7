"""A ledger as pages read it."""

from tests.worlds.reviewed import batch, fill, ledger, sample  # noqa: F401
