"""Facts of what is done with a confidence: thresholds, the gate, people, nothing."""
