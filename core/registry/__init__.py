"""What is written down about a signal: fields, YAML in and out, rules, differences."""
