"""Claims summed by group, period, rule or pair."""
