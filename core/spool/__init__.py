"""What came in while the ledger may be busy: on disk before it is answered, folded in later."""
