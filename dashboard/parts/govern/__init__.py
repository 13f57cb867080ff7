"""Parts of the pages of Govern."""
