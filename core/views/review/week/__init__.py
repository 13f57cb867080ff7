"""What *This week* shows, and what changed in it."""
