"""Calibration Ledger without a screen: events, store, measures and judgements."""

__version__ = "0.1.0"
