"""A ledger as pages read it."""

from tests.worlds.governed.governed import bring, clock, governed, made, ungoverned  # noqa: F401
from tests.worlds.governed.reviewed import batch, fill, ledger, sample  # noqa: F401
