"""Failures with a statistic of their own: anchoring, gaming, theatre."""
