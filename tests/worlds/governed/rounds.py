"""How often a test tries: a few times by day, and many times at night."""

from __future__ import annotations

import pytest
from hypothesis import settings


def rounds(few: int, many: int) -> pytest.MarkDecorator:
    """A test's argument ``rounds``: ``few``, and in a slow test of its own ``many``."""
    return pytest.mark.parametrize("rounds", [few, pytest.param(many, marks=pytest.mark.slow)])


def examples(few: int, many: int) -> int:
    """How many examples of a property are tried: ``many`` under the profile of the night."""
    return many if settings.get_current_profile_name() == "nightly" else few
