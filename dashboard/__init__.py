"""Calibration Ledger's screens: pages, charts, the command line and the HTTP server."""

import os

# Before numpy is loaded. Products of our small matrices gain nothing by threads: these spin while
# they wait for one another, and `check` and `report` took twice the processor for them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
