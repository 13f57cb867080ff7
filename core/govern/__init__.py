"""The written side: who answers for a signal, what was validated, and whether it may act."""
