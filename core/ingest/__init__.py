"""A file into the ledger: format, readers, columns, checks, duplicates, outcomes, quarantine."""
