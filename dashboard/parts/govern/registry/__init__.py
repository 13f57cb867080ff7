"""Parts of *Registry*: who answers for what, and entries edited on the page."""
