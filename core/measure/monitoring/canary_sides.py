"""The sides on which a canary may move; by itself, so that reading the trail loads no arrays."""

from __future__ import annotations

#: What is looked at, each a quarter of the capital.
SIDES = ("higher", "lower", "apart", "answers")
