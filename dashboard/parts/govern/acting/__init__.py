"""Parts of *Escalation* and *Thresholds*: what is done with a confidence."""
