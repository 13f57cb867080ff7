"""A ledger and what lies beside it: copied, put back, and looked over."""
