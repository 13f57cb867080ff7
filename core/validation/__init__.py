"""Evidence, its criteria, its limits, and the steps people take."""
