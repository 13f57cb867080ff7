"""What pages computed, kept until the ledger changes."""
