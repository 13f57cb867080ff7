"""One validation: what is kept of it, what its acts lead to, and whether the gate is open."""
