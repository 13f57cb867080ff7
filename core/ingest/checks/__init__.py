"""What every record must pass, and what is noticed of records together."""
