"""A ledger with events."""

from tests.worlds.claims.events import add_import, fill, ledger, monday_noon  # noqa: F401
