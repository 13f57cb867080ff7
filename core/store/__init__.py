"""The ledger: one DuckDB file, how events enter it, and the queries that leave it."""
