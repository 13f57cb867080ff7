"""What the server answers to programs, and to commands that find the ledger open."""
