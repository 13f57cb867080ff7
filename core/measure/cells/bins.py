"""How finely confidences are looked at; what only asks the ledger needs no arrays for that."""

from __future__ import annotations

#: The ten equal-width bins of every published ECE: (0, 0.1], (0.1, 0.2], …, (0.9, 1.0];
#: a confidence of exactly zero belongs to the first.
ECE_BINS = 10
