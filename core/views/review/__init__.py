"""What the pages of Review show."""
