"""Several questions of one state of the ledger, asked at once."""
