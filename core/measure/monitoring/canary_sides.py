"""What a canary is judged by; by itself, so that reading the trail loads no arrays."""

from __future__ import annotations

#: What is looked at, each a quarter of the capital.
SIDES = ("higher", "lower", "apart", "answers")
#: So many rounds of a series are not bet on: they show how much a model varies by itself.
REFERENCE_ROUNDS = 2
