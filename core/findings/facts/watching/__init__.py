"""Facts of what the program itself saw, missed, or could no longer show."""
