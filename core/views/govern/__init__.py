"""What the pages of Govern show."""
