"""What pages and reports say: acts, evidence, labels, measures, changes."""
