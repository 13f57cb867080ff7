"""Which fingerprints and versions were seen, and since when."""
