"""What the pages of Audit and the reports show."""
