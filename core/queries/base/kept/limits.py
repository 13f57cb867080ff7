"""Of what sums are kept: what has more values or lines is counted from its claims, as before."""

from __future__ import annotations

#: Values of a signal's dimension up to which its claims are kept summed by it.
MOST_KEPT_VALUES = 200
#: Lines of a signal (fingerprint and split) up to which anything of it is kept.
MOST_LINES = 1_000
#: Different confidences of a signal up to which its claims are counted by each of them in a lake.
MOST_CONFIDENCES = 10_000
#: Claims of a ledger from which on sums are kept; below, counting all of them takes no longer.
FEWEST_CLAIMS = 20_000
