"""May this confidence act: the decision, its log, its rules, and where they were broken."""
