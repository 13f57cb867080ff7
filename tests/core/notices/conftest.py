"""A ledger with people and a registry, and one with events alone."""

from tests.worlds.claims.events import add_import, fill, ledger, monday_noon  # noqa: F401
from tests.worlds.governed.governed import (  # noqa: F401
    bring,
    clock,
    governed,
    governed_on,
    made,
    registry_text,
    ungoverned,
    v1,
)
