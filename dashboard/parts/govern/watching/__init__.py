"""Parts of *Watch* and *Risks*: what is found, who answers it, and who is told."""
