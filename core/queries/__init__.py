"""All SQL that reads claims."""
