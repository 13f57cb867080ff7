"""A ledger with people and a registry."""

from tests.worlds.governed.acts import validated, world  # noqa: F401
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
