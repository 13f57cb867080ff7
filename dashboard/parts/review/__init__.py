"""Parts of the pages of Review."""
