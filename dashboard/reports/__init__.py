"""The weekly report, the risk register and the audit file, in each of their forms."""
