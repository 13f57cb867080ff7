"""Failures planted in simulated ledgers, what detects them, and the naive rules beside it."""
