"""Parts of the pages of Audit."""
