"""Calibration Ledger's screens: pages, charts, the command line and the HTTP server."""
